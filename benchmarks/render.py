"""Rendering of results as tables and a plot, so that no number is typed by hand."""

import json
import textwrap

from benchmarks import scale
from benchmarks.contenders import CONTENDERS, LIMIT
from benchmarks.plot import plot
from benchmarks.targets import judge

MARKERS = "<!-- benchmarks -->", "<!-- /benchmarks -->"

#: Maximum length of a line of prose.
WIDTH = 120

#: Relative excess of our loss over that of a peer above which the table says so.
WORSE_LOSS = 0.01

OURS = next(iter(CONTENDERS.values()))

#: Peers with their own column in the overview. Of the others, the fastest is shown.
PEERS = ("scikit-learn", "PyTorch", "JAX")

PAGE = """# Benchmarks

This page was rendered by `python -m benchmarks render` from `benchmarks/results`. `make bench` repeats the
measurements.

{method}
{quick}
{environment}

{machine}

## Time of others relative to ours

{overview}

![Time of others relative to ours](benchmarks.svg)

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
same objective. Each runs in its own process. They take turns, with a pause before each round{warm_up}. Ratios are
computed in each round as the time of the other contender divided by ours, so values above 1 mean that we are faster.
The tables give medians over the rounds, with the smallest and the largest value in parentheses. The *first time* is
that of the first run in a process{cache}. It includes compilation; no other time does. *Memory* is the peak memory of
a separate run minus the memory in use before it. Losses and scores are computed from the fitted models in the same way
for all contenders, on the training data; for a diagonal of the Hessian, the loss column contains the sum of the
diagonal. The *limit* is a lower bound: a program that only performs the multiplications and additions of the necessary
matrix products in registers, or only reads the samples as often as necessary."""


def render(path, into):
    """Write ``docs/benchmarks.md`` with its plots and the table in ``README.md``.

    Parameters
    ----------
    path : Path
        JSON file of results. Those of ``python -m benchmarks.scale`` are read from the same folder.
    into : Path
        Folder of README.md and docs.

    Returns
    -------
    written : list of Path
        Files written, without the plots if matplotlib is not installed.
    """
    results = json.loads(path.read_text(encoding="utf-8"))
    docs, readme = into / "docs", into / "README.md"
    docs.mkdir(parents=True, exist_ok=True)
    quick, warm_up = results["settings"]["quick"], results["settings"].get("warm_up")
    races = [record for record in results["workloads"] if record["kind"] == "race"]
    grown = _scale_beside(path)
    starts = [record for record in results["workloads"] if record["kind"] == "start-up"]
    method = METHOD.format(
        cache="" if quick else " with an empty cache, except for code compiled by earlier entries of the same library",
        warm_up=f", and short runs are preceded by {warm_up} s of warm-up" if warm_up else "",
    )
    page = PAGE.format(
        method=wrap(method.replace("\n", " ")),
        quick="\n**This was a quick run with fewer rows than the titles say, and with few rounds.**\n" if quick else "",
        environment=wrap(environment_lines(results["environment"])),
        machine="\n\n".join(machine(record) for record in results["workloads"] if record["kind"] == "machine"),
        overview=overview(races),
        targets=targets(races),
        details="\n\n".join(map(details, races)) or "Not measured.",
        start_up="\n\n".join(map(start_up, starts)) or "Not measured.",
        scale=wrap(scale.describe(grown)) + ("\n\n![Time against size](scale.svg)" if grown else "Not measured."),
    )
    written = [docs / "benchmarks.md", readme]
    written[0].write_text(page, encoding="utf-8")
    old = readme.read_text(encoding="utf-8") if readme.exists() else ""
    readme.write_text(insert(old, overview(races)), encoding="utf-8")
    if plot(races, docs / "benchmarks.svg"):
        written.append(docs / "benchmarks.svg")
    if scale.plot(grown, docs / "scale.svg"):
        written.append(docs / "scale.svg")
    return written


