"""Distillation of an ensemble: one network is trained on its predictions."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts.tabular.ensemble.members import Member

#: Share of the rows that are held out for early stopping.
HELD_OUT_SHARE = 0.2

#: Probability below which a row is not repeated for a class, except for its most probable one.
NEGLIGIBLE_PROBABILITY = 1e-3

#: Minimum number of rows.
MIN_ROWS = 10


def distill(members, columns, predictions, network_class, as_targets):
    """Train one network on the predictions of an ensemble (Hinton, Vinyals and Dean, 2015).

    The network has the settings and the encoder of the first member that has hidden layers, or of the first member if
    none has.

    Parameters
    ----------
    members : list of Member
        Members of the ensemble, the one with the largest weight first.
    columns : Columns
        Rows to train on.
    predictions : ndarray of shape (n_rows, n_outputs)
        What the ensemble predicts for them.
    network_class : type
        MLPClassifier or MLPRegressor.
    as_targets : callable
        :func:`repeat_by_class` or :func:`repeat_once`.

    Returns
    -------
    member : Member
        The encoder and the only network.

    Raises
    ------
    ValueError
        If there are less than 10 rows.
    """
    if len(columns) < MIN_ROWS:
        raise ValueError(f"distill needs at least {MIN_ROWS} rows; got n_rows={len(columns)}.")
    chosen = next((member for member in members if member.settings.n_layers), members[0])
    encoded = chosen.encoder.transform(columns)
    order = np.random.RandomState(chosen.seed).permutation(len(encoded))
    n_held_out = int(HELD_OUT_SHARE * len(order))
    rows, y, weights = as_targets(order[n_held_out:], predictions)
    rows_val, y_val, weights_val = as_targets(order[:n_held_out], predictions)
    if weights is not None:
        known = np.isin(y_val, y)  # a class may be negligible in all rows but a held-out one
        rows_val, y_val, weights_val = rows_val[known], y_val[known], weights_val[known]
    network = network_class(**chosen.settings.network_parameters(len(rows), chosen.seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(
            encoded[rows],
            y,
            weights,
            X_val=encoded[rows_val],
            y_val=y_val,
            sample_weight_val=weights_val,
        )
    network._forget_training()
    return Member(chosen.settings, chosen.seed, chosen.encoder, {0: network})


def repeat_by_class(rows, probabilities):
    """Repeat rows for each class that is not improbable, with its probability as weight.

    The log loss of these rows is the cross-entropy between the probabilities and those of the network.

    Returns
    -------
    rows, classes : ndarray of int of shape (n_repeated,)
    weights : ndarray of shape (n_repeated,)
    """
    probabilities = probabilities[rows]
    largest = probabilities.max(axis=1, keepdims=True)
    places, classes = np.nonzero(probabilities >= np.minimum(NEGLIGIBLE_PROBABILITY, largest))
    return rows[places], classes, probabilities[places, classes]


def repeat_once(rows, numbers):
    """Return rows, their numbers, and None for equal weights."""
    numbers = numbers.astype(np.float32)
    return rows, numbers[rows, 0] if numbers.shape[1] == 1 else numbers[rows], None
