"""Rendering of the measurements as a page and a plot, so that no number is typed by hand."""

import json

import numpy as np

from benchmarks.markdown import environment_lines, table
from benchmarks.render import wrap
from benchmarks.tables import summary
from benchmarks.tables.contenders import CONTENDERS, OURS
from benchmarks.tables.judging import SMALLEST_PROBABILITY
from benchmarks.tables.plot import plot
from benchmarks.tables.summary import ALPHA, MEASURES
from benchmarks.tables.worker import N_PREDICTED

PAGE = """# Accuracy on tables of up to {max_rows} rows

This page was rendered by `python -m benchmarks.tables render` from the results of `python -m benchmarks.tables`. The
last section says how it was measured.

{body}

## How it was measured

All contenders have the default settings of their libraries and one thread. Each fit runs in its own process. A table is
split at random into 75 % training and 25 % test rows, with the number of the split as the seed of the split and of the
contender, stratified by class; of both parts at most {max_rows} rows are used. Columns of text are pandas categoricals;
HistGradientBoosting (`categorical_features="from_dtype"`), LightGBM, XGBoost and RealMLP-TD-S get them as they are,
CatBoost with missing ones as a level. RealMLP-TD-S gets numbers after imputation by the median. The MLP of scikit-learn
(with a standardized target) and the linear models (`LogisticRegression`, `RidgeCV`) get numbers after imputation by the
median and standardization, and categories after one-hot encoding.

The *error* is 1 - accuracy for classes, and the RMSE divided by the standard deviation of the test targets for numbers.
*Log losses* are those of classes, with probabilities of at least {smallest}. Both are means over the splits that all
contenders have. The means are ranked on each table, and 1 is the rank of the smallest. *Calibration* is the log loss
after temperature scaling (Guo et al., 2017), divided by the log loss before it, as a geometric mean over the tables:
each half of the test rows gets the temperature that is best on the other half, so that values of 1 or more mean that
scaling would not help. Times are CPU times. Code that is compiled once is on disk before the measurements. Test rows
are repeated where a timed prediction needs more.

{environment}
"""

PAIRED = """## {ours} against each

The geometric mean over the tables of our error (log loss) divided by theirs: values below 1 are better. Then the
numbers of tables won and lost. An error of 0 enters the mean as half a wrong row.

{table}"""

TESTED = """## Differences of the ranks

{lines}

Contenders that a bar joins do not differ by the test of Nemenyi at {alpha:g} (Demšar, 2006, Statistical comparisons of
classifiers over multiple data sets). Only tables on which all contenders succeeded are ranked.

{image}"""


def render(path, into):
    """Write a page and a plot with the name of the file of the results, such as ``tables.md`` and ``tables.svg``.

    Parameters
    ----------
    path : Path
        JSON file.
    into : Path
        Folder of the page and the plot.

    Returns
    -------
    written : list of Path
    """
    results = json.loads(path.read_text(encoding="utf-8"))
    records = results["records"]
    if not records:
        raise ValueError(f"{path} has no measurements")
    contenders = [file for file in CONTENDERS if any(record["contender"] == file for record in records)]
    means, spreads = {}, {}
    for measure in MEASURES:
        values = summary.gather(records, measure)
        means[measure] = summary.average(values)
        spreads[measure] = {
            name: {who: np.ptp(found) for who, found in row.items() if len(found) > 1} for name, row in values.items()
        }
    panels = [panel for measure in MEASURES if (panel := make_panel(means[measure], contenders, measure))]
    into.mkdir(parents=True, exist_ok=True)
    page_path, plot_path = into / f"{path.stem}.md", into / f"{path.stem}.svg"
    drawn = bool(panels) and plot(panels, plot_path)
    parts = [overview(records, contenders, means), pairs(records, contenders, means)]
    parts.append(tests(panels, plot_path.name if drawn else None))
    for measure, name in MEASURES.items():
        if means[measure]:
            heading = f"## {name[0].upper()}{name[1:]} of each table"
            note = "In parentheses: the largest minus the smallest value, where there are several splits."
            parts.append(f"{heading}\n\n{note}\n\n{per_table(means[measure], spreads[measure], contenders, records)}")
    parts.append(missing(results))
    page = PAGE.format(
        max_rows=f"{results['settings']['max_rows']:,}",
        smallest=f"{SMALLEST_PROBABILITY:g}".replace("e-0", "e-"),
        environment=wrap(environment_lines(results["environment"])),
        body="\n\n".join(part for part in parts if part),
    )
    page_path.write_text(page, encoding="utf-8")
    return [page_path, *([plot_path] if drawn else [])]


def make_panel(means, contenders, measure):
    """Return the ranks and their tests, or None where there are fewer than two tables or three contenders."""
    scores = summary.complete(means, contenders)
    if len(scores) < 2 or len(contenders) < 3:
        return None
    ranks = summary.average_ranks(scores)
    difference = summary.critical_difference(len(contenders), len(scores))
    statistic, probability = summary.friedman(scores)
    return {
        "title": f"mean rank of the {MEASURES[measure]}, {len(scores)} tables",
        "contenders": contenders,
        "ranks": ranks,
        "difference": difference,
        "groups": summary.find_groups(ranks, difference),
        "friedman": f"Friedman's chi-square {statistic:.1f}, p = {probability:.2g}",
    }