def _scale_beside(path):
    """Return the results of ``python -m benchmarks.scale`` in the same folder, or an empty dict."""
    found = path.with_name("scale.json")
    return json.loads(found.read_text(encoding="utf-8")) if found.exists() else {}


def insert(page, table):
    """Insert a table between the markers of a page, which are appended if the page has none."""
    start, end = MARKERS
    if start not in page or end not in page.split(start, 1)[1]:
        page = f"{page.rstrip()}\n\n## Benchmarks\n\n{start}\n{end}\n".lstrip()
    before, rest = page.split(start, 1)
    return f"{before}{start}\n\n{table}\n\n{end}{rest.split(end, 1)[1]}"


def overview(races):
    """Return the table of all races: our time, the ratios of others to it, and that of the limit."""
    rows = []
    for record in races:
        contenders = record["contenders"]
        ours = contenders.get(OURS)
        cells = [_peer_cell(ours, contenders.get(peer)) for peer in PEERS]
        others = {
            label: peer["ratio"]["median"]
            for label, peer in contenders.items()
            if "ratio" in peer and not peer["ours"] and label not in (*PEERS, LIMIT)
        }
        fastest = min(others, key=others.__getitem__, default=None)
        cells.append("" if fastest is None else f"{fastest}: {_peer_cell(ours, contenders[fastest])}")
        cells.append(f"{contenders[LIMIT]['ratio']['median']:.0%}" if "ratio" in contenders.get(LIMIT, {}) else "")
        if ours is None:
            rows.append([record["title"], f"not measured: {record['left_out'].get(OURS, '')}", *cells])
        elif any(cells):
            rows.append([record["title"], _time(ours["time"]["median"]), *cells])
    head = ["work", OURS, *(f"{peer} / {OURS}" for peer in PEERS), "fastest other library", "lower bound / our time"]
    return table(head, rows)


def targets(races):
    """Return the table of targets and measured ratios."""
    rows = []
    for target, title, ratio, fastest in judge(races):
        measured, spread, met = "not measured", "", ""
        if ratio is not None:
            show = "{:.0%}".format if target.peer == LIMIT else _number
            measured = _beside_bound(target, ratio["median"], show)
            spread = f"{show(ratio['low'])} to {show(ratio['high'])}"
            measured += f" ({fastest})" if target.peer.endswith("*") else ""
            met = "met" if target.met(ratio["median"]) else "**missed**"
        rows.append([title, target.says(), measured, spread, met])
    return table(["work", "target", "measured median", "spread", "met?"], rows)


def details(record):
    """Return the table of a race with all contenders, their times, memory, losses and scores."""
    rows = []
    for label, result in record["contenders"].items():
        time = result["time"]
        rows.append(
            [
                label,
                f"{_time(time['median'])} ({_time(time['low'])} to {_time(time['high'])})",
                _ratio(result["ratio"]) + (", **lost**" if lost(label, result) else "") if "ratio" in result else "",
                _time(result["first"]),
                _memory(result),
                _given("{:.6g}", result["loss"]),
                _given("{:.4f}", result["score"]),
            ]
        )
    head = ["contender", "time", f"time / time of {OURS}", "first time", "memory", "loss", "score"]
    return f"### {record['title']}\n\n{table(head, rows)}" + _left_out(record)


def machine(record):
    """Return the table of the machine's peak rates."""
    rows = []
    for measured in record["measurements"]:
        rate = {name: f"{value:.1f}" for name, value in measured["rate"].items()}
        rows.append([measured["what"], f"{rate['median']} ({rate['low']} to {rate['high']}) {measured['unit']}"])
    return table(["the machine", "rate"], rows) + _left_out(record)


def start_up(record):
    """Return the table of start-up times and their bounds."""
    rows = []
    for measured in record["measurements"]:
        value = measured["time"][measured["judged"]]
        met = "met" if value <= measured["bar"] else "**missed**"
        what = measured["what"] + (f" ({measured['remark']})" if measured["remark"] else "")
        rows.append([what, f"{value:.2f} s", f"at most {measured['bar']:g} s: {met}"])
    return table(["start-up", "time", "target"], rows) + _left_out(record)


