"""How much is tried: the networks, and on how many rows, in each of the rounds."""

import dataclasses
import itertools

import numpy as np

from sknn_concepts.activations import ACTIVATIONS
from sknn_concepts.initializers import INITIALIZERS
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reporting.results import HYPER_PARAMETERS

TRAINABLE = tuple(name for name, activation in ACTIVATIONS.items() if hasattr(activation, "slope"))

_RANDOM_INITIALIZERS = tuple(name for name in INITIALIZERS if name not in ("zeros", "constant"))


@dataclasses.dataclass(frozen=True)
class Budget:
    """What is tried, and on how many rows.

    Attributes
    ----------
    activations, initializers, sizes : tuple of str
        Tried in all combinations.
    learning_rates, alphas : tuple of float
        Likewise.
    rounds : tuple of (rows, folds, kept)
        Rows and folds of each round, and how many networks go on to the next. The last round takes all rows: ``None``.
    seconds : float, optional
        For everything: reading, compilation, search, baselines, last fits and figures.
    """

    activations: tuple
    initializers: tuple
    sizes: tuple
    learning_rates: tuple
    alphas: tuple
    rounds: tuple
    seconds: float | None = None


#: The budgets by name.
BUDGETS = {
    "small": Budget(
        activations=("logistic", "tanh", "relu", "elu", "gelu", "silu"),
        initializers=("auto", "he_normal", "orthogonal"),
        sizes=("64", "128-64"),
        learning_rates=(0.003,),
        alphas=(0.0001, 0.1),
        rounds=((1_000, 3, 12), (4_000, 3, 5), (None, 5, 1)),
    ),
    "medium": Budget(
        activations=TRAINABLE,
        initializers=_RANDOM_INITIALIZERS,
        sizes=("64", "128-64"),
        learning_rates=(0.003,),
        alphas=(0.0001, 0.1),
        rounds=((1_000, 3, 30), (5_000, 3, 5), (None, 5, 1)),
    ),
    "large": Budget(
        activations=TRAINABLE,
        initializers=tuple(INITIALIZERS),
        sizes=("64", "256", "128-64", "128-64-32"),
        learning_rates=(0.001, 0.01),
        alphas=(0.0001, 0.1),
        rounds=((2_000, 3, 100), (8_000, 3, 10), (None, 5, 1)),
    ),
}


def candidates(budget, seed):
    """All networks of a budget in random order, so that the first few are a fair sample.

    Returns
    -------
    candidates : list of dict
    """
    axes = (budget.activations, budget.initializers, budget.sizes, budget.learning_rates, budget.alphas)
    grid = [dict(zip(HYPER_PARAMETERS, values, strict=True)) for values in itertools.product(*axes)]
    return [grid[i] for i in np.random.default_rng(seed).permutation(len(grid))]


def plan(budget, y, task):
    """Fit the rounds to the training rows.

    Parameters
    ----------
    budget : Budget
    y : ndarray of shape (n_rows,)
    task : {"classification", "regression"}

    Returns
    -------
    rounds : list of (rows, folds, kept)
        A round that would take nearly all rows is left out. There are no more folds than the rarest class has rows, and
        so many rows that twenty of the second most frequent class can be expected.

    Raises
    ------
    BadInput
        If two folds cannot be made.
    """
    total, most, least = len(y), len(y), 0
    if task == "classification":
        counts = np.sort(np.unique(y, return_counts=True)[1])
        most, least = int(counts[0]), int(20 * total / counts[-2])
    if most < 2:
        raise BadInput("the rarest class has one row left for training; too few to cross-validate")
    rounds = []
    for rows, folds, kept in budget.rounds[:-1]:
        rows = max(rows, least)
        if rows < 0.8 * total:
            rounds.append((rows, min(folds, most), kept))
    _, folds, kept = budget.rounds[-1]
    return [*rounds, (total, min(folds, most), kept)]


def count_fits(budget, rounds):
    """Fits that the search and the three baselines will take, if neither the clock nor Ctrl-C ends them."""
    left, fits = len(candidates(budget, 0)), 3 * rounds[-1][1]
    for _, folds, kept in rounds:
        fits += left * folds
        left = min(left, kept)
    return fits