def overview(records, contenders, means):
    """Return the table of mean ranks and times."""
    columns = []
    for measure in MEASURES:
        scores = summary.complete(means[measure], contenders)
        ranks = summary.average_ranks(scores) if len(scores) else [np.nan] * len(contenders)
        columns.append(_embolden_smallest(ranks, "{:.2f}"))
    calibrations = (summary.calibration(records, name) for name in contenders)
    columns.append(["" if found is None else f"{found:.3f}" for found in calibrations])
    for field, form, reduce in (
        ("fit_seconds", "{:.2f}", np.median),
        ("fit_seconds", "{:.2f}", np.max),
        ("predict_milliseconds", "{:.1f}", np.median),
    ):
        found = [[record[field] for record in records if record["contender"] == name] for name in contenders]
        columns.append([form.format(reduce(times)) for times in found])
    rows = [[_name(name), *cells] for name, *cells in zip(contenders, *columns, strict=True)]
    head = [f"mean rank, {name} ({len(summary.complete(means[key], contenders))})" for key, name in MEASURES.items()]
    head = [
        "contender (tables)",
        *head,
        "calibration",
        "CPU seconds of a fit, median",
        "largest",
        f"ms, {N_PREDICTED:,} rows, median",
    ]
    return "## Overview\n\n" + table(head, rows)


def pairs(records, contenders, means):
    """Return the comparison of ours with each other contender."""
    if OURS not in contenders or len(contenders) < 2:
        return ""
    floors = {
        "error": summary.find_floors(records),
        "log_loss": dict.fromkeys(means["log_loss"], SMALLEST_PROBABILITY),
    }
    rows = []
    for other in contenders[1:]:
        cells = [CONTENDERS[other]]
        for measure in MEASURES:
            found = summary.compare(means[measure], OURS, other, floors[measure])
            tied = f", {found['tied']} tied" if found["tied"] else ""
            ratio = "" if found["ratio"] is None else f"{found['ratio']:.3f}"
            cells += [ratio, f"{found['won']}-{found['lost']}{tied}" if ratio else ""]
        rows.append(cells)
    head = ["contender", "error, ours / theirs", "won-lost", "log loss, ours / theirs", "won-lost"]
    return PAIRED.format(ours=CONTENDERS[OURS], table=table(head, rows))


def tests(panels, plot_name):
    """Return the paragraph on the tests of the ranks; `plot_name` is the name of the plot, if there is one."""
    if not panels:
        return ""
    lines = [
        f"- {panel['title']}: {panel['friedman']}; critical difference {panel['difference']:.2f}" for panel in panels
    ]
    image = f"![Critical-difference diagram]({plot_name})" if plot_name else "matplotlib is not installed: no diagram."
    return TESTED.format(lines="\n".join(lines), alpha=ALPHA, image=image)


def per_table(means, spreads, contenders, records):
    """Return the table of a measure: a row for each table, and a last column that says what we won and lost."""
    training = {record["table"]: record["n_training"] for record in records}
    rows = []
    for name in sorted(means, key=lambda name: (training[name], name)):
        values = [means[name].get(contender, np.nan) for contender in contenders]
        cells = _embolden_smallest(values, "{:.4f}")
        given = [spreads[name].get(contender) for contender in contenders]
        cells = [
            cell if spread is None else f"{cell} ({spread:.4f})" for cell, spread in zip(cells, given, strict=True)
        ]
        rows.append([name, f"{training[name]:,}", *cells, _tell_result(means[name])])
    return table(["table", "training rows", *map(_name, contenders), "ours"], rows)


def missing(results):
    """Return what was left out or failed."""
    lines = [f"- left out: {CONTENDERS[name]}: {why}" for name, why in results["left_out"].items()]
    for failure in results["failures"]:
        where = f"{failure['table']}, split {failure['split']}"
        lines.append(f"- failed: {CONTENDERS[failure['contender']]} on {where}: {failure['failed']}")
    return "\n".join(["## Left out and failed", "", *lines]) if lines else ""


def _tell_result(row):
    if OURS not in row or len(row) < 2:
        return ""
    best = min(value for name, value in row.items() if name != OURS)
    if row[OURS] > best:
        return f"**lost** to {', '.join(CONTENDERS[n] for n in CONTENDERS if n in row and row[n] < row[OURS])}"
    return "first" if row[OURS] < best else "first, tied"


def _embolden_smallest(values, form):
    """Format values, the smallest in bold; values that are not finite are empty."""
    finite = [value for value in values if np.isfinite(value)]
    texts = [form.format(value) if np.isfinite(value) else "" for value in values]
    return [f"**{text}**" if text and value == min(finite) else text for text, value in zip(texts, values, strict=True)]


def _name(contender):
    return f"**{CONTENDERS[contender]} (ours)**" if contender == OURS else CONTENDERS[contender]
