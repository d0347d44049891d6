"""Checks of the layers of a fitted estimator: consecutive shapes, and real and finite numbers."""

import numpy as np
import scipy.sparse

from sknn_concepts.validation.arrays import cast_finite, common_dtype, is_finite, numbers, numbers_or_compressed
from sknn_concepts.validation.fitted_state import attribute, check_classes, features_of, known_finite, list_of

FLOATS = {np.dtype(np.float32), np.dtype(np.float64)}


def layer_shapes(network):
    """Return the shapes of a network's weights; raise ValueError unless they lead from its features to its outputs."""
    coefs, intercepts = list_of(network, "coefs_"), list_of(network, "intercepts_")
    if len(coefs) != len(intercepts) or not len(coefs):
        raise ValueError(
            f"coefs_ has {len(coefs)} matrices and intercepts_ has {len(intercepts)} vectors; there must be one of "
            "each for each layer after the input."
        )
    fan_in, shapes = features_of(network), []
    for layer, (w, b) in enumerate(zip(coefs, intercepts, strict=True)):
        shape, intercept_shape = _shape(f"coefs_[{layer}]", w), _shape(f"intercepts_[{layer}]", b)
        if len(shape) != 2 or fan_in not in (shape[0], None) or 0 in shape:
            wanted = "features" if fan_in is None else fan_in
            raise ValueError(
                f"coefs_[{layer}] of shape {shape} does not follow on a layer of {wanted} units: it must have shape "
                f"({wanted}, n_units)."
            )
        if intercept_shape != shape[1:]:
            raise ValueError(
                f"intercepts_[{layer}] has shape {intercept_shape}; coefs_[{layer}], of shape {shape}, asks for "
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
    """Return the weights (dense, CSR or CSC) and intercepts of a network whose shapes are checked, in its dtype.

    Raises ValueError if they are not real and finite.
    """
    coefs = [numbers_or_compressed(f"coefs_[{layer}]", w) for layer, w in enumerate(network.coefs_)]
    intercepts = [numbers(f"intercepts_[{layer}]", b) for layer, b in enumerate(network.intercepts_)]
    dtype = common_dtype([*map(_stored, coefs), *intercepts])
    return tuple(
        [cast_finite(f"{name}[{layer}]", array, dtype) for layer, array in enumerate(arrays)]
        for name, arrays in (("coefs_", coefs), ("intercepts_", intercepts))
    )


def _stored(weights):
    return weights.data if scipy.sparse.issparse(weights) else weights


def linear_layer(model, again=False):
    """Return the checked weights and intercepts of a linear classifier: the attributes themselves if possible.

    With `again`, large weights that were found finite before are trusted, as for few rows. Raises ValueError if the
    shapes do not fit each other, the features and the classes, or if numbers are not real and finite.
    """
    if _is_as_fitted(model) and known_finite(model, model.coef_, again) and is_finite(model.intercept_):
        return model.coef_, model.intercept_
    coef = numbers_or_compressed("coef_", attribute(model, "coef_"))
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
    dtype = common_dtype([_stored(coef) if _stored(coef).dtype.kind == "f" else intercept])
    return cast_finite("coef_", coef, dtype), cast_finite("intercept_", intercept, dtype)


def _is_as_fitted(model):
    """Whether all types and shapes are as fit leaves them, which spares most predictions the longer check."""
    state = vars(model)
    coef, intercept, classes = (state.get(name) for name in ("coef_", "intercept_", "classes_"))
    if not type(coef) is type(intercept) is type(classes) is np.ndarray or coef.ndim != 2 or classes.ndim != 1:
        return False
    if coef.dtype not in FLOATS or coef.dtype != intercept.dtype or coef.shape[1] != features_of(model):
        return False
    n_outputs = len(coef)
    fitting = intercept.shape == (n_outputs,) and len(classes) == max(n_outputs, 2)
    return fitting and n_outputs != 2 and coef.size > 0
