"""Pruning on handwritten digits: error, predicted and actual increase of the loss, latency and size.

The default data are scikit-learn's 1,797 digits. ``--data openml`` fetches MNIST from OpenML, ``--data NAME`` fetches
another data set of OpenML, and ``--data FILE`` reads an .npz file with X and y, or a .csv file with the class in the
last column.
"""

import dataclasses
import pathlib
import statistics

import numpy as np
from sklearn.datasets import fetch_openml, load_digits
from sklearn.model_selection import train_test_split

from benchmarks.evidence.common import COLORS, NAMES, band, fit, new_figure, parser, shrink, spread, table, told, write
from sknn_concepts import MLPClassifier
from sknn_concepts.pruning import (
    PRUNERS,
    MagnitudePruning,
    OptimalBrainDamage,
    OptimalBrainSurgeon,
    pruning_path,
    size_report,
)

#: Shares of the weights to keep.
KEPT = (0.7, 0.5, 0.3, 0.2, 0.14, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01)

#: Shares that appear in the tables.
SHOWN = (0.5, 0.2, 0.1, 0.05, 0.01)

#: Retraining epochs after each step.
RETRAIN = {"without retraining": 0, "with retraining": 10}

#: Hidden layers of the networks for each of the three experiments.
HIDDEN = {"error": (100,), "loss": (12,), "latency": (300, 100)}

FORESEEING = {
    "obd": OptimalBrainDamage(),
    "obs": OptimalBrainSurgeon(max_weights=5000),
}

#: Number of rows in a batch whose latency is measured.
BATCH = 1000


def load(source, n_samples=None):
    """Load samples, scaled to [0, 1], and their classes.

    Parameters
    ----------
    source : str
        "digits", "openml", a name on OpenML, or a file.
    n_samples : int, optional
        Maximum number of samples, which are drawn at random.
    """
    path = pathlib.Path(source)
    if source == "digits":
        X, y = load_digits(return_X_y=True)
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            X, y = arrays["X"], arrays["y"]
    elif path.suffix == ".csv":
        rows = np.loadtxt(path, delimiter=",")
        X, y = rows[:, :-1], rows[:, -1]
    else:
        name = "mnist_784" if source == "openml" else source
        X, y = fetch_openml(name, version=1, as_frame=False, return_X_y=True)
    if n_samples is not None and n_samples < len(y):
        chosen = np.random.RandomState(0).permutation(len(y))[:n_samples]
        X, y = X[chosen], y[chosen]
    return X / np.abs(X).max(), y


def split(X, y, seed):
    """Split the samples into two thirds for training and one third for testing."""
    return train_test_split(X, y, test_size=1 / 3, stratify=y, random_state=seed)


def errors(X, y, n_seeds, max_iter=200):
    """Measure the test error in percent of networks that each pruner prunes step by step.

    Returns
    -------
    found : dict of (retraining, pruner) to list of (kept, error)
        Results for each seed, beginning with the unpruned network. Pruners that remove whole units only approximate
        the shares.
    """
    found = {(way, name): [] for way in RETRAIN for name in PRUNERS}
    for seed in range(n_seeds):
        X_train, X_test, y_train, y_test = split(X, y, seed)
        network = fit(MLPClassifier(HIDDEN["error"], max_iter=max_iter, random_state=seed), X_train, y_train)
        for (way, name), curves in found.items():
            pruner = PRUNERS[name](retrain_epochs=RETRAIN[way])
            if name == "random":
                pruner.set_params(random_state=seed)
            steps = shrink(network, X_train, y_train, pruner, [1.0 - share for share in KEPT])
            shares = [(1.0 - step.sparsity_, step.score(X_test, y_test)) for step in steps]
            shares = [(1.0, network.score(X_test, y_test)), *shares]
            curves.append([(share, 100.0 * (1.0 - score)) for share, score in shares])
    return found


def foresights(X, y, n_seeds, n_steps=18, max_iter=2000):
    """Measure the predicted and the actual increase of the training loss without retraining.

    Returns
    -------
    found : dict of pruner to dict
        Removed shares, and for each seed the initial loss and the two cumulative increases.
    """
    found = {}
    for name, pruner in FORESEEING.items():
        pruner = dataclasses.replace(pruner, sparsity=0.9, schedule="linear", n_steps=n_steps, retrain_epochs=0)
        found[name] = {"removed": None, "foreseen": [], "true": [], "loss": []}
        for seed in range(n_seeds):
            X_train, _, y_train, _ = split(X, y, seed)
            network = MLPClassifier(HIDDEN["loss"], activation="tanh", solver="lbfgs", alpha=0.1, random_state=seed)
            fit(network.set_params(max_iter=max_iter), X_train, y_train)
            path = pruning_path(network, X_train, y_train, pruner)
            found[name]["removed"] = path["sparsity"]
            found[name]["foreseen"].append(np.cumsum(path["predicted_increase"]))
            found[name]["true"].append(np.cumsum(path["actual_increase"]))
            found[name]["loss"].append(path["training_loss"][0])
    return found


