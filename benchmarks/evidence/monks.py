"""The smallest networks that solve the MONK's problems (Hassibi and Stork, 1993, table 1).

The 432 instances and the rules are those of Thrun et al. (1991), who drew the training samples at random. Here each
repetition draws its own training samples, of the same size, unless ``--data FOLDER`` contains the original ones: the
files ``monks-1.train`` and so on of the UCI repository.
"""

import dataclasses
import itertools
import pathlib
from typing import NamedTuple

import numpy as np

from benchmarks.evidence.common import COLORS, NAMES, band, new_figure, parser, shrink, spread, table, told, write
from sknn_concepts import MLPRegressor
from sknn_concepts.pruning import MagnitudePruning, OptimalBrainDamage, OptimalBrainSurgeon, RandomPruning

#: Number of values of each of the six attributes, which are numbered from 1.
VALUES = (3, 3, 2, 3, 4, 2)

SOURCE_1992 = "Hassibi and Stork, Second order derivatives for network pruning, NIPS 5 (1992), table 1"
SOURCE_1993 = "Hassibi, Stork and Wolff, Optimal Brain Surgeon: extensions and performance comparisons, NIPS 6 (1993)"


class Problem(NamedTuple):
    """One of the three problems, and the published results.

    Attributes
    ----------
    name : str
    rule : callable
        Function from attributes of shape (n, 6) to an array of bool of shape (n,).
    n_samples : int
        Number of training samples.
    noise : float
        Share of wrong training targets.
    n_hidden : int
        Number of hidden units.
    decay : float
        Weight decay c: c / 2 |w|^2 is added to the mean loss.
    simple_rule : callable
        Rule that the smallest published network computes. Its accuracy counts as full accuracy.
    before, after, after_1993 : int
        Published numbers of weights and intercepts before and after Optimal Brain Surgeon.
    published : tuple of float
        Published accuracy in percent on the training and the test samples.
    """

    name: str
    rule: object
    n_samples: int
    noise: float
    n_hidden: int
    decay: float
    simple_rule: object
    before: int
    after: int
    after_1993: int
    published: tuple


def _monk_1(a):
    return (a[:, 0] == a[:, 1]) | (a[:, 4] == 1)


def _monk_2(a):
    return np.count_nonzero(a == 1, axis=1) == 2


def _monk_3(a):
    return ((a[:, 4] == 3) & (a[:, 3] == 1)) | _monk_3_without_exception(a)


def _monk_3_without_exception(a):
    return (a[:, 4] != 4) & (a[:, 1] != 3)


PROBLEMS = (
    Problem("MONK-1", _monk_1, 124, 0.0, 3, 1e-4, _monk_1, 58, 14, 14, (100.0, 100.0)),
    Problem("MONK-2", _monk_2, 169, 0.0, 2, 1e-4, _monk_2, 39, 15, 16, (100.0, 100.0)),
    Problem("MONK-3", _monk_3, 122, 0.05, 2, 1e-3, _monk_3_without_exception, 39, 4, 4, (93.4, 97.2)),
)

PRUNERS = {
    "obs": OptimalBrainSurgeon(),
    "obd": OptimalBrainDamage(),
    "magnitude": MagnitudePruning(),
    "random": RandomPruning(),
}

#: Iterations of lbfgs after each removed weight.
RETRAIN = {"without retraining": 0, "with retraining": 200}

#: Maximum number of networks to train until one reaches full accuracy.
TRIALS = 50


class Samples(NamedTuple):
    """Training samples, all instances, and the accuracies that count as full."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    full: float
    full_test: float


def instances():
    """Return all combinations of the attributes' values, of shape (432, 6)."""
    return np.array(list(itertools.product(*(range(1, n + 1) for n in VALUES))))


def one_hot(attributes):
    """One-hot encode the attributes as 17 inputs."""
    return np.hstack([attributes[:, [j]] == np.arange(1, n + 1) for j, n in enumerate(VALUES)]).astype(float)


def draw(problem, seed, folder=None):
    """Draw the training samples of a problem without replacement, or read them, and return them with all instances.

    Parameters
    ----------
    problem : Problem
    seed : int
    folder : Path, optional
        Folder with the file ``monks-N.train`` of the UCI repository, whose lines contain the class, the six attributes
        and a name.

    Returns
    -------
    samples : Samples
    """
    attributes = everything = instances()
    y = problem.rule(everything)
    if folder is None:
        random = np.random.RandomState(seed)
        chosen = random.permutation(len(everything))[: problem.n_samples]
        attributes, y = everything[chosen], y[chosen]
        y[random.permutation(len(y))[: round(problem.noise * len(y))]] ^= True
    else:
        lines = np.loadtxt(folder / f"{problem.name.lower().replace('monk', 'monks')}.train", int, usecols=range(7))
        attributes, y = lines[:, 1:], lines[:, 0] == 1
    y_test = problem.rule(everything)
    full = np.mean(problem.simple_rule(attributes) == y)
    full_test = np.mean(problem.simple_rule(everything) == y_test)
    return Samples(one_hot(attributes), y.astype(float), one_hot(everything), y_test.astype(float), full, full_test)


