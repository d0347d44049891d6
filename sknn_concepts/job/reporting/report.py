"""What people read: the leaderboard on the screen, ``report.md``, and what to do next."""

import importlib
import json
import math
import sys

from sknn_concepts.job.reporting.results import HYPER_PARAMETERS, NETWORK, settings
from sknn_concepts.job.reporting.shown import in_markdown, printable
from sknn_concepts.job.values.number_format import is_number

HEAD = ("", "model", "settings", "cross-validated", "spread", "fit (s)")


def leaderboard(results):
    """Rows of text of the leaderboard, best first, under :data:`HEAD`."""
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
    """Print a table, with rich where rich is installed and stdout is a terminal."""
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
    """Say in one or two sentences whether the search beat the baselines.

    Parameters
    ----------
    results : Results
    score_name : str

    Returns
    -------
    verdict : str
    """
    board = results.leaderboard()
    network = next(row for row in board if row["model"] == NETWORK)
    others = [row for row in board if row["model"] != NETWORK and not math.isnan(row["score"])]
    if not others:
        return "The baselines have not been measured."
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


def write_report(path, problem, options, results, measured, figures, remarks):
    """Write ``report.md``.

    Parameters
    ----------
    path : path
    problem : Problem
    options : argparse.Namespace
        Of the command line.
    results : Results
    measured : dict of str to HeldOut
        The winner first, then the baselines.
    figures : dict of str to str
        File name to caption.
    remarks : list of str
        What went otherwise than expected, one sentence each.
    """
    winner = results.networks()[0]
    rows, columns = problem.X.shape
    lines = [
        f"# {in_markdown(problem.name)}: {problem.task}, target {in_markdown(problem.target)}",
        "",
        verdict(results, options.score),
        "",
        f"{rows:,} rows, {columns} columns; {options.test_size:.0%} of the rows were held out before anything else. "
        f"Seed {options.seed}, budget {options.budget}.",
        "",
        "The winner: " + ", ".join(f"`{key}={winner[key]!r}`" for key in HYPER_PARAMETERS) + ".",
        "",
        *[line for remark in remarks for line in (in_markdown(remark), "")],
        "## Leaderboard",
        "",
        f"Mean {options.score} over {winner['folds']} folds of {winner['rows']:,} training rows, and its standard "
        "deviation between folds. The winner is chosen by these numbers alone.",
        "",
        *markdown_table(HEAD, leaderboard(results)),
        "",
        "## Held-out rows",
        "",
        "Each model fitted once more, on all training rows unless a sentence above says otherwise, and measured on the "
        "rows that no choice has seen.",
        "",
        *markdown_table(*heldout_table(measured)),
        "",
        *[line for name, caption in figures.items() for line in (f"![{caption}]({name})", "", caption, "")],
        "## What was done with the columns",
        "",
        *[f"- {in_markdown(line)}" for line in [*problem.notes, *describe_columns(problem.columns)]],
        "",
        "Numbers: the median where missing (and a column that says so), then mean 0 and standard deviation 1. "
        "Categories: one-hot, missing being one of them; rare and unknown ones share a column. Dates: day number, "
        "year, month, day, weekday, hour and minute, like numbers.",
        "",
        "## Use it",
        "",
        "```python",
        *usage(options, problem),
        "```",
        "",
        "All cross-validated scores, round by round: `results.csv`.",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")


def heldout_table(measured):
    """Head and rows of the table of held-out measures."""
    names = list(next(iter(measured.values())).measures)
    rows = [
        (model, *(f"{held_out.measures[name]:.4g}" for name in names), f"{held_out.fit_seconds:.2f}")
        for model, held_out in measured.items()
    ]
    return ("model", *names, "fit (s)"), rows


def describe_columns(columns, most=10):
    """One line for all columns that are treated alike for the same reason, with some of their names."""
    alike = {}
    for column in columns:
        alike.setdefault((column.kind, column.note), []).append(printable(column.name))
    lines = []
    for (kind, note), names in alike.items():
        listed = ", ".join(names[:most]) + (", ..." if len(names) > most else "")
        lines.append(f"{kind} ({len(names)}): {listed}" + (f" -- {printable(note)}" if note else ""))
    return lines


def usage(options, problem):
    """Lines of Python that load the model and predict."""
    path = (options.out / "model.joblib").as_posix()
    if options.data is None:
        fresh = ("from sklearn.datasets import load_digits", "load_digits().data[:10]")
    else:
        how = {name: getattr(options, name) for name in ("separator", "header", "encoding")}
        if how["header"] == "auto" and any(map(is_number, map(str, problem.X.columns))):
            how["header"] = "yes"  # numbers are hardly told from names where the target is missing
        how = "".join(f", {name}={_literal(value)}" for name, value in how.items() if value != "auto")
        read = f"read_cells({_literal(str(options.data))}{how}).frame"
        fresh = ("from sknn_concepts.job.table import read_cells", read)
    return ["import joblib", fresh[0], f"model = joblib.load({_literal(path)})", f"print(model.predict({fresh[1]}))"]


def _literal(text):
    """Text in Python; in double quotes if possible, for the whole line may stand in single ones."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def markdown_table(head, rows):
    """Lines of a Markdown table."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], "|" + " --- |" * len(head), *lines[1:]]
