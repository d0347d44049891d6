"""The leaderboard, the verdict, ``report.md`` and the code that uses the saved model."""

import importlib
import json
import sys

from sknn_concepts.job.reporting.escaping import in_markdown, printable
from sknn_concepts.job.reporting.progress import final_estimator
from sknn_concepts.job.reporting.results import BEST, ENSEMBLE, HYPERPARAMETERS, name_of, settings
from sknn_concepts.job.scores import as_text
from sknn_concepts.job.values.number_format import is_number

#: Paragraph about probabilities.
CALIBRATION = (
    "Probabilities: networks stop at the smallest log loss of rows that are held out from the training rows. The "
    "temperature of the tabular ensemble is the one with the smallest log loss of such rows, if it lowers that by more "
    "than chance may explain."
)

HEAD = ("", "model", "settings", "cross-validated", "spread", "fit (s)")

#: Columns of the table of the members of the ensemble.
MEMBERS_HEAD = (
    "weight",
    "held-out loss",
    "hidden layers",
    "activation",
    "scaling",
    "embedding",
    "learning rate",
    "fit (s)",
)


def leaderboard(results, score):
    """Return the rows of the leaderboard as text, best first, with the columns of :data:`HEAD`."""
    return [
        (
            str(place),
            row["model"],
            settings(row),
            score.text(row["score"]),
            as_text(row["spread"]),
            f"{row['fit_seconds']:.2f}",
        )
        for place, row in enumerate(results.leaderboard(), 1)
    ]


def print_table(head, rows):
    """Print a table, with rich if rich is installed and stdout is a terminal."""
    if sys.stdout.isatty():
        try:
            table = importlib.import_module("rich.table").Table(*head)
            escape = importlib.import_module("rich.markup").escape
        except ImportError:
            pass
        else:
            for row in rows:
                table.add_row(*map(escape, row))
            importlib.import_module("rich").print(table)
            return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def verdict(results, score):
    """State in one or two sentences whether the winner beats the baselines."""
    ours = results.winner()
    baselines = results.baselines()
    if not baselines:
        return "The baselines have not been cross-validated."
    best, name = baselines[0], name_of(ours)
    gap = ours["score"] - best["score"]
    spread = max(ours["spread"], best["spread"])
    values = [score.text(row["score"]) for row in (ours, best)]
    compared = f"cross-validated {score.label} {values[0]} against {values[1]}, {score.direction}"
    if ours["rows"] != best["rows"]:
        compared += f", on {ours['rows']:,} rows against {best['rows']:,}"
    if gap <= 0:
        how = "better than" if -gap >= spread else "at least as good as"
        return f"A baseline wins: {best['model']} is {how} the {name} ({compared}). Use it."
    if gap < spread:
        return f"About equal: the {name} leads {best['model']} by less than the spread between folds ({compared})."
    return f"The {name} is better than {best['model']} ({compared})."