def accuracy(network, X, y):
    """Return the accuracy."""
    return np.mean((network.predict(X) > 0.5) == y)


def train(problem, samples, seed):
    """Train networks until one reaches full accuracy on both sets, and return it with the number of trials.

    The networks have logistic activations and minimize the squared error.

    Raises
    ------
    RuntimeError
        If none of `TRIALS` networks reaches it.
    """
    for trial in range(TRIALS):
        network = MLPRegressor(
            hidden_layer_sizes=(problem.n_hidden,),
            activation="logistic",
            output_activation="logistic",
            solver="lbfgs",
            alpha=problem.decay * len(samples.y),
            max_iter=5000,
            tol=1e-6,
            random_state=1000 * seed + trial,
        ).fit(samples.X, samples.y)
        if _is_full(*_accuracies(network, samples), samples):
            return network, trial + 1
    raise RuntimeError(f"None of {TRIALS} networks learned {problem.name}, samples {seed}.")


def path(network, samples, pruner):
    """Remove the weights and intercepts one by one, except for one weight in each layer.

    Returns
    -------
    curve : list of tuple (n_weights, accuracy, test_accuracy)
        Results, beginning with the whole network.
    """
    size = sum(w.size for w in (*network.coefs_, *network.intercepts_))
    curve = [(size, *_accuracies(network, samples))]
    shares = [gone / size for gone in range(1, size - 1)]
    for gone, pruned in enumerate(shrink(network, samples.X, samples.y, pruner, shares), 1):
        curve.append((size - gone, *_accuracies(pruned, samples)))
    return curve


def fewest(curve, samples):
    """Return the fewest weights with full training accuracy, their test accuracy, and the fewest with both full."""
    by_training = [(n, test) for n, right, test in curve if right >= samples.full]
    by_both = [n for n, right, test in curve if _is_full(right, test, samples)]
    n_weights, test = min(by_training)
    return {"training": n_weights, "test_accuracy": 100.0 * test, "both": min(by_both)}


def run(problem, n_seeds, retrain, folder=None):
    """Prune networks for a problem.

    Parameters
    ----------
    problem : Problem
    n_seeds : int
        Number of repetitions.
    retrain : int
        Number of iterations after each removal.
    folder : Path, optional
        Folder of the original samples, see `draw`.

    Returns
    -------
    found : dict
        Lists over the seeds: for each pruner the results of `fewest` under "fewest" and the curves under "curves", and
        the numbers of trained networks under "trials".
    """
    found = {"fewest": {name: [] for name in PRUNERS}, "curves": {name: [] for name in PRUNERS}, "trials": []}
    for seed in range(n_seeds):
        samples = draw(problem, seed, folder)
        network, trials = train(problem, samples, seed)
        found["trials"].append(trials)
        for name, pruner in PRUNERS.items():
            pruner = dataclasses.replace(pruner, prune_intercepts=True, retrain_epochs=retrain)
            if name == "random":
                pruner.set_params(random_state=seed)
            curve = path(network, samples, pruner)
            found["curves"][name].append(curve)
            found["fewest"][name].append(fewest(curve, samples))
    return found


def compare(found, one, other):
    """Count the networks in which one pruner ends with fewer, equally many, and more weights than another."""
    pairs = [(a["training"], b["training"]) for a, b in zip(found["fewest"][one], found["fewest"][other], strict=True)]
    return tuple(sum(sign(a, b) for a, b in pairs) for sign in (int.__lt__, int.__eq__, int.__gt__))


def verdict(won, tied, lost):
    """Describe such counts for the first of two pruners."""
    if won > tied + lost:
        return "wins"
    return "loses" if lost > tied + won else "ties"


