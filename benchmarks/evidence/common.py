"""Functions for all experiments: pruning in steps, summaries of repetitions, and output files."""

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
    """Create a parser with the options of all experiments.

    Parameters
    ----------
    text : str
        Description of the experiment.
    seeds : int
        Default number of repetitions.
    """
    options = argparse.ArgumentParser(description=text)
    options.add_argument(
        "--seeds", type=int, default=seeds, help="number of repetitions with different data and weights"
    )
    options.add_argument("--into", type=pathlib.Path, default=RESULTS, help="folder for tables and plots")
    return options


def fit(network, X, y):
    """Fit a network without convergence warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(X, y)


def shrink(network, X, y, pruner, shares):
    """Prune a network step by step.

    Parameters
    ----------
    network : estimator
        Fitted network, which remains unchanged.
    X, y : array-like
        Samples for the pruner and for retraining.
    pruner : Pruner
        Pruner, whose own sparsity and schedule are ignored.
    shares : sequence of float
        Shares of the weights to remove, in ascending order.

    Yields
    ------
    network : estimator
        One for each share.
    """
    for share in shares:
        network = prune(network, X, y, dataclasses.replace(pruner, sparsity=share, schedule="one_shot"))
        yield network


def spread(values):
    """Return the median, the smallest and the largest of the values that are not None.

    Returns
    -------
    summary : dict
        Values under "median", "low" and "high", and their number under "n".
    """
    found = [value for value in values if value is not None]
    if not found:
        return {"median": None, "low": None, "high": None, "n": 0}
    return {"median": float(np.median(found)), "low": min(found), "high": max(found), "n": len(found)}


def told(summary, form="{:g}"):
    """Format a summary as a table cell: the median, with the smallest and the largest value in parentheses."""
    if summary["median"] is None:
        return "never"
    median, low, high = (form.format(summary[name]) for name in ("median", "low", "high"))
    return median if low == high else f"{median} ({low} to {high})"


def table(head, rows):
    """Return a Markdown table in which all columns but the first are aligned as numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


def write(name, into, text, results, figures=None):
    """Write the results of an experiment.

    Parameters
    ----------
    name : str
        Name of the experiment.
    into : Path
        Folder, which is created if necessary.
    text : str
        Markdown page without the paragraph on the environment.
    results : dict
        Content of the JSON file.
    figures : dict of str to Figure
        Plots by name of their PNG file. None is allowed for each, if matplotlib is not installed.

    Returns
    -------
    written : list of Path
    """
    into.mkdir(parents=True, exist_ok=True)
    environment = describe_environment()
    written = [into / f"{name}.md", into / f"{name}.json"]
    written[0].write_text(f"{text.rstrip()}\n\n{_environment(environment)}\n", "utf-8")
    # put lists of numbers on one line
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
    """Create a figure and its axes. Return None and None if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None, None
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def band(axes, x, curves, **style):
    """Plot the median of several curves, with their range shaded."""
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
    """Convert NumPy numbers and arrays for JSON."""
    return value.tolist()
