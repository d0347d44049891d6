"""Tables of results in Markdown."""

from benchmarks.contenders import CONTENDERS, LIMIT, ONE_OF_OURS
from benchmarks.environment import machine_name
from benchmarks.ratios import summarize
from benchmarks.targets import judge
from benchmarks.threads import ALL
from benchmarks.workloads import WORKLOADS

#: Relative excess of our loss over that of a peer above which the table says so.
WORSE_LOSS = 0.01

OURS = next(iter(CONTENDERS.values()))

#: Peers with their own column in the overview. Of the others, the fastest is shown.
PEERS = ("scikit-learn", "PyTorch", "JAX")


def races_of(results, threads=None):
    """Return the records of the races of a machine, with a number of threads or with any."""
    races = [record for record in results["workloads"] if record["kind"] == "race"]
    return [record for record in races if threads in (None, record["threads"])]


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


def summary(races):
    """Return the table of other libraries: how often each was slower, and the median and range of its ratios."""
    ratios = {}
    for record in races:
        for label, peer in record["contenders"].items():
            if "ratio" in peer and not peer["ours"] and label != LIMIT:
                ratios.setdefault(label, []).append(peer["ratio"]["median"])
    rows = [
        [label, f"{sum(one >= 1.0 for one in values)} of {len(values)}", _ratio(summarize(values))]
        for label, values in sorted(ratios.items(), key=lambda item: -len(item[1]))
    ]
    return table(["other library", f"{OURS} is faster in", f"its time / {OURS}, median (range)"], rows)


def targets(machines):
    """Return the table of targets, with the measured ratios of each machine."""
    rows = []
    for verdicts in zip(*(judge(races_of(results)) for results in machines), strict=True):
        target = verdicts[0][0]
        measured = [_verdict(target, ratio, fastest) for _, ratio, fastest in verdicts]
        rows.append([WORKLOADS[target.workload].title, target.threads, target.says(), *measured])
    names = [machine_name(results["environment"]) for results in machines]
    return table(["work", "threads", "target", *names], rows)


def _verdict(target, ratio, fastest):
    if ratio is None:
        return "not measured"
    show = "{:.0%}".format if target.peer == LIMIT else _number
    peer = f", {fastest}" if target.peer.endswith("*") else ""
    spread = f"({show(ratio['low'])} to {show(ratio['high'])}{peer})"
    verdict = "met" if target.met(ratio["median"]) else "**missed**"
    return f"{_beside_bound(target, ratio['median'], show)} {spread}: {verdict}"


def speedups(machines):
    """Return the table of our times with one thread, divided by those with the default number of threads."""
    columns = [
        {
            record["title"]: record["contenders"][ONE_OF_OURS]["ratio"]
            for record in races_of(results, ALL)
            if "ratio" in record["contenders"].get(ONE_OF_OURS, {})
        }
        for results in machines
    ]
    works = dict.fromkeys(title for column in columns for title in column)
    rows = [[work, *(_ratio(column[work]) if work in column else "" for column in columns)] for work in works]
    names = [machine_name(results["environment"]) for results in machines]
    most = max(results["environment"]["usable_cores"] for results in machines)
    return f"{table(['work', *names], rows)}\n\nNothing was measured on more than {most} cores."


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
                "" if result["processors"] is None else f"{result['processors']:.2f}",
                _time(result["first"]),
                _memory(result),
                _given("{:.6g}", result["loss"]),
                _given("{:.4f}", result["score"]),
            ]
        )
    head = ["contender", "time", f"time / time of {OURS}", "processors", "first time", "memory", "loss", "score"]
    return f"{record['title']}, {record['threads']}\n\n{table(head, rows)}" + _left_out(record)


def peaks(record):
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
        f"{environment['cpu']}, {environment['usable_cores']} usable of {environment['cores']} processors, "
        f"{environment['system']}",
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
        show = {"start-up": start_up, "machine": peaks}[record["kind"]]
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


def _number(value):
    return f"{value:.1f}" if value >= 10.0 else f"{value:.2f}"


def _ratio(summary):
    return f"{_number(summary['median'])} ({_number(summary['low'])} to {_number(summary['high'])})"


def _time(seconds):
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
