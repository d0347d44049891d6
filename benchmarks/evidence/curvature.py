"""Time, memory and accuracy of Hessian diagonals by each method, and by BackPACK and PyTorch if they are installed."""

import importlib.util
import multiprocessing
import statistics
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from scipy.stats import spearmanr

from benchmarks.data import dense
from benchmarks.evidence.common import fit, new_figure, parser, spread, table, told, write
from benchmarks.memory import memory_in_use, reset_peak
from sknn_concepts import MLPClassifier
from sknn_concepts.curvature import hessian_diagonal

ACTIVATIONS = ("relu", "tanh", "logistic")

OURS = ("exact", "gauss_newton", "hesscale", "obd", "levenberg_marquardt", "fisher", "hutchinson")

BACKPACK = ("DiagHessian", "DiagGGNExact")

#: Hidden layers of the measured network, and of the one for which PyTorch computes the whole Hessian.
HIDDEN, TINY = (300, 100), (8, 7, 6)

#: Number of samples in BackPACK's batches. Larger batches take more memory but not less time.
BATCH = 500

#: Units of the two axes of the plot, and factors that convert seconds and bytes to them.
UNITS = (("time in ms", 1e3), ("peak memory in MB", 1e-6))


def ours(network, X, y, method):
    """Compute a diagonal with this library, flat: the weights of all layers row by row, then all intercepts."""
    coefs, intercepts = hessian_diagonal(network, X, y, method=method, random_state=0)
    return np.concatenate([part.ravel() for part in (*coefs, *intercepts)])


def backpack(network, X, y, method, n_threads=None):
    """Compute a diagonal with BackPACK, and with PyTorch's default number of threads unless `n_threads` is given."""
    import torch
    from backpack import backpack, extend, extensions

    from benchmarks.contenders.torch import build

    if n_threads is not None:
        torch.set_num_threads(n_threads)
    model = extend(build(network.coefs_, network.intercepts_, network.activation))
    criterion = extend(torch.nn.CrossEntropyLoss(reduction="sum"))
    extension = getattr(extensions, method)()
    total = 0.0
    for start in range(0, len(y), BATCH):
        inputs, targets = (torch.from_numpy(values[start : start + BATCH]) for values in (X, y))
        with backpack(extension), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Full backward hook")  # the first layer's inputs are not differentiated
            criterion(model(inputs), targets).backward()
        parts = [getattr(parameter, extension.savefield) for parameter in model.parameters()]
        total = total + np.concatenate([part.numpy().T.ravel() for part in (*parts[::2], *parts[1::2])])
    return total / len(y)


def autograd(network, X, y, method="Hessian"):
    """Compute a diagonal from the whole Hessian, which PyTorch obtains by differentiating twice."""
    import torch

    from benchmarks.contenders.torch import build

    model = build(network.coefs_, network.intercepts_, network.activation)
    parts = list(dict(model.named_parameters()))
    names = (*parts[::2], *parts[1::2])
    values = [dict(model.named_parameters())[name].detach() for name in names]
    sizes = [value.numel() for value in values]

    def loss(flat):
        shaped = [part.view_as(value) for part, value in zip(flat.split(sizes), values, strict=True)]
        raw = torch.func.functional_call(model, dict(zip(names, shaped, strict=True)), (torch.from_numpy(X),))
        return torch.nn.functional.cross_entropy(raw, torch.from_numpy(y))

    flat = torch.cat([value.reshape(-1) for value in values])
    diagonal = torch.autograd.functional.hessian(loss, flat).diagonal().split(sizes)
    # PyTorch's matrices are transposed
    return np.concatenate([part.view_as(value).numpy().T.ravel() for part, value in zip(diagonal, values, strict=True)])


def measure(compute, method, network, X, y, budget=2.0):
    """Compute a diagonal, and measure the median time and the peak memory after a first call on a few samples.

    Parameters
    ----------
    compute : callable
        Function `ours`, `backpack` or `autograd`.
    method : str
    network : MLPClassifier
    X, y : ndarray
    budget : float, default=2.0
        Seconds after which no repetition starts. With 0, only memory is measured.

    Returns
    -------
    found : dict
        Results under "diagonal" and "seconds", and under "peak" the growth of peak memory in bytes, or None.
    """
    compute(network, X[:20], y[:20], method)
    before = reset_peak()
    diagonal = compute(network, X, y, method)
    peak = None if before is None else memory_in_use("VmHWM") - before
    taken: list[float] = []
    while sum(taken) < budget and len(taken) < 7:
        start = time.perf_counter()
        compute(network, X, y, method)
        taken.append(time.perf_counter() - start)
    return {"diagonal": diagonal, "seconds": statistics.median(taken) if taken else None, "peak": peak}


