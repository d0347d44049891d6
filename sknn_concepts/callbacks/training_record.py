"""Records of fits: what happens in each layer."""

import contextvars
from typing import Self

from sknn_concepts.callbacks.passive import PassiveCallback
from sknn_concepts.training.record import LayerRecord

_active: contextvars.ContextVar = contextvars.ContextVar("record", default=False)


class TrainingRecord(PassiveCallback):
    """Record of what happens in each layer of a network during its training.

    A fit of MLPClassifier or MLPRegressor within a ``with`` block sets the attribute ``record_``, a dict of arrays of
    shape (n_epochs, n_layers), with a column for each layer of weights; for ``solver="lbfgs"`` with a row for each
    iteration. :func:`sknn_concepts.inspection.diagnose` reads it, and
    :class:`sknn_concepts.inspection.TrainingHealthDisplay` shows it. From scikit-learn 1.9 on,
    ``set_callbacks(TrainingRecord())`` does the same for one estimator.

    - ``"gradient_norm"``: norm of the gradient of the loss, without penalty, with respect to the weights; of the last
      mini-batch of the epoch.
    - ``"weight_norm"``: norm of the weights.
    - ``"update_ratio"``: norm of the change of the weights in the epoch, divided by their norm before.
    - ``"dead"``: share of the units of "relu", "gelu", "silu" or "mish" whose slope is zero (below 0.001) for all
      samples of the last mini-batch.
    - ``"saturated"``: share of the units of "logistic" or "tanh" whose mean slope over this mini-batch, or over some of
      its samples, is below 5 % of the largest slope.
    - ``"similarity"``: share of the squared norm of a hidden layer's weights that its units have in common,
      ||sum_j w_j||^2 / (n_units sum_j ||w_j||^2), where w_j are the incoming weights of unit j. It is 1 for equal
      units, and about 1 / n_units for independent ones.

    What does not exist for a layer is NaN. If numbers overflow in an epoch, its norms and ratios are infinite. Calls of
    ``partial_fit``, and of ``fit`` with ``warm_start=True``, append to the record. Retraining after pruning, ensembles,
    LogisticRegression and Perceptron are not recorded.

    Notes
    -----
    The record reads the arrays that the last mini-batch has left, so that it costs a few vector operations an epoch:
    for a network of 64, 100 and 10 units and 1,800 samples about 3 % of the time, more for tiny data sets. If
    mini-batches have fewer than 32 samples, or for "lbfgs", 64 samples pass through the network once more.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.callbacks import TrainingRecord
    >>> X, y = load_iris(return_X_y=True)
    >>> with TrainingRecord():
    ...     network = MLPClassifier((20, 10), max_iter=300, random_state=0).fit(X, y)
    >>> network.record_["gradient_norm"].shape == (network.n_iter_, 3)
    True
    """

    def __repr__(self):
        return "TrainingRecord()"

    def __enter__(self) -> Self:
        self._token = _active.set(True)
        return self

    def __exit__(self, *exception: object) -> None:
        _active.reset(self._token)


def begin_record(estimator, activations):
    """Return the record of a fit, which goes on from that of earlier calls; None if none is asked for."""
    callbacks = vars(estimator).get("_skl_callbacks", ())
    if not _active.get() and not any(isinstance(callback, TrainingRecord) for callback in callbacks):
        return None
    before = vars(estimator).get("record_")
    return LayerRecord(activations, 1.0 - estimator.dropout, before)
