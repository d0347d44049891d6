"""Networks of given weights."""

from typing import Any

import numpy as np

from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.multilayer.choices import choose_for_training
from sknn_concepts.validation.arrays import cast_finite, common_dtype, numbers
from sknn_concepts.validation.constraints import check_parameters
from sknn_concepts.validation.labels import make_binarizer
from sknn_concepts.validation.layer_checks import layer_shapes


def network_from_weights(
    coefs: Any, intercepts: Any = None, *, classes: Any = None, **parameters: Any
) -> MLPClassifier | MLPRegressor:
    """Make a fitted network of given weights.

    It predicts, and can be explained, pruned, or trained further: with ``partial_fit``, or with ``fit`` if
    ``warm_start=True`` is among the parameters.

    Parameters
    ----------
    coefs : list of array-like of shape (fan_in, fan_out)
        Weights of each layer. Columns are the units to which they lead, as in ``coefs_``.
    intercepts : list of array-like of shape (fan_out,) or float, default=None
        Intercepts of each layer; a number stands for all units of a layer. By default they are 0.
    classes : array-like of shape (n_classes,), default=None
        Classes, sorted: the network becomes an MLPClassifier. By default it is an MLPRegressor.
    **parameters
        Parameters of the estimator, such as `activation`, `loss` and, for regression, `output_activation`;
        `hidden_layer_sizes` follows from the weights.

    Returns
    -------
    network : MLPClassifier or MLPRegressor
        Fitted network. It computes in single precision if all weights are float32.

    Raises
    ------
    ValueError
        If the shapes do not fit each other or the classes, if a number is not finite, or if a parameter is out of its
        range.
    TypeError
        If the estimator does not have a parameter.

    Examples
    --------
    The exclusive or, by two hidden units:

    >>> from sknn_concepts.inspection import network_from_weights
    >>> xor = network_from_weights([[[1, 1], [1, 1]], [[1], [-2]]], [[0, -1], 0], activation="relu")
    >>> xor.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0., 1., 1., 0.])
    """
    matrices = [numbers(f"coefs[{layer}]", w) for layer, w in enumerate(coefs)]
    if not matrices or any(w.ndim != 2 for w in matrices):
        raise ValueError(f"coefs must be a list of matrices; their shapes are {[w.shape for w in matrices]}.")
    vectors = _vectors(matrices, [0.0] * len(matrices) if intercepts is None else intercepts)
    sizes = tuple(w.shape[1] for w in matrices[:-1])
    known = None if classes is None else np.asarray(classes)
    make = MLPRegressor if known is None else MLPClassifier
    network = make(hidden_layer_sizes=sizes, **parameters)
    check_parameters(network)
    dtype = common_dtype([*matrices, *(b for b in vectors if b.dtype.kind == "f")])
    network.coefs_ = [cast_finite(f"coefs[{layer}]", w, dtype) for layer, w in enumerate(matrices)]
    network.intercepts_ = [cast_finite(f"intercepts[{layer}]", b, dtype) for layer, b in enumerate(vectors)]
    network.n_features_in_, network.n_outputs_ = len(matrices[0]), matrices[-1].shape[1]
    network.n_layers_, network.n_iter_, network.t_ = len(matrices) + 1, 0, 0
    layer_shapes(network)
    if known is not None:
        _set_classes(network, known)
    network._set_parameters(network._parameters())
    network._forget_training()
    network.out_activation_ = network._output_name(network._for_classes(choose_for_training(network)))
    return network


def _vectors(matrices, intercepts):
    """Return the intercepts of each layer as vectors, of which numbers stand for all units."""
    given = [numbers(f"intercepts[{layer}]", b) for layer, b in enumerate(intercepts)]
    if len(given) != len(matrices):
        raise ValueError(f"coefs has {len(matrices)} matrices, and intercepts {len(given)} vectors; both need as many.")
    return [np.repeat(b, w.shape[1]) if b.ndim == 0 else b for b, w in zip(given, matrices, strict=True)]


def _set_classes(network, classes):
    if classes.ndim != 1 or len(np.unique(classes)) != len(classes) or np.any(np.unique(classes) != classes):
        raise ValueError(f"classes must be sorted and distinct, in one dimension; they are {classes}.")
    network.classes_, network._label_binarizer = classes, make_binarizer(classes)
    n_outputs = 1 if len(classes) <= 2 else len(classes)
    if network.n_outputs_ != n_outputs:
        raise ValueError(
            f"classes has {len(classes)} classes, which need {n_outputs} output{'s' * (n_outputs != 1)}; the weights "
            f"lead to {network.n_outputs_}."
        )