def render(results, n_seeds, original=False):
    """Format the results as Markdown tables.

    Parameters
    ----------
    results : dict of (problem name, retraining) to dict
        Results of `run`.
    n_seeds : int
        Number of repetitions.
    original : bool, default=False
        Whether the training samples are the original ones.

    Returns
    -------
    text : str
    """
    drawn = "the original ones" if original else f"drawn at random in each of {n_seeds} repetitions"
    parts = [
        "# MONK's problems: the fewest weights at full accuracy",
        f"Training samples are {drawn}, and initial weights are drawn in each repetition. Networks have logistic "
        "units, minimize the squared error with weight decay, and are trained by lbfgs until it converges. Weights and "
        "intercepts are removed one by one, and the criterion is computed before each removal. *With retraining*, "
        f"{max(RETRAIN.values())} iterations of lbfgs follow each removal. *Full accuracy* is that of the smallest "
        "published network: all instances in MONK-1 and MONK-2, and those of the rule without its exception in MONK-3. "
        "OBS and OBD are `OptimalBrainSurgeon()` (Gauss-Newton) and `OptimalBrainDamage()` (exact diagonal). The "
        "tables give medians, with the smallest and the largest value of all repetitions in parentheses. The "
        "published networks were not retrained.",
    ]
    for problem in PROBLEMS:
        trials = spread(results[problem.name, next(iter(RETRAIN))]["trials"])
        shape = f"17-{problem.n_hidden}-1, {problem.before} weights"
        parts += [f"## {problem.name} ({shape})", _table_of(problem, results)]
        parts += [f"Number of networks trained until one reached full accuracy: {told(trials)}."]
    parts += ["## Comparison with magnitude", _ties(results), "![Accuracy by number of remaining weights](monks.png)"]
    parts += ["Sources of the published results: " + "; ".join((SOURCE_1992, SOURCE_1993)) + "."]
    return "\n\n".join(parts)


def _table_of(problem, results):
    head = ["pruner"]
    for way in RETRAIN:
        head += [f"weights, {way}", "test accuracy in %", "weights with full test accuracy too"]
    rows = []
    for name in PRUNERS:
        cells = [NAMES[name]]
        for way in RETRAIN:
            found = results[problem.name, way]["fewest"][name]
            summary = {key: spread([one[key] for one in found]) for key in found[0]}
            cells += [told(summary["training"]), told(summary["test_accuracy"], "{:.1f}"), told(summary["both"])]
        rows.append(cells)
    test = f"{problem.published[1]:g}"
    rows.append(["published, OBS 1992", problem.after, test, problem.after, "", "", ""])
    rows.append(["published, OBS 1993", problem.after_1993, "", problem.after_1993, "", "", ""])
    return table(head, rows)


def _ties(results):
    rows = []
    for problem in PROBLEMS:
        for way in RETRAIN:
            cells = [f"{problem.name}, {way}"]
            for other in ("obs", "obd", "random"):
                counts = compare(results[problem.name, way], "magnitude", other)
                cells.append(f"{verdict(*counts)} ({' / '.join(map(str, counts))})")
            rows.append(cells)
    head = ["magnitude", "against OBS", "against OBD", "against random"]
    text = (
        "The numbers in parentheses count the networks in which magnitude reaches full training accuracy with fewer / "
        "equally many / more weights. It *wins* or *loses* if that holds for most of them, and *ties* otherwise."
    )
    return f"{text}\n\n{table(head, rows)}"


def plot(results):
    """Plot the accuracy on all instances by number of remaining weights. Return None without matplotlib."""
    figure, axes = new_figure(len(RETRAIN), len(PROBLEMS), width=11.0, height=6.4, sharey=True)
    if figure is None:
        return None
    for row, way in zip(axes, RETRAIN, strict=True):
        for ax, problem in zip(row, PROBLEMS, strict=True):
            for name, curves in results[problem.name, way]["curves"].items():
                n_weights = [n for n, _, _ in curves[0]]
                right = [[100.0 * test for _, _, test in curve] for curve in curves]
                band(ax, n_weights, right, color=COLORS[name], label=NAMES[name], linewidth=1.6)
            ax.plot(problem.after, problem.published[1], "k*", markersize=11, label="published, OBS 1992", zorder=5)
            ax.set_title(f"{problem.name}, {way}", fontsize=10)
            ax.set_xlim(problem.before + 1, 0)
            ax.grid(alpha=0.3)
    for ax in axes[:, 0]:
        ax.set_ylabel("test accuracy in %")
    for ax in axes[-1]:
        ax.set_xlabel("weights that are left, intercepts counted")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return figure


def main(arguments=None):
    """Run the experiment and write the results."""
    options = parser(__doc__.splitlines()[0], seeds=10)
    options.add_argument("--data", type=pathlib.Path, help="folder with the original monks-1.train, ...")
    options = options.parse_args(arguments)
    results = {}
    for problem in PROBLEMS:
        for way, retrain in RETRAIN.items():
            results[problem.name, way] = run(problem, options.seeds, retrain, options.data)
            print(f"{problem.name}, {way}: done", flush=True)
    kept = {f"{name}, {way}": {k: found[k] for k in ("fewest", "trials")} for (name, way), found in results.items()}
    text = render(results, options.seeds, options.data is not None)
    write("monks", options.into, text, {"seeds": options.seeds, "problems": kept}, {"monks": plot(results)})


def _accuracies(network, samples):
    return accuracy(network, samples.X, samples.y), accuracy(network, samples.X_test, samples.y_test)


def _is_full(right, right_test, samples):
    return right >= samples.full and right_test >= samples.full_test


if __name__ == "__main__":
    main()
