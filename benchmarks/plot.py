"""The plot of the benchmarks."""

from benchmarks.contenders import CONTENDERS


def plot(races, path):
    """Draw how many times as long each peer takes, as a bar from 1 with the range of all rounds.

    Parameters
    ----------
    races : list of dict
        Records.
    path : Path
        Image to write.

    Returns
    -------
    drawn : bool
        False where matplotlib is not installed or nothing was compared.
    """
    peers = list(CONTENDERS.values())[1:]
    compared = [record for record in races if any("ratio" in _peer(record, peer) for peer in peers)]
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        return False
    if not compared:
        return False
    height = 0.8 / len(peers)
    figure = Figure(figsize=(9.0, 1.2 + 0.5 * len(compared)), layout="constrained")
    axes = figure.subplots()
    for place, peer in enumerate(peers):
        found = [(row, _peer(record, peer).get("ratio")) for row, record in enumerate(compared)]
        found = [(row + (place - 0.5 * (len(peers) - 1)) * height, ratio) for row, ratio in found if ratio]
        medians = [ratio["median"] for _, ratio in found]
        spread = [[ratio["median"] - ratio[end] for _, ratio in found] for end in ("low", "high")]
        axes.barh(
            [row for row, _ in found],
            [median - 1.0 for median in medians],  # bars to the left of the line are lost
            height,
            left=1.0,
            xerr=[spread[0], [-width for width in spread[1]]],
            error_kw={"elinewidth": 0.8, "ecolor": "0.3"},
            label=peer,
        )
    axes.set_xscale("log")
    axes.axvline(1.0, color="0.2", linewidth=1.0)
    axes.set_yticks(range(len(compared)), [record["title"] for record in compared], fontsize=8)
    axes.invert_yaxis()
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if _within(tick, axes.get_xlim())]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("time of the other / time of ours; left of 1 is lost")
    figure.legend(loc="outside upper right", ncols=len(peers), frameon=False)
    # the same results give the same file
    with matplotlib.rc_context({"svg.hashsalt": "benchmarks"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return True


def _peer(record, peer):
    return record["contenders"].get(peer, {})


def _within(tick, limits):
    return limits[0] <= tick <= limits[1]