def environment_lines(environment):
    """Return the description of the environment as a list."""
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    blas = [
        f"{pool['internal_api']} {pool['version']} ({pool['architecture']} kernels, {pool['num_threads']} threads)"
        for pool in environment["blas"] or []
    ]
    load = environment["load_average"]
    lines = [
        f"{environment['cpu']} ({environment['target']}), {environment['usable_cores']} cores, {environment['system']}",
        f"{environment['python']}, {versions}",
        f"BLAS: {'; '.join(dict.fromkeys(blas)) or 'not recorded'}",
        f"{environment['date']}, load average at the start {'unknown' if load is None else f'{load:.2f}'}",
    ]
    lines += [f"`{name}={value}`" for name, value in environment["variables"].items()]
    lines += [f"not passed to the contenders: `{name}={value}`" for name, value in environment["dropped"].items()]
    return "\n".join(f"- {line}" for line in lines)


def one_line(record):
    """Return a record as lines for the terminal."""
    lines = [f"left out: {label}: {why}" for label, why in record["left_out"].items()]
    if record["kind"] != "race":
        show = {"start-up": start_up, "machine": machine}[record["kind"]]
        return show({**record, "left_out": {}}).splitlines()[2:] + lines
    for label, result in record["contenders"].items():
        ratio = f"ratio {_ratio(result['ratio'])}{'  LOST' if lost(label, result) else ''}" if "ratio" in result else ""
        quality = f"loss {_given('{:.6g}', result['loss'])}  score {_given('{:.4f}', result['score'])}"
        times = f"{_time(result['time']['median']):>9}  first {_time(result['first']):>9}  {_memory(result):>9}"
        lines.append(f"{label:32}{times}  {quality}  {ratio}".rstrip())
    return lines


def lost(label, result):
    """Whether a peer was faster than this library."""
    return not result["ours"] and label != LIMIT and result["ratio"]["median"] < 1.0


def table(head, rows):
    """Return a Markdown table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _peer_cell(ours, peer):
    if peer is None or "ratio" not in peer:
        return ""
    cell = f"**lost:** {_ratio(peer['ratio'])}" if lost("", peer) else _ratio(peer["ratio"])
    worse = None not in (ours["loss"], peer["loss"]) and ours["loss"] - peer["loss"] > WORSE_LOSS * abs(peer["loss"])
    return f"{cell}; our loss is higher: {ours['loss']:.3g}, not {peer['loss']:.3g}" if worse else cell


def _left_out(record):
    return "".join(f"\n\nLeft out: {label}: {why}." for label, why in record["left_out"].items())


def _given(form, value):
    return "" if value is None else form.format(value)


def _memory(result):
    """Return the peak memory of another run."""
    memory = result.get("memory", {}).get("again")
    return "" if memory is None else f"{memory / 1e6:.1f} MB"


def _beside_bound(target, value, show):
    """Format a ratio; if rounding would move it across the bound of its target, with more decimals."""
    if target.met(_parse(show(value))) == target.met(value):
        return show(value)
    return f"{value:.1%}" if show(value).endswith("%") else f"{value:.3f}"


def _parse(text):
    return float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)


def wrap(text):
    """Wrap each line of prose or of a list."""
    options = {"width": WIDTH, "break_long_words": False, "break_on_hyphens": False}
    return "\n".join(
        textwrap.fill(line, subsequent_indent="  " if line.startswith("- ") else "", **options)
        for line in text.splitlines()
    )


def _number(value):
    return f"{value:.1f}" if value >= 10.0 else f"{value:.2f}"


def _ratio(summary):
    return f"{_number(summary['median'])} ({_number(summary['low'])} to {_number(summary['high'])})"


def _time(seconds):
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
