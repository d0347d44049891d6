"""Search budgets: the networks to try, and the number of rows and folds in each round."""

import dataclasses
import itertools

import numpy as np

from sknn_concepts.activations import ACTIVATIONS
from sknn_concepts.initializers import INITIALIZERS
from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reporting.results import HYPERPARAMETERS

TRAINABLE = tuple(name for name, activation in ACTIVATIONS.items() if hasattr(activation, "slope"))

_RANDOM_INITIALIZERS = tuple(name for name in INITIALIZERS if name not in ("zeros", "constant"))


@dataclasses.dataclass(frozen=True)
class Budget:
    """Networks to try, which are all combinations of the hyperparameters, rounds of the search, and the ensemble."""

    activations: tuple
    initializers: tuple
    #: number of rows and folds of each round, and number of networks kept for the next; None in the last round stands
    #: for all rows
    rounds: tuple
    sizes: tuple = ("64", "128-64")  #: hidden layer sizes
    learning_rates: tuple = (0.003,)  #: initial learning rates
    alphas: tuple = (0.0001, 0.1)  #: penalties
    n_members: int = 12  #: number of candidates of the tabular ensemble, 0 for no ensemble
    seconds: float | None = None  #: time limit for the whole job, from reading to figures


#: Named budgets.
BUDGETS = {
    "small": Budget(
        activations=("logistic", "tanh", "relu", "elu", "gelu", "silu"),
        initializers=("auto", "he_normal", "orthogonal"),
        rounds=((1_000, 3, 12), (4_000, 3, 5), (None, 5, 1)),
        n_members=6,
    ),
    "medium": Budget(
        activations=TRAINABLE,
        initializers=_RANDOM_INITIALIZERS,
        rounds=((1_000, 3, 30), (5_000, 3, 5), (None, 5, 1)),
    ),
    "large": Budget(
        activations=TRAINABLE,
        initializers=tuple(INITIALIZERS),
        sizes=("64", "256", "128-64", "128-64-32"),
        learning_rates=(0.001, 0.01),
        rounds=((2_000, 3, 100), (8_000, 3, 10), (None, 5, 1)),
        n_members=24,
    ),
}


def candidates(budget, seed):
    """List all networks of a budget in random order, so that the first few are a representative sample."""
    axes = (budget.activations, budget.initializers, budget.sizes, budget.learning_rates, budget.alphas)
    grid = [dict(zip(HYPERPARAMETERS, values, strict=True)) for values in itertools.product(*axes)]
    return [grid[i] for i in np.random.default_rng(seed).permutation(len(grid))]


def plan_rounds(budget, y, task):
    """Adapt the rounds of a budget to the training rows.

    A round that would use nearly all rows is left out. The number of folds is at most the number of rows of the rarest
    class, and a round has enough rows to expect twenty of the second most frequent class. BadInput is raised if there
    are too few rows for two folds.
    """
    n_rows, max_folds, min_rows = len(y), len(y), 0
    if task == "classification":
        counts = np.sort(np.unique(y, return_counts=True)[1])
        max_folds, min_rows = int(counts[0]), int(20 * n_rows / counts[-2])
    if max_folds < 2:
        raise BadInput("the rarest class has only one training row, which is too few to cross-validate")
    rounds = []
    for rows, folds, kept in budget.rounds[:-1]:
        rows = max(rows, min_rows)
        if rows < 0.8 * n_rows:
            rounds.append((rows, min(folds, max_folds), kept))
    _, folds, kept = budget.rounds[-1]
    return [*rounds, (n_rows, min(folds, max_folds), kept)]


def count_fits(budget, rounds):
    """Count the fits of the search, of the ensemble and the four baselines, provided that nothing ends them early."""
    networks, others = len(candidates(budget, 0)), 4 + (budget.n_members > 0)
    fits = others * rounds[-1][1]
    for _, folds, kept in rounds:
        fits += networks * folds
        networks = min(networks, kept)
    return fits