def latencies(X, y, n_seeds, max_iter=50):
    """Measure latency and size of a network after magnitude pruning and retraining.

    Returns
    -------
    rows : list of dict
        Results for each share of kept weights and each form of the network: "kept", "form", and lists over the
        repetitions of "error" in percent and of the numbers of :func:`sknn_concepts.pruning.size_report`.
    """
    rows = {}
    for seed in range(n_seeds):
        X_train, X_test, y_train, y_test = split(X, y, seed)
        network = fit(MLPClassifier(HIDDEN["latency"], max_iter=max_iter, random_state=seed), X_train, y_train)
        pruner = MagnitudePruning(retrain_epochs=RETRAIN["with retraining"])
        batch = np.resize(X_test, (BATCH, X_test.shape[1]))
        pruned = shrink(network, X_train, y_train, pruner, [1.0 - share for share in SHOWN])
        for share, smaller in zip((1.0, *SHOWN), (network, *pruned), strict=True):
            error = 100.0 * (1.0 - smaller.score(X_test, y_test))
            for form, told_of in size_report(smaller, batch).items():
                row = rows.setdefault((share, form), {"error": [], **{name: [] for name in told_of}})
                for name, value in {"error": error, **told_of}.items():
                    row[name].append(value)
    return [{"kept": share, "form": form, **row} for (share, form), row in rows.items()]


def render(found, foreseen, rows, shape, n_seeds):
    """Format the results as Markdown tables.

    Parameters
    ----------
    found, foreseen, rows
        Results of `errors`, `foresights` and `latencies`.
    shape : tuple of int
        Numbers of samples, features and classes.
    n_seeds : int

    Returns
    -------
    text : str
    """
    n_samples, n_features, n_classes = shape
    layers = {what: "-".join(map(str, (n_features, *hidden, n_classes))) for what, hidden in HIDDEN.items()}
    parts = [
        "# Pruning on handwritten digits",
        f"The data are {n_samples:,} samples of {n_features} features, of which two thirds are used for training. The "
        f"{n_seeds} repetitions have different splits and initial weights. The tables give medians, with the smallest "
        "and the largest value of all repetitions in parentheses. Pruners have their default parameters unless stated "
        "otherwise.",
        "## Test error in % by share of kept weights",
        f"The network is {layers['error']} with ReLU. The weights are removed in {len(KEPT)} steps. *With retraining*, "
        f"{RETRAIN['with retraining']} epochs follow each step. OBS prunes each layer separately until at most "
        "`max_weights` weights are left.",
        *(f"### {way.capitalize()}\n\n{_table_of_errors(found, way)}" for way in RETRAIN),
        "![Test error by share of kept weights](digits_error.png)",
        "## Increase of the loss: predicted and actual",
        f"The network is {layers['loss']} with tanh, trained to the minimum by lbfgs and not retrained. The weights "
        "are removed in equal steps. The pruner computes its criterion before each step, and its predictions are "
        "summed. This reproduces a figure of LeCun, Denker and Solla, Optimal Brain Damage, NIPS 2 (1990), in which "
        "prediction and actual increase agree up to about 30 % of the weights.",
        _table_of_foresights(foreseen),
        "![Increase of the loss, predicted and actual](digits_foresight.png)",
        "## Latency and size",
        f"The network is {layers['latency']} with ReLU in float64, pruned by magnitude and retrained. The numbers are "
        "those of `size_report`. *Speedup* is relative to the unpruned network in the same run.",
        _table_of_latencies(rows),
    ]
    return "\n\n".join(parts)


def _table_of_errors(found, way):
    head = ["kept", "100 %", *(f"{100 * share:g} %" for share in SHOWN)]
    places = [0, *(1 + KEPT.index(share) for share in SHOWN)]
    rows = []
    for name in PRUNERS:
        curves = found[way, name]
        cells = [told(spread([curve[place][1] for curve in curves]), "{:.1f}") for place in places]
        rows.append([NAMES[name], *cells])
    return table(head, rows)


