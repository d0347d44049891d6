"""Settings of the members of an ensemble: what they are, and the ranges from which they are drawn."""

import dataclasses
from collections.abc import Callable

import numpy as np

from sknn_concepts.initializers import LecunNormal
from sknn_concepts.optimizers import AdamW
from sknn_concepts.schedules import Cosine
from sknn_concepts.tabular.column_encoder import ColumnEncoder

#: Maximum number of columns that an embedding of numbers adds.
MAX_EMBEDDING_COLUMNS = 1024

#: Minimum number of epochs without improvement before training ends, and their share of all epochs.
MIN_PATIENCE, PATIENCE_SHARE = 16, 0.25

#: Share of the training during which the learning rate stays at its first value.
FLAT_SHARE = 0.3

#: Number of members that are drawn in one Latin hypercube.
N_DRAWN_TOGETHER = 12

#: Rows from which on batches have at least MIN_LARGE_BATCH samples.
MANY_ROWS, MIN_LARGE_BATCH = 8_000, 128

#: Samples, counted once for each epoch, beyond which there are fewer epochs, but not less than MIN_EPOCHS.
MAX_SAMPLES_SEEN, MIN_EPOCHS = 4_000_000, 16


@dataclasses.dataclass(frozen=True)
class MemberSettings:
    """Settings of a member: its encoder and its networks.

    Attributes
    ----------
    scaling, embedding, n_bins, frequency_scale
        Parameters of :class:`~sknn_concepts.tabular.TableEncoder`.
    n_layers, n_units : int
        Number of hidden layers, and of units in each. A network without hidden layers is linear.
    activation : str
        Activation of the hidden layers.
    learning_rate_init : float
        First learning rate of the schedule.
    weight_decay, beta_2 : float
        Parameters of the optimizer, AdamW.
    dropout : float
        Share of the hidden units that are dropped.
    intercept_scale : float
        Standard deviation of the initial intercepts.
    batch_size, max_iter : int
        Samples in a mini-batch, and maximum number of epochs, unless there are many rows.
    """

    scaling: str = "robust"
    embedding: str | None = "piecewise_linear"
    n_bins: int = 16
    frequency_scale: float = 0.2
    n_layers: int = 2
    n_units: int = 128
    activation: str = "relu"
    learning_rate_init: float = 0.002
    weight_decay: float = 0.0
    beta_2: float = 0.95
    dropout: float = 0.0
    intercept_scale: float = 0.5
    batch_size: int = 64
    max_iter: int = 128

    def make_encoder(self, random_state):
        """Make the unfitted encoder of the member."""
        return ColumnEncoder(
            self.scaling,
            self.embedding,
            n_bins=self.n_bins,
            frequency_scale=self.frequency_scale,
            max_embedding_columns=MAX_EMBEDDING_COLUMNS,
            scale_indicators=False,  # scaling would make rare levels large
            random_state=random_state,
        )

    def network_parameters(self, n_rows, random_state):
        """Return the parameters of a network of the member, which is trained on some rows."""
        batch_size = max(self.batch_size, MIN_LARGE_BATCH) if n_rows >= MANY_ROWS else self.batch_size
        max_iter = min(self.max_iter, max(MIN_EPOCHS, MAX_SAMPLES_SEEN // n_rows))
        return {
            "hidden_layer_sizes": (self.n_units,) * self.n_layers,
            "activation": self.activation,
            "initializer": LecunNormal(self.intercept_scale if self.n_layers else 0.0),
            "solver": AdamW(beta_2=self.beta_2, weight_decay=self.weight_decay),
            "learning_rate": Cosine(flat=FLAT_SHARE),
            "learning_rate_init": self.learning_rate_init,
            "alpha": 0.0,
            "dropout": self.dropout,
            "batch_size": min(batch_size, n_rows),
            "max_iter": max_iter,
            "early_stopping": True,
            "early_stopping_scoring": "loss",
            "n_iter_no_change": max(MIN_PATIENCE, int(PATIENCE_SHARE * max_iter)),
            "tol": 0.0,
            "n_jobs": 1,
            "random_state": random_state,
        }


#: Settings of the first members of every ensemble: a linear network, and one that suits most tables.
FIXED = (
    MemberSettings("standard", None, n_layers=0, learning_rate_init=0.005, beta_2=0.999, max_iter=64),
    MemberSettings(),
)


def _choose(values, shares):
    """Return a function that takes one of some values, given a number between 0 and 1."""
    bounds = np.cumsum(shares)[:-1]
    return lambda u: values[int(np.searchsorted(bounds, u, side="right"))]


def _log_uniform(low, high):
    return lambda u: float(low * (high / low) ** u)


def _zero_or(share_of_zero, draw):
    """Return a function that is 0 with some probability, and otherwise draws."""
    return lambda u: 0.0 if u < share_of_zero else draw((u - share_of_zero) / (1.0 - share_of_zero))


#: How each setting follows from a number that is uniform between 0 and 1.
RANGES: dict[str, Callable] = {
    "scaling": _choose(("robust", "standard", "quantile"), (0.45, 0.35, 0.2)),
    "embedding": _choose((None, "piecewise_linear", "periodic"), (0.3, 0.5, 0.2)),
    "n_bins": _choose((4, 8, 16, 32, 64), (0.2, 0.2, 0.2, 0.2, 0.2)),
    "frequency_scale": _log_uniform(0.05, 0.5),
    "n_layers": _choose((1, 2, 3), (0.25, 0.5, 0.25)),
    "n_units": _choose((64, 128, 256), (0.3, 0.55, 0.15)),
    "activation": _choose(("relu", "mish", "gelu"), (0.5, 0.25, 0.25)),
    "learning_rate_init": _log_uniform(0.001, 0.005),
    "weight_decay": _zero_or(0.5, _log_uniform(0.01, 0.5)),
    "beta_2": _choose((0.95, 0.99, 0.999), (0.34, 0.33, 0.33)),
    "dropout": _zero_or(0.6, lambda u: 0.05 + 0.25 * u),
    "intercept_scale": _choose((0.0, 0.5, 1.0), (0.25, 0.35, 0.4)),
    "batch_size": _choose((32, 64, 128, 256), (0.15, 0.35, 0.35, 0.15)),
    "max_iter": _choose((64, 128), (0.6, 0.4)),
}


def draw_settings(n_members, random_state):
    """Draw the settings of the members of an ensemble.

    The first ones are `FIXED`. The others are drawn in Latin hypercubes (McKay, Beckman and Conover, 1979), which cover
    the ranges more evenly than independent draws do. More members continue the sequence.

    Parameters
    ----------
    n_members : int
        Number of members.
    random_state : int
        Seed of the sequence.

    Returns
    -------
    settings : list of MemberSettings
    """
    generator, drawn = np.random.default_rng(random_state), list(FIXED)
    while len(drawn) < n_members:
        cells = generator.permuted(np.tile(np.arange(N_DRAWN_TOGETHER), (len(RANGES), 1)), axis=1).T
        points = (cells + generator.random(cells.shape)) / N_DRAWN_TOGETHER
        for point in points.tolist():
            named = zip(RANGES.items(), point, strict=True)
            drawn.append(MemberSettings(**{name: draw(u) for (name, draw), u in named}))
    return drawn[:n_members]
