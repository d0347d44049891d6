"""Rendering of the results of one or more machines as pages and plots, so that no number is typed by hand."""

import json
import textwrap

from benchmarks import scale
from benchmarks.environment import machine_name
from benchmarks.markdown import (
    details,
    environment_lines,
    overview,
    peaks,
    races_of,
    speedups,
    start_up,
    summary,
    targets,
)
from benchmarks.plot import plot
from benchmarks.threads import ALL, ONE, SETTINGS

#: Place of the summary in README.md.
MARKERS = "<!-- benchmarks -->", "<!-- /benchmarks -->"

#: Maximum length of a line of prose.
WIDTH = 120

PAGE = """# Benchmarks

This page was rendered by `python -m benchmarks render` from `benchmarks/results`. `make bench` repeats the
measurements, and adds those of your machine.

{method}

{threads}

## Machines

{machines}

## Time of others relative to ours

{overviews}

![Time of others relative to ours](benchmarks.svg)

## All threads relative to one thread

The table gives our time with one thread divided by our time with the default number of threads.

{speedups}

## Targets

{targets}

## Details

{details}

## Start-up

{start_up}

## Scale

{scale}
"""

METHOD = """\
All contenders get the same data, data type, initial weights, batches, optimizer and number of epochs, or stop at the
same objective. Each runs in its own process. They take turns, with a pause before each round, and short runs are
preceded by {warm_up} s of warm-up. Ratios are computed in each round as the time of the other contender divided by
ours, so values above 1 mean that we are faster. Races with one thread leave out contenders that take long or resemble
others. The tables give medians over the rounds, with the smallest and the largest value in parentheses. The *first
time* is that of the first run in a process. Compiled code is loaded from disk if an earlier race has compiled it; no
other time includes compilation, and *Start-up* gives the first fits on a machine. *Memory* is the peak memory of a
separate run minus the memory in use before it. Losses and scores are computed from the fitted models in the same way
for all contenders, on the training data; for a diagonal of the Hessian, the loss column contains the sum of the
diagonal. The *limit* is a lower bound: a program that only performs the multiplications and additions of the necessary
matrix products in registers, or only reads the samples as often as necessary."""


def render(paths, into):
    """Write ``docs/benchmarks.md`` with its plots and the summary in ``README.md``.

    Parameters
    ----------
    paths : list of Path
        JSON files of results, one for each machine. Those of ``python -m benchmarks.scale`` are read from the folder
        of the first.
    into : Path
        Folder of README.md and docs.

    Returns
    -------
    written : list of Path
        Files written, without the plots if matplotlib is not installed.
    """
    machines = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    machines.sort(key=lambda results: results["environment"]["date"], reverse=True)
    docs, readme = into / "docs", into / "README.md"
    docs.mkdir(parents=True, exist_ok=True)
    beside = paths[0].with_name("scale.json")
    grown = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    written = [docs / "benchmarks.md", readme]
    written[0].write_text(_page(machines, grown), encoding="utf-8")
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    readme.write_text(insert(text, _summaries(machines)), encoding="utf-8")
    if plot(machines, docs / "benchmarks.svg"):
        written.append(docs / "benchmarks.svg")
    if scale.plot(grown, docs / "scale.svg"):
        written.append(docs / "scale.svg")
    return written


def _page(machines, grown):
    warm_up = machines[0]["settings"]["warm_up"]
    growth = wrap(scale.describe(grown)) + "\n\n![Time against size](scale.svg)" if grown else "Not measured."
    return PAGE.format(
        method=wrap(METHOD.format(warm_up=warm_up).replace("\n", " ")),
        threads=wrap(SETTINGS.replace("\n", " ")),
        machines=_sections(machines, _machine),
        overviews=_overviews(machines, [ALL, ONE]),
        speedups=speedups(machines),
        targets=targets(machines),
        details="\n\n".join(
            f"### {_name(results)}: {details(race)}" for results in machines for race in races_of(results)
        ),
        start_up=_sections(machines, lambda results: _of_kind(results, "start-up", start_up)),
        scale=growth,
    )


def _name(results):
    quick = ", quick run" if results["settings"]["quick"] else ""
    return f"{machine_name(results['environment'])}{quick}"


def _sections(machines, show):
    return "\n\n".join(f"### {_name(results)}\n\n{show(results)}" for results in machines)


def _of_kind(results, kind, show):
    shown = [show(record) for record in results["workloads"] if record["kind"] == kind]
    return "\n\n".join(shown) or "Not measured."


def _machine(results):
    quick = "**This was a quick run with fewer rows than the titles say, and with few rounds.**\n\n"
    lines = wrap(environment_lines(results["environment"]))
    return f"{quick if results['settings']['quick'] else ''}{lines}\n\n{_of_kind(results, 'machine', peaks)}"


def _overviews(machines, threads):
    """Return the overview of each machine and number of threads with its heading."""
    return "\n\n".join(
        f"### {_name(results)}, {number}\n\n{_machine_line(results)}\n\n{overview(races_of(results, number))}"
        for results in machines
        for number in threads
        if races_of(results, number)
    )


def _summaries(machines):
    """Return the summary of each machine."""
    return "\n\n".join(
        f"{_name(results)} ({_machine_line(results)}), all threads:\n\n{summary(races_of(results, ALL))}"
        for results in machines
    )


def _machine_line(results):
    environment = results["environment"]
    return f"{environment['cpu']}, sknn_concepts {environment['versions']['sknn_concepts']}, {environment['date'][:10]}"


def insert(page, table):
    """Insert a table between the markers of a page, which are appended if the page has none."""
    start, end = MARKERS
    if start not in page or end not in page.split(start, 1)[1]:
        page = f"{page.rstrip()}\n\n{start}\n{end}\n".lstrip()
    before, rest = page.split(start, 1)
    return f"{before}{start}\n\n{table}\n\n{end}{rest.split(end, 1)[1]}"


def wrap(text):
    """Wrap each line of prose or of a list."""
    options = {"width": WIDTH, "break_long_words": False, "break_on_hyphens": False}
    return "\n".join(
        textwrap.fill(line, subsequent_indent="  " if line.startswith("- ") else "", **options)
        for line in text.splitlines()
    )