def alone(*arguments):
    """Call `measure` in a separate process, so that no other memory is counted."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def accuracy(diagonal, exact, weights):
    """Return the relative error in the norm, and the rank correlation of the saliencies h w^2 / 2 of the weights.

    Parameters
    ----------
    diagonal, exact : ndarray of shape (n_parameters,)
    weights : ndarray of shape (n_weights,)
        Weights of the network, which precede the intercepts in the diagonals.
    """
    error = np.linalg.norm(diagonal - exact) / np.linalg.norm(exact)
    saliencies = (h[: weights.size] * weights**2 for h in (diagonal, exact))
    return {"error": float(error), "rank": float(spearmanr(*saliencies).statistic)}


def trained(hidden, activation, X, y, seed, max_iter=10):
    """Train a network for a number of epochs."""
    network = MLPClassifier(hidden, activation=activation, max_iter=max_iter, tol=0.0, random_state=seed)
    network.set_params(n_iter_no_change=max_iter)
    return fit(network, X, y)


def compare(activation, n_rows, seed, methods=OURS, hidden=HIDDEN):
    """Measure time, memory and accuracy of all methods on one network.

    Returns
    -------
    rows : list of dict
        Results under "library", "method", "seconds", "peak", "error" and "rank". The first row also has "peak_4", the
        peak with four times as many samples.
    """
    X, y = dense(4 * n_rows, 784, 10, "float32", seed)
    network = trained(hidden, activation, X, y, seed)
    weights = np.concatenate([w.ravel() for w in network.coefs_])
    contenders = [("sknn_concepts", ours, method) for method in methods]
    if importlib.util.find_spec("backpack"):
        contenders += [("BackPACK", backpack, method) for method in BACKPACK]
    rows, exact = [], None
    for library, compute, method in contenders:
        found = alone(compute, method, network, X[:n_rows], y[:n_rows])
        if library == "BackPACK":  # on a small or busy machine, one thread can be faster
            single = alone(partial(compute, n_threads=1), method, network, X[:n_rows], y[:n_rows])
            found = min(found, single, key=lambda one: one["seconds"])
        diagonal = found.pop("diagonal")
        exact = diagonal if exact is None else exact
        rows.append({"library": library, "method": method, **found, **accuracy(diagonal, exact, weights)})
    rows[0]["peak_4"] = alone(ours, methods[0], network, X, y, 0.0)["peak"]
    return rows


def check_tiny(activation, seed):
    """Compare all methods on a tiny network in double precision with the Hessian of PyTorch.

    Returns
    -------
    rows : list of dict
        Results under "library", "method", "seconds", "error" and "rank". Empty without PyTorch.
    """
    if not importlib.util.find_spec("torch"):
        return []
    X, y = dense(200, 10, 3, "float64", seed)
    network = trained(TINY, activation, X, y, seed, max_iter=100)
    weights = np.concatenate([w.ravel() for w in network.coefs_])
    contenders = [("PyTorch", autograd, "Hessian"), *(("sknn_concepts", ours, method) for method in OURS)]
    rows, exact = [], None
    for library, compute, method in contenders:
        found = measure(compute, method, network, X, y)
        diagonal, _ = found.pop("diagonal"), found.pop("peak")
        exact = diagonal if exact is None else exact
        rows.append({"library": library, "method": method, **found, **accuracy(diagonal, exact, weights)})
    return rows


def gather(runs):
    """Combine the numbers of all repetitions into lists.

    Parameters
    ----------
    runs : list of list of dict
        Rows of each repetition, in the same order.
    """
    labels = ("library", "method")
    return [
        {name: rows[0][name] if name in labels else [row[name] for row in rows] for name in rows[0]}
        for rows in zip(*runs, strict=True)
    ]


def render(large, tiny, n_rows, n_seeds):
    """Format the results as Markdown tables.

    Parameters
    ----------
    large, tiny : dict of activation to list of dict
        Combined results of `compare` and `check_tiny`.
    n_rows, n_seeds : int

    Returns
    -------
    text : str
    """
    shapes = ["-".join(map(str, layers)) for layers in ((784, *HIDDEN, 10), (10, *TINY, 3))]
    parts = [
        "# Diagonals of the Hessian: time, memory, accuracy",
        "The diagonals are those of the mean log loss of trained networks with softmax outputs. The tables give "
        f"medians of {n_seeds} repetitions with different networks and data. *Error* is the norm of the difference "
        "from the exact diagonal relative to its norm, and *rank* is the rank correlation of the saliencies h w^2 / 2 "
        "with the exact ones. *Memory* is the growth of peak memory in a separate process. `hutchinson` uses its 100 "
        f"default probes. BackPACK uses batches of {BATCH} rows, and all threads or one, whichever is faster. First "
        "calls, which include compilation, are not counted.",
        f"## {shapes[0]}, {n_rows:,} rows, float32",
        "All methods are compared with our `exact`. BackPACK's `DiagHessian` computes the same diagonal.",
    ]
    parts += [f"### {activation}\n\n{_table_of(rows)}" for activation, rows in large.items()]
    parts += ["![Time and memory](curvature.png)"]
    if all(tiny.values()):
        parts += [
            f"## {shapes[1]}, 200 rows, float64",
            "All methods are compared with the diagonal of the whole Hessian, which PyTorch obtains by differentiating "
            "twice.",
            *(f"### {activation}\n\n{_table_of(rows)}" for activation, rows in tiny.items()),
        ]
    return "\n\n".join(parts)


def _table_of(rows):
    """Format rows as a table, with times relative to our method "exact"."""
    reference = next(row for row in rows if row["method"] == "exact")["seconds"]
    has_memory = "peak" in rows[-1]
    head = ["method", "ms", "time relative to exact", *(["memory, MB"] if has_memory else []), "error", "rank"]
    cells = []
    for row in rows:
        ratio = spread([theirs / ours for theirs, ours in zip(row["seconds"], reference, strict=True)])
        cells.append([_label(row), f"{1e3 * statistics.median(row['seconds']):,.1f}", told(ratio, "{:,.1f}")])
        if has_memory:
            cells[-1].append(_megabytes(row["peak"]))
        cells[-1] += [f"{statistics.median(row['error']):.1e}", f"{statistics.median(row['rank']):.3f}"]
    text = table(head, cells)
    if has_memory:
        text += f"\n\nMemory of `exact` for four times as many rows: {_megabytes(rows[0]['peak_4'])} MB."
    return text


def _label(row):
    return f"`{row['method']}`" if row["library"] == "sknn_concepts" else f"{row['library']} `{row['method']}`"


def _megabytes(peaks):
    return "unknown" if None in peaks else f"{statistics.median(peaks) / 1e6:.0f}"


def plot(large):
    """Plot time and memory of each method. Return None without matplotlib."""
    figure, axes = new_figure(1, 2, width=10.5, height=5.2, sharey=True)
    if figure is None:
        return None
    labels = [f"{row['library']} {row['method']}" for row in next(iter(large.values()))]
    labels = [label.removeprefix("sknn_concepts ") for label in labels]
    for ax, name, (what, factor) in zip(axes[0], ("seconds", "peak"), UNITS, strict=True):
        for marker, shift, (activation, rows) in zip("osD", (-0.2, 0.0, 0.2), large.items(), strict=False):
            known = [(i, factor * statistics.median(row[name])) for i, row in enumerate(rows) if None not in row[name]]
            # zeros cannot be drawn on a logarithmic axis
            values = [value for _, value in known if value > 0.0]
            places = [i + shift for i, value in known if value > 0.0]
            ax.plot(values, places, marker, markersize=6, label=activation)
        if ax.dataLim.minposx < np.inf:
            ax.set_xscale("log")
        ax.set_xlabel(what)
        ax.grid(alpha=0.3)
        ax.xaxis.set_major_formatter("{x:,g}")
    axes[0, 0].set_yticks(range(len(labels)), labels)
    axes[0, 0].set_ylim(len(labels) - 0.5, -0.5)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def main(arguments=None):
    """Run the experiment and write the results."""
    options = parser(__doc__.splitlines()[0], seeds=3)
    options.add_argument("--rows", type=int, default=1000, help="samples")
    options = options.parse_args(arguments)
    large, tiny = {}, {}
    for activation in ACTIVATIONS:
        large[activation] = gather([compare(activation, options.rows, seed) for seed in range(options.seeds)])
        tiny[activation] = gather([check_tiny(activation, seed) for seed in range(options.seeds)])
        print(f"{activation}: done", flush=True)
    results = {"seeds": options.seeds, "rows": options.rows, "large": large, "tiny": tiny}
    write(
        "curvature", options.into, render(large, tiny, options.rows, options.seeds), results, {"curvature": plot(large)}
    )


if __name__ == "__main__":
    main()
