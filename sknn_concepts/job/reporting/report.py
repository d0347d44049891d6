"""The leaderboard, the verdict, ``report.md`` and the code that uses the saved model."""

import importlib
import json
import math
import sys

from sknn_concepts.job.reporting.escaping import in_markdown, printable
from sknn_concepts.job.reporting.results import HYPERPARAMETERS, NETWORK, settings
from sknn_concepts.job.values.number_format import is_number

HEAD = ("", "model", "settings", "cross-validated", "spread", "fit (s)")


def leaderboard(results):
    """Return the rows of the leaderboard as text, best first, with the columns of :data:`HEAD`."""
    return [
        (
            str(place),
            row["model"],
            settings(row),
            f"{row['score']:.4f}",
            f"{row['spread']:.4f}",
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


def verdict(results, score_name):
    """State in one or two sentences whether the best network beats the baselines."""
    board = results.leaderboard()
    network = next(row for row in board if row["model"] == NETWORK)
    others = [row for row in board if row["model"] != NETWORK and not math.isnan(row["score"])]
    if not others:
        return "The baselines have not been cross-validated."
    best = others[0]
    gap = network["score"] - best["score"]
    spread = max(network["spread"], best["spread"])
    compared = f"{network['score']:.4f} against {best['score']:.4f}, cross-validated {score_name}"
    if network["rows"] != best["rows"]:
        compared += f", on {network['rows']:,} rows against {best['rows']:,}"
    if gap <= 0:
        how = "better than" if -gap >= spread else "at least as good as"
        return f"A baseline wins: {best['model']} is {how} the best network found ({compared}). Use it."
    if gap < spread:
        return f"About equal: the network leads {best['model']} by less than the spread between folds ({compared})."
    return f"The network is better than {best['model']} ({compared})."


def write_report(path, problem, options, results, evaluations, figures, remarks):
    """Write ``report.md``.

    The evaluations on the held-out rows are those of the winner and then of the baselines, by name. The figures are
    captions by file name. The remarks are sentences about failures, interruptions and warnings.
    """
    winner = results.networks()[0]
    rows, columns = problem.X.shape
    lines = [
        f"# {in_markdown(problem.name)}: {problem.task}, target {in_markdown(problem.target)}",
        "",
        verdict(results, options.score),
        "",
        f"{rows:,} rows, {columns} columns; {options.test_size:.0%} of the rows were held out before the search. "
        f"Seed {options.seed}, budget {options.budget}.",
        "",
        "Winner: " + ", ".join(f"`{key}={winner[key]!r}`" for key in HYPERPARAMETERS) + ".",
        "",
        *[line for remark in remarks for line in (in_markdown(remark), "")],
        "## Leaderboard",
        "",
        f"Mean and standard deviation of {options.score} over {winner['folds']} folds of {winner['rows']:,} training "
        "rows. The winner was selected by the mean alone.",
        "",
        *markdown_table(HEAD, leaderboard(results)),
        "",
        "## Held-out rows",
        "",
        "Each model was refitted on all training rows, unless stated otherwise above, and evaluated on the held-out "
        "rows, which played no part in the search.",
        "",
        *markdown_table(*heldout_table(evaluations)),
        "",
        *[line for name, caption in figures.items() for line in (f"![{caption}]({name})", "", caption, "")],
        "## Columns",
        "",
        *[f"- {in_markdown(line)}" for line in [*problem.notes, *describe_columns(problem.columns)]],
        "",
        "Missing numbers are replaced by the median, with an indicator column, and all numbers are standardized to "
        "mean 0 and standard deviation 1. Categories are one-hot encoded; missing values form a category, and rare and "
        "unknown categories share a column. Dates are split into day number, year, month, day, weekday, hour and "
        "minute, which are treated as numbers.",
        "",
        "## Usage",
        "",
        "```python",
        *usage_lines(options, problem),
        "```",
        "",
        "The cross-validated scores of all rounds are in `results.csv`.",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")


def heldout_table(evaluations):
    """Return the head and the rows of the table of scores on the held-out rows."""
    names = list(next(iter(evaluations.values())).scores)
    rows = [
        (model, *(f"{evaluation.scores[name]:.4g}" for name in names), f"{evaluation.fit_seconds:.2f}")
        for model, evaluation in evaluations.items()
    ]
    return ("model", *names, "fit (s)"), rows


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
        read = f"read_cells({_literal(str(options.data))}{arguments}).frame"
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