def _table_of_foresights(foreseen):
    head = ["removed"]
    columns = []
    for name, growth in foreseen.items():
        head += [f"{name.upper()}, predicted", "actual", "predicted / actual"]
        columns += [(np.array(growth["foreseen"]), np.array(growth["true"]))]
    removed = next(iter(foreseen.values()))["removed"]
    rows = []
    for share in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        step = int(np.argmin(np.abs(removed - share)))
        cells = [f"{100 * removed[step]:.0f} %"]
        for guess, truth in columns:
            ratios = spread(guess[:, step] / truth[:, step])
            cells += [f"{np.median(guess[:, step]):.2g}", f"{np.median(truth[:, step]):.2g}", told(ratios, "{:.2f}")]
        rows.append(cells)
    loss = spread(next(iter(foreseen.values()))["loss"])
    return f"The loss before pruning is {told(loss, '{:.2g}')}.\n\n{table(head, rows)}"


def _table_of_latencies(rows):
    head = ["weights kept", "form", "test error in %", f"ms for {BATCH:,} rows", "speedup", "µs for one row"]
    cells = []
    for row in rows:
        middle = {name: statistics.median(values) for name, values in row.items() if isinstance(values, list)}
        faster = spread([a / b for a, b in zip(rows[0]["batch_latency"], row["batch_latency"], strict=True)])
        cells.append(
            [
                f"{100 * row['kept']:g} %",
                row["form"],
                told(spread(row["error"]), "{:.1f}"),
                f"{1e3 * middle['batch_latency']:.2f}",
                told(faster, "{:.1f}"),
                f"{1e6 * middle['row_latency']:.0f}",
                f"{middle['multiply_adds']:,.0f}",
                f"{middle['bytes_on_disk'] / 1e3:,.0f}",
            ]
        )
    return table([*head, "multiply-adds", "kB on disk"], cells)


def plot_errors(found):
    """Plot the test error by share of kept weights. Return None without matplotlib."""
    figure, axes = new_figure(1, len(RETRAIN), width=10.5, height=4.8, sharey=True)
    if figure is None:
        return None
    for ax, way in zip(axes[0], RETRAIN, strict=True):
        for name in PRUNERS:
            curves = np.array(found[way, name])
            shares = 100.0 * np.median(curves[:, :, 0], axis=0)
            band(ax, shares, curves[:, :, 1], color=COLORS[name], label=NAMES[name], linewidth=1.6)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlim(100, 100 * min(KEPT))
        ax.set_xticks([100, 50, 20, 10, 5, 2, 1], ["100", "50", "20", "10", "5", "2", "1"])
        ax.set_yticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
        ax.minorticks_off()
        ax.set_title(way, fontsize=10)
        ax.set_xlabel("weights that are kept, in %")
        ax.grid(alpha=0.3)
    axes[0, 0].set_ylabel("test error in %")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def plot_foresights(foreseen):
    """Plot the predicted and the actual increase of the loss. Return None without matplotlib."""
    figure, axes = new_figure(1, len(foreseen), sharey=True)
    if figure is None:
        return None
    for ax, (name, growth) in zip(axes[0], foreseen.items(), strict=True):
        loss = np.array(growth["loss"])[:, None]
        removed = 100.0 * growth["removed"]
        band(ax, removed, loss + growth["true"], color=COLORS[name], label="true", linewidth=1.8)
        band(ax, removed, loss + growth["foreseen"], color="k", label="foreseen", linewidth=1.4, linestyle="--")
        ax.set_yscale("log")
        ax.set_xlim(0, 100)
        ax.set_title(NAMES[name], fontsize=10)
        ax.set_xlabel("weights that are removed, in %")
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, loc="upper left")
    axes[0, 0].set_ylabel("training loss")
    return figure


def main(arguments=None):
    """Run the experiment and write the results."""
    options = parser(__doc__.splitlines()[0], seeds=5)
    options.add_argument("--data", default="digits", help="digits, openml, a name on OpenML, an .npz or a .csv file")
    options.add_argument("--samples", type=int, help="maximum number of samples")
    options = options.parse_args(arguments)
    X, y = load(options.data, options.samples)
    found = errors(X, y, options.seeds)
    print("errors: done", flush=True)
    foreseen = foresights(X, y, options.seeds)
    print("growth of the loss: done", flush=True)
    rows = latencies(X, y, options.seeds)
    results = {
        "seeds": options.seeds,
        "samples": len(y),
        "errors": {f"{name}, {way}": curves for (way, name), curves in found.items()},
        "foresights": foreseen,
        "latencies": rows,
    }
    text = render(found, foreseen, rows, (*X.shape, len(np.unique(y))), options.seeds)
    figures = {"digits_error": plot_errors(found), "digits_foresight": plot_foresights(foreseen)}
    write("digits", options.into, text, results, figures)


if __name__ == "__main__":
    main()
