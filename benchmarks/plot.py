"""Plot of the benchmarks."""

from benchmarks.contenders import CONTENDERS, LIMIT, OURS

MARKERS = "osDv^<>Pp*h"


def plot(races, path):
    """Plot the ratio of each peer's time to ours, as a point with the range over all rounds.

    Parameters
    ----------
    races : list of dict
        Records of the races.
    path : Path
        Image to write.

    Returns
    -------
    drawn : bool
        Whether the plot was drawn, for which matplotlib and a comparison are needed.
    """
    peers = [label for file, label in CONTENDERS.items() if file not in OURS and label != LIMIT]
    compared = [record for record in races if any("ratio" in _peer(record, peer) for peer in peers)]
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        return False
    if not compared:
        return False
    figure = Figure(figsize=(10.0, 1.5 + 0.4 * len(compared)), layout="constrained")
    axes = figure.subplots()
    for place, peer in enumerate(peers):
        found = [(row, _peer(record, peer).get("ratio")) for row, record in enumerate(compared)]
        found = [(row, ratio) for row, ratio in found if ratio]
        if not found:
            continue
        medians = [ratio["median"] for _, ratio in found]
        spread = [[abs(ratio["median"] - ratio[end]) for _, ratio in found] for end in ("low", "high")]
        heights = [row + 0.6 * (place / len(peers) - 0.5) for row, _ in found]
        axes.errorbar(medians, heights, xerr=spread, fmt=MARKERS[place], markersize=5, elinewidth=0.8, label=peer)
    axes.set_xscale("log")
    axes.axvline(1.0, color="0.2", linewidth=1.0)
    axes.set_yticks(range(len(compared)), [record["title"] for record in compared], fontsize=8)
    axes.set_ylim(len(compared) - 0.5, -0.5)
    for row in range(1, len(compared), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="0.95", zorder=0)
    ticks = [
        tick
        for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
        if _within(tick, axes.get_xlim())
    ]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("time of others / our time; values below 1 are lost")
    figure.legend(loc="outside upper right", ncols=5, frameon=False)
    # fixed salt and date make the file reproducible
    with matplotlib.rc_context({"svg.hashsalt": "benchmarks"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return True


def _peer(record, peer):
    return record["contenders"].get(peer, {})


def _within(tick, limits):
    return limits[0] <= tick <= limits[1]
