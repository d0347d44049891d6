"""Tables and a plot from a file of results: no number is typed by hand."""

import json

from benchmarks.contenders import CONTENDERS
from benchmarks.plot import plot

MARKERS = "<!-- benchmarks -->", "<!-- /benchmarks -->"

#: A loss that is higher than a peer's by more than this share of it is marked.
WORSE_LOSS = 0.01

OURS, *PEERS = CONTENDERS.values()

PAGE = """# Benchmarks

Rendered by `python -m benchmarks render` from `benchmarks/results`; `make bench` measures anew.

All contenders get the same data, data type, initial weights, batches, optimizer and number of epochs, or stop at the
same objective. Each has a process of its own; they take turns, with a pause before each round. Ratios are taken round
by round: the time of the other over ours, above 1 where we are faster. Given are medians, and in parentheses the
smallest and largest of all rounds. The *first time* is the first in a process{cache}, compilation included; no other
figure includes it. Losses and scores are computed alike for all from what they have fitted, on the training data.
{quick}
{environment}

## How many times as long others take

{overview}

## In detail

{details}

## Start-up

{start_up}
"""


def render(path, into):
    """Write ``docs/benchmarks.md``, ``docs/benchmarks.svg`` and the table in ``README.md``.

    Parameters
    ----------
    path : Path
        JSON file of results.
    into : Path
        Folder of README.md and docs.

    Returns
    -------
    written : list of Path
        Files written; without the plot where matplotlib is not installed.
    """
    results = json.loads(path.read_text(encoding="utf-8"))
    docs, readme = into / "docs", into / "README.md"
    docs.mkdir(exist_ok=True)
    quick = results["settings"]["quick"]
    races = [record for record in results["workloads"] if record["kind"] == "race"]
    starts = [record for record in results["workloads"] if record["kind"] == "start-up"]
    page = PAGE.format(
        cache="" if quick else " with no compiled code on disk",
        quick="\n**A quick run: fewer rows than the titles say, and few rounds.**\n" if quick else "",
        environment=environment_lines(results["environment"]),
        overview=overview(races),
        details="\n\n".join(map(details, races)) or "Not measured.",
        start_up="\n\n".join(map(start_up, starts)) or "Not measured.",
    )
    written = [docs / "benchmarks.md", readme]
    written[0].write_text(page, encoding="utf-8")
    old = readme.read_text(encoding="utf-8") if readme.exists() else ""
    readme.write_text(insert(old, overview(races)), encoding="utf-8")
    if plot(races, docs / "benchmarks.svg"):
        written.append(docs / "benchmarks.svg")
    return written


def insert(page, table):
    """The page with the table between its markers; they are added to the end of a page that has none."""
    start, end = MARKERS
    if start not in page or end not in page.split(start, 1)[1]:
        page = f"{page.rstrip()}\n\n## Benchmarks\n\n{start}\n{end}\n".lstrip()
    before, rest = page.split(start, 1)
    return f"{before}{start}\n\n{table}\n\n{end}{rest.split(end, 1)[1]}"


def overview(races):
    """Table of all races: our time, and how many times as long each peer takes."""
    rows = []
    for record in races:
        ours = record["contenders"].get(OURS)
        cells = [_peer_cell(record, ours, record["contenders"].get(peer)) for peer in PEERS]
        if ours is None:
            rows.append([record["title"], f"not measured: {record['left_out'].get(OURS, '')}", *cells])
        elif any(cells):
            rows.append([record["title"], _time(ours["time"]["median"]), *cells])
    return table(["work", OURS, *(f"{peer} / {OURS}" for peer in PEERS)], rows)


def details(record):
    """Table of one race, with all contenders and what each is judged by."""
    rows = []
    for label, result in record["contenders"].items():
        time = result["time"]
        rows.append(
            [
                label,
                f"{_time(time['median'])} ({_time(time['low'])} to {_time(time['high'])})",
                _ratio(result["ratio"]) + (", **lost**" if lost(result) else "") if "ratio" in result else "",
                verdict(result),
                _time(result["first"]),
                f"{result['loss']:.6g}",
                f"{result['score']:.4f}",
            ]
        )
    head = ["contender", "time", "ratio to the first", "aim", "first time", "loss", "score"]
    return f"### {record['title']}\n\n{table(head, rows)}" + _left_out(record)


def start_up(record):
    """Table of the start-up times beside the most that each may take."""
    rows = []
    for measured in record["measurements"]:
        value = measured["time"][measured["judged"]]
        held = "held" if value <= measured["bar"] else "**missed**"
        what = measured["what"] + (f" ({measured['remark']})" if measured["remark"] else "")
        rows.append([what, f"{value:.2f} s", f"at most {measured['bar']:g} s: {held}"])
    return table(["what", "time", "bar"], rows) + _left_out(record)


def environment_lines(environment):
    """The environment as a list."""
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
    lines += [f"`{name}={value}` was dropped" for name, value in environment["dropped"].items()]
    return "\n".join(f"- {line}" for line in lines)


def one_line(record):
    """A record as lines for the terminal."""
    lines = [f"left out: {label}: {why}" for label, why in record["left_out"].items()]
    if record["kind"] == "start-up":
        return start_up({**record, "left_out": {}}).splitlines()[2:] + lines
    for label, result in record["contenders"].items():
        ratio = f"ratio {_ratio(result['ratio'])}{'  LOST' if lost(result) else ''}" if "ratio" in result else ""
        quality = f"loss {result['loss']:.6g}  score {result['score']:.4f}"
        times = f"{_time(result['time']['median']):>9}  first {_time(result['first']):>9}"
        lines.append(f"{label:32}{times}  {quality}  {ratio}".rstrip())
    return lines


def lost(result):
    """Whether a peer was faster than we."""
    return not result["ours"] and result["ratio"]["median"] < 1.0


def verdict(result):
    """What was aimed at, and whether it was reached."""
    if result["aim"] is None or "ratio" not in result:
        return ""
    median, aim = result["ratio"]["median"], result["aim"]
    reached = median <= aim if result["ours"] else median >= aim
    return f"at {'most' if result['ours'] else 'least'} {aim:g}: {'reached' if reached else '**missed**'}"


def table(head, rows):
    """A table in Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _peer_cell(record, ours, peer):
    if peer is None or "ratio" not in peer:
        return ""
    cell = f"**lost:** {_ratio(peer['ratio'])}" if lost(peer) else _ratio(peer["ratio"])
    worse = ours["loss"] - peer["loss"] > WORSE_LOSS * abs(peer["loss"])
    return f"{cell}; our loss is higher: {ours['loss']:.3g}, not {peer['loss']:.3g}" if worse else cell


def _left_out(record):
    return "".join(f"\n\nLeft out: {label}: {why}." for label, why in record["left_out"].items())


def _ratio(summary):
    def show(value):
        return f"{value:.1f}" if value >= 10.0 else f"{value:.2f}"

    return f"{show(summary['median'])} ({show(summary['low'])} to {show(summary['high'])})"


def _time(seconds):
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
