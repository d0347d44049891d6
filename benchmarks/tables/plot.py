"""Critical-difference diagram (Demšar, 2006, figure 1)."""

import numpy as np

from benchmarks.tables.contenders import CONTENDERS, OURS

#: Distance between two lines of the diagram.
STEP = 0.22


def plot(panels, path):
    """Draw the mean ranks, the critical difference, and bars that join contenders that do not differ.

    Parameters
    ----------
    panels : list of dict
        Title, contenders, ranks, critical difference, and groups of each panel.
    path : Path
        Image to write.

    Returns
    -------
    drawn : bool
        Whether matplotlib is installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        return False
    # the file stays the same when it is drawn again
    with matplotlib.rc_context({"svg.hashsalt": "benchmarks"}):
        figure = Figure(figsize=(9.0, 3.0 * len(panels)), layout="constrained")
        for axes, panel in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
            _draw(axes, panel)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return True


def _draw(axes, panel):
    ranks, n = np.asarray(panel["ranks"]), len(panel["ranks"])
    axes.set_title(panel["title"], fontsize=10, loc="left")
    axes.set_axis_off()
    axes.set_xlim(1.0 - 0.35 * n, n + 0.35 * n)
    axes.plot([1.0, n], [0.0, 0.0], color="black", linewidth=1.0)
    for rank in range(1, n + 1):
        axes.plot([rank, rank], [0.0, 0.08], color="black", linewidth=1.0)
        axes.text(rank, 0.12, str(rank), ha="center", va="bottom", fontsize=8)
    start = _draw_groups(axes, panel["groups"])
    _draw_names(axes, panel["contenders"], ranks, start)
    difference = panel["difference"]
    axes.plot([1.0, 1.0 + difference], [0.55, 0.55], color="black", linewidth=1.0, marker="|")
    axes.text(1.0 + difference + 0.1, 0.55, f"critical difference {difference:.2f}", va="center", fontsize=8)
    axes.set_ylim(start - STEP * ((n + 1) // 2), 0.75)


def _draw_groups(axes, groups):
    """Draw a bar for each group, and return the height below the last."""
    height = -0.12
    for low, high in groups:
        axes.plot([low - 0.04, high + 0.04], [height, height], color="black", linewidth=3.0, solid_capstyle="butt")
        height -= 0.11
    return height - 0.1


def _draw_names(axes, contenders, ranks, start):
    """Write the better half at the left and the other half at the right, each with a line to its rank."""
    order, n = np.argsort(ranks, kind="stable"), len(ranks)
    half = (n + 1) // 2
    for place, which in enumerate(order):
        left = place < half
        height = start - STEP * (place if left else n - 1 - place)
        edge = 0.9 if left else n + 0.1
        ours = contenders[which] == OURS
        color = "tab:blue" if ours else "black"
        axes.plot([ranks[which], ranks[which], edge], [0.0, height, height], color=color, linewidth=0.8)
        axes.text(
            edge - 0.05 if left else edge + 0.05,
            height,
            f"{CONTENDERS[contenders[which]]}  {ranks[which]:.2f}",
            ha="right" if left else "left",
            va="center",
            color=color,
            fontsize=9,
            fontweight="bold" if ours else "normal",
        )
