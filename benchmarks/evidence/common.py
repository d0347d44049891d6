"""What the subjects share: pruning step by step, medians with their spread, and the files that they write."""

import argparse
import dataclasses
import json
import pathlib
import re
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks.environment import describe_environment
from sknn_concepts.pruning import prune

RESULTS = pathlib.Path(__file__).parent / "results"

COLORS = {
    "obs": "tab:red",
    "obd": "tab:blue",
    "magnitude": "tab:green",
    "random": "0.5",
    "sensitivity": "tab:purple",
    "activation_norm": "tab:orange",
    "units": "tab:brown",
}

NAMES = {
    "obs": "Optimal Brain Surgeon",
    "obd": "Optimal Brain Damage",
    "magnitude": "magnitude",
    "random": "random",
    "sensitivity": "sensitivity (Taylor)",
    "activation_norm": "activation norm",
    "units": "whole units",
}


def parser(text, seeds):
    """Command line with what all subjects have.

    Parameters
    ----------
    text : str
        What the script is for.
    seeds : int
        How often it repeats everything unless told otherwise.
    """
    options = argparse.ArgumentParser(description=text)
    options.add_argument("--seeds", type=int, default=seeds, help="repetitions, each with data and weights of its own")
    options.add_argument("--into", type=pathlib.Path, default=RESULTS, help="folder for tables and plots")
    return options


def fit(network, X, y):
    """Train a network as long as it says, converged or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(X, y)


def shrink(network, X, y, pruner, shares):
    """Prune one and the same network further and further.

    Parameters
    ----------
    network : estimator
        Fitted; left alone.
    X, y : array-like
        What the pruner looks at, and what the network is retrained on.
    pruner : Pruner
        How; its own sparsity and schedule do not matter.
    shares : sequence of float
        Shares of the weights that are to be gone, ascending.

    Yields
    ------
    network : estimator
        One for each share.
    """
    for share in shares:
        network = prune(network, X, y, dataclasses.replace(pruner, sparsity=share, schedule="one_shot"))
        yield network


def spread(values):
    """Median, smallest and largest of what was found; values that are None are left out.

    Returns
    -------
    summary : dict
        "median", "low", "high", and "n", how many there were.
    """
    found = [value for value in values if value is not None]
    if not found:
        return {"median": None, "low": None, "high": None, "n": 0}
    return {"median": float(np.median(found)), "low": min(found), "high": max(found), "n": len(found)}


def told(summary, form="{:g}"):
    """Cell of a table: the median, and in parentheses the smallest and the largest value."""
    if summary["median"] is None:
        return "never"
    median, low, high = (form.format(summary[name]) for name in ("median", "low", "high"))
    return median if low == high else f"{median} ({low} to {high})"


def table(head, rows):
    """Table in Markdown; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


def write(name, into, text, results, figures=None):
    """Write what a subject found.

    Parameters
    ----------
    name : str
        Of the subject.
    into : Path
        Folder; made if there is none.
    text : str
        Markdown, without the paragraph on the environment.
    results : dict
        For the JSON file.
    figures : dict of str to Figure
        Plots, each written as a PNG with this name; None where matplotlib is not installed.

    Returns
    -------
    written : list of Path
    """
    into.mkdir(parents=True, exist_ok=True)
    environment = describe_environment()
    written = [into / f"{name}.md", into / f"{name}.json"]
    written[0].write_text(f"{text.rstrip()}\n\n{_environment(environment)}\n", "utf-8")
    # lists of numbers take one line
    content = json.dumps({"environment": environment, **results}, indent=1, default=_plain)
    content = re.sub(r"\[[^][{}]*\]", lambda numbers: " ".join(numbers.group().split()), content)
    written[1].write_text(content + "\n", "utf-8")
    for figure_name, figure in (figures or {}).items():
        if figure is None:
            continue
        written.append(into / f"{figure_name}.png")
        figure.savefig(written[-1], dpi=110, metadata={"Software": None})
    for path in written:
        print(f"written: {path}")
    return written


def new_figure(rows, columns, width=10.0, height=4.2, **options):
    """Figure and its axes, or None and None where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None, None
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def band(axes, x, curves, **style):
    """Median of curves, and between the lowest and the highest of them a shade."""
    curves = np.asarray(curves, float)
    (line,) = axes.plot(x, np.median(curves, axis=0), **style)
    axes.fill_between(x, curves.min(axis=0), curves.max(axis=0), color=line.get_color(), alpha=0.12, linewidth=0)
    return line


def _environment(environment):
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    load = environment["load_average"]
    busy = "" if load is None else f" (load average {load:.1f} at the end)"
    return (
        f"Measured {environment['date'][:10]} on {environment['cpu']}, {environment['usable_cores']} cores{busy}, "
        f"{environment['system']}, {environment['python']}; {versions}."
    )


def _plain(value):
    """NumPy's numbers and arrays as JSON has them."""
    return value.tolist()