def write_report(path, problem, options, results, evaluations, figures, remarks, section=()):
    """Write ``report.md``, with the lines of another section after the scores on held-out rows.

    The evaluations on the held-out rows are those of the winner and then of the other models, by name. The figures are
    captions by file name. The remarks are sentences about the saved model, failures, interruptions and warnings.
    """
    winner, score = results.winner(), options.score
    rows, columns = problem.X.shape
    lines = [
        f"# {in_markdown(problem.name)}: {problem.task}, target {in_markdown(problem.target)}",
        "",
        verdict(results, score),
        "",
        f"{rows:,} rows, {columns} columns; {options.test_size:.0%} of the rows were held out before the search. "
        f"Seed {options.seed}, budget {options.budget}.",
        "",
        describe_winner(results, options.search_budget.n_members, problem.task),
        "",
        *[line for remark in remarks for line in (in_markdown(remark), "")],
        "## Leaderboard",
        "",
        f"Mean and standard deviation of the {score.label} ({score.direction}) over {winner['folds']} folds of "
        f"{winner['rows']:,} training rows. The winner, the best network or the tabular ensemble, was selected by the "
        "mean alone.",
        "",
        *markdown_table(HEAD, leaderboard(results, score)),
        "",
        "## Held-out rows",
        "",
        "Each model was fitted on all training rows, unless stated otherwise above, and evaluated on the held-out "
        "rows, which played no part in the search.",
        "",
        *markdown_table(*heldout_table(evaluations)),
        "",
        *section,
        *([CALIBRATION, ""] if problem.task == "classification" else []),
        *describe_members(evaluations),
        *[line for name, caption in figures.items() for line in (f"![{caption}]({name})", "", caption, "")],
        "## Columns",
        "",
        *[f"- {in_markdown(line)}" for line in [*problem.notes, *describe_columns(problem.columns)]],
        "",
        "Dates are split into day number, year, month, day, weekday, hour and minute, which are treated as numbers. "
        "For the networks and most baselines, missing numbers are replaced by the median, with an indicator column, "
        "and all numbers are standardized to mean 0 and standard deviation 1. Categories are one-hot encoded; missing "
        "values form a category, and rare and unknown categories share a column. The tabular ensemble takes the same "
        "columns, and each of its members encodes them in its own way. Boosted trees take codes of the categories, and "
        "numbers as they are.",
        "",
        "## Usage",
        "",
        "```python",
        *usage_lines(options, problem),
        "```",
        "",
        "The cross-validated scores of all rounds are in `results.csv`, with the sign that scikit-learn's scorers give "
        "them: greater is better.",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")


def describe_winner(results, n_members, task):
    """Describe the winner, and the best network if that is another one, in Markdown."""
    best = ", ".join(f"`{key}={results.networks()[0][key]!r}`" for key in HYPERPARAMETERS)
    if name_of(results.winner()) == BEST:
        return f"Winner: {BEST}, {best}."
    kind = "TabularClassifier" if task == "classification" else "TabularRegressor"
    return f"Winner: {ENSEMBLE}, `{kind}({n_members})`. The {BEST}: {best}."


def heldout_table(evaluations):
    """Return the head and the rows of the table of scores on the held-out rows."""
    names = list(next(iter(evaluations.values())).scores)
    rows = [
        (model, *(f"{evaluation.scores[name]:.4g}" for name in names), f"{evaluation.fit_seconds:.2f}")
        for model, evaluation in evaluations.items()
    ]
    return ("model", *names, "fit (s)"), rows


def describe_members(evaluations):
    """Return the lines of the section on the members of the ensemble, which are none if it was not evaluated."""
    if ENSEMBLE not in evaluations:
        return []
    board = final_estimator(evaluations[ENSEMBLE].model).leaderboard_
    candidates = [dict(zip(board, values, strict=True)) for values in zip(*board.values(), strict=True)]
    rows = [
        (
            f"{row['weight']:.2f}",
            as_text(row["held_out_loss"]),
            f"{row['n_layers']} x {row['n_units']}" if row["n_layers"] else "none",
            row["activation"] if row["n_layers"] else "",
            row["scaling"],
            row["embedding"] or "",
            f"{row['learning_rate_init']:.4f}",
            f"{row['seconds']:.2f}",
        )
        for row in candidates
        if row["weight"] > 0
    ]
    return [
        "## Members of the tabular ensemble",
        "",
        f"The {len(rows)} members, chosen from {len(candidates)} candidates. The held-out loss is the log loss, "
        "or the squared error of the standardized target, of training rows that the member was not trained on.",
        "",
        *markdown_table(MEMBERS_HEAD, rows),
        "",
    ]


def describe_columns(columns, most=10):
    """Return one line for each group of columns with the same treatment and note, with some of their names."""
    groups = {}
    for column in columns:
        groups.setdefault((column.kind, column.note), []).append(printable(column.name))
    lines = []
    for (kind, note), names in groups.items():
        listed = ", ".join(names[:most]) + (", ..." if len(names) > most else "")
        lines.append(f"{kind} ({len(names)}): {listed}" + (f" -- {printable(note)}" if note else ""))
    return lines


def usage_lines(options, problem):
    """Return lines of Python that load the saved model and predict."""
    path = (options.out / "model.joblib").as_posix()
    if options.data is None:
        fresh = ("from sklearn.datasets import load_digits", "load_digits().data[:10]")
    else:
        given = {name: getattr(options, name) for name in ("separator", "header", "encoding")}
        if given["header"] == "auto" and any(map(is_number, map(str, problem.X.columns))):
            given["header"] = "yes"  # a header of numbers is hard to detect without the name of the target
        arguments = "".join(f", {name}={_literal(value)}" for name, value in given.items() if value != "auto")
        path_of_data = options.data if problem.large is None else problem.large.table.example
        read = f"read_cells({_literal(str(path_of_data))}{arguments}).frame"
        fresh = ("from sknn_concepts.job.table import read_cells", read)
    return ["import joblib", fresh[0], f"model = joblib.load({_literal(path)})", f"print(model.predict({fresh[1]}))"]


def _literal(text):
    """Return a Python string literal, in double quotes if possible because a shell may put single quotes around it."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def markdown_table(head, rows):
    """Return the lines of a Markdown table."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], "|" + " --- |" * len(head), *lines[1:]]
