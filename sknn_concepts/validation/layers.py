"""Layers of a fitted estimator, checked: shapes that follow on each other, and real and finite numbers."""

import numpy as np
import scipy.sparse

from sknn_concepts.validation.fitted import (
    attribute,
    check_classes,
    check_compressed,
    check_finite,
    common_dtype,
    features_of,
    is_finite,
    known_finite,
    list_of,
    numbers,
)

FLOATS = {np.dtype(np.float32), np.dtype(np.float64)}


def layer_shapes(network):
    """Shapes of a network's weights, checked to follow on each other and to lead from its features to its outputs.

    Parameters
    ----------
    network : multilayer perceptron
        Fitted.

    Returns
    -------
    shapes : list of tuple (fan_in, fan_out)

    Raises
    ------
    ValueError
        If they do not.
    """
    coefs, intercepts = list_of(network, "coefs_"), list_of(network, "intercepts_")
    if len(coefs) != len(intercepts) or not len(coefs):
        raise ValueError(
            f"coefs_ has {len(coefs)} matrices and intercepts_ has {len(intercepts)} vectors; there must be one of "
            "each for each layer after the input."
        )
    fan_in, shapes = features_of(network), []
    for layer, (w, b) in enumerate(zip(coefs, intercepts, strict=True)):
        shape, of_intercepts = _shape(f"coefs_[{layer}]", w), _shape(f"intercepts_[{layer}]", b)
        if len(shape) != 2 or fan_in not in (shape[0], None) or 0 in shape:
            wanted = "features" if fan_in is None else fan_in
            raise ValueError(
                f"coefs_[{layer}] of shape {shape} does not follow on a layer of {wanted} units: it must have shape "
                f"({wanted}, n_units)."
            )
        if of_intercepts != shape[1:]:
            raise ValueError(
                f"intercepts_[{layer}] has shape {of_intercepts}; coefs_[{layer}], of shape {shape}, asks for "
                f"{shape[1:]}."
            )
        shapes.append(shape)
        fan_in = shape[1]
    n_outputs = attribute(network, "n_outputs_")
    if n_outputs != fan_in:
        raise ValueError(
            f"coefs_[{len(shapes) - 1}] of shape {shapes[-1]} leads to {fan_in} outputs, and n_outputs_ is "
            f"{n_outputs!r}."
        )
    return shapes


def _shape(name, value):
    try:
        return np.shape(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None


def layers(network):
    """Weights and intercepts of a network without sparse weights, checked, in its dtype.

    Parameters
    ----------
    network : multilayer perceptron
        Whose shapes are checked.

    Returns
    -------
    coefs, intercepts : list of ndarray

    Raises
    ------
    ValueError
        If they are no real and finite numbers.
    """
    coefs = [_weights(f"coefs_[{layer}]", w) for layer, w in enumerate(network.coefs_)]
    intercepts = [numbers(f"intercepts_[{layer}]", b) for layer, b in enumerate(network.intercepts_)]
    dtype = common_dtype([*(w.data if scipy.sparse.issparse(w) else w for w in coefs), *intercepts])
    parts = {"coefs_": coefs, "intercepts_": intercepts}
    for name, arrays in parts.items():
        for layer, array in enumerate(arrays):
            arrays[layer] = _cast(f"{name}[{layer}]", array, dtype)
    return coefs, intercepts


def _weights(name, value):
    return compressed(name, value) if scipy.sparse.issparse(value) else numbers(name, value)


def compressed(name, value):
    """CSR or CSC matrix of real numbers, checked.

    Raises
    ------
    ValueError
        If its arrays, which may have been changed, are no matrix of its shape, or if it holds no real numbers.
    """
    if value.format not in ("csr", "csc"):
        value = value.tocoo()
        for axis, places in enumerate((value.row, value.col)):
            if places.size and (places.min() < 0 or places.max() >= value.shape[axis]):
                raise ValueError(f"{name} has numbers outside of its shape, {value.shape}.")
        value = value.tocsc()
    check_compressed(name, value)
    numbers(f"{name}.data", value.data)
    return value


def _cast(name, array, dtype):
    """The same in a dtype, checked to be finite there."""
    if array.dtype != dtype or not array.dtype.isnative:
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    check_finite(name, array.data[: array.indptr[-1]] if scipy.sparse.issparse(array) else array)
    return array


def linear_layer(model, again=False):
    """Weights and intercepts of a linear classifier, checked.

    Parameters
    ----------
    model : LogisticRegression or Perceptron
        Fitted.
    again : bool, default=False
        Whether large weights that were found finite before are known to be so, for few rows.

    Returns
    -------
    coef : ndarray or CSR or CSC matrix of shape (n_outputs, n_features)
        ``coef_`` itself where nothing had to be converted.
    intercept : ndarray of shape (n_outputs,)
        The same of ``intercept_``.

    Raises
    ------
    ValueError
        If they do not fit to each other, to the features or the classes, or are no real and finite numbers.
    """
    if _is_as_fitted(model) and known_finite(model, model.coef_, again) and is_finite(model.intercept_):
        return model.coef_, model.intercept_
    coef = _weights("coef_", attribute(model, "coef_"))
    intercept = numbers("intercept_", attribute(model, "intercept_"))
    n_features = features_of(model)
    if coef.ndim != 2 or n_features not in (coef.shape[1], None) or 0 in coef.shape:
        wanted = "n_features" if n_features is None else n_features
        raise ValueError(f"coef_ has shape {coef.shape}; it must have shape (n_outputs, {wanted}).")
    if intercept.shape != coef.shape[:1]:
        raise ValueError(
            f"intercept_ has shape {intercept.shape}; coef_, of shape {coef.shape}, asks for {coef.shape[:1]}."
        )
    n_outputs = len(intercept)
    check_classes(model, n_outputs, {2} if n_outputs == 1 else {n_outputs} - {2})
    of_weights = coef.data if scipy.sparse.issparse(coef) else coef
    dtype = common_dtype([of_weights if of_weights.dtype.kind == "f" else intercept])
    return _cast("coef_", coef, dtype), _cast("intercept_", intercept, dtype)


def _is_as_fitted(model):
    """Whether all has the types and shapes that fit leaves; a quick look that spares most predictions a long one."""
    state = vars(model)
    coef, intercept, classes = (state.get(name) for name in ("coef_", "intercept_", "classes_"))
    if not type(coef) is type(intercept) is type(classes) is np.ndarray or coef.ndim != 2 or classes.ndim != 1:
        return False
    if coef.dtype not in FLOATS or coef.dtype != intercept.dtype or coef.shape[1] != features_of(model):
        return False
    n_outputs = len(coef)
    of_outputs = intercept.shape == (n_outputs,) and len(classes) == max(n_outputs, 2)
    return of_outputs and n_outputs != 2 and coef.size > 0
