"""Plot of the benchmarks."""

from benchmarks.contenders import CONTENDERS, LIMIT, OURS
from benchmarks.environment import machine_name
from benchmarks.markdown import races_of
from benchmarks.threads import ALL, ONE

MARKERS = "osDv^<>Pp*h"
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)


def plot(machines, path):
    """Plot the ratio of each peer's time to ours, as a point with the range over all rounds.

    Each machine has a panel for all threads and one for one thread.

    Parameters
    ----------
    machines : list of dict
        Results of each machine.
    path : Path
        Image to write.

    Returns
    -------
    drawn : bool
        Whether the plot was drawn, for which matplotlib and a comparison are needed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        return False
    peers = [label for file, label in CONTENDERS.items() if file not in OURS and label != LIMIT]
    panels = {}
    for results in machines:
        for threads in (ALL, ONE):
            races = {record["title"]: record for record in races_of(results, threads)}
            races = {
                title: race for title, race in races.items() if any("ratio" in _peer(race, peer) for peer in peers)
            }
            if races:
                panels[f"{machine_name(results['environment'])}, {threads}"] = races
    if not panels:
        return False
    titles = list(dict.fromkeys(title for races in panels.values() for title in races))
    size = 5.0 + 5.0 * len(panels), 1.5 + 0.4 * len(titles)
    figure = Figure(figsize=size, layout="constrained")
    handles = {}
    for axes, (name, races) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        handles |= _draw(axes, [races.get(title, {"contenders": {}}) for title in titles], peers)
        axes.set_title(name, fontsize=9)
        axes.set_yticks(range(len(titles)), titles if axes.get_subplotspec().is_first_col() else [], fontsize=8)
    figure.supxlabel("time of others / our time; values below 1 are lost", fontsize=9)
    figure.legend(handles.values(), handles, loc="outside upper right", ncols=5, frameon=False)
    # fixed salt and date make the file reproducible
    with matplotlib.rc_context({"svg.hashsalt": "benchmarks"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return True


def _draw(axes, races, peers):
    """Draw a panel, and return the drawn markers by peer."""
    handles = {}
    for place, peer in enumerate(peers):
        found = [(row, _peer(record, peer).get("ratio")) for row, record in enumerate(races)]
        found = [(row, ratio) for row, ratio in found if ratio]
        if not found:
            continue
        medians = [ratio["median"] for _, ratio in found]
        spread = [[abs(ratio["median"] - ratio[end]) for _, ratio in found] for end in ("low", "high")]
        heights = [row + 0.6 * (place / len(peers) - 0.5) for row, _ in found]
        style = {"fmt": MARKERS[place], "color": f"C{place}", "markersize": 5, "elinewidth": 0.8}
        handles[peer] = axes.errorbar(medians, heights, xerr=spread, **style)
    axes.set_xscale("log")
    axes.axvline(1.0, color="0.2", linewidth=1.0)
    axes.set_ylim(len(races) - 0.5, -0.5)
    for row in range(1, len(races), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="0.95", zorder=0)
    ticks = [tick for tick in TICKS if _within(tick, axes.get_xlim())]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="x", alpha=0.3)
    return handles


def _peer(record, peer):
    return record["contenders"].get(peer, {})


def _within(tick, limits):
    return limits[0] <= tick <= limits[1]
