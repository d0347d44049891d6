"""Checks of fitted attributes, which somebody may have replaced, before a kernel sees them."""

import weakref
from numbers import Integral

import numpy as np
from sklearn.exceptions import NotFittedError

from sknn_concepts.validation.arrays import MAX_ALWAYS_SEARCHED_SIZE, is_finite, numbers


def attribute(estimator, name):
    """Return a fitted attribute; raise NotFittedError if it is missing, so that hasattr of a property is False."""
    try:
        return getattr(estimator, name)
    except AttributeError:
        raise NotFittedError(f"The fitted attribute {name} is missing: set it, or fit the estimator again.") from None


def features_of(estimator):
    """Return the number of features seen in fit, None if it is unknown; raise ValueError if it is no integer."""
    n_features = vars(estimator).get("n_features_in_")
    if n_features is not None and not isinstance(n_features, Integral):
        raise ValueError(f"n_features_in_ must be a whole number; it is {n_features!r}.")
    return n_features


def list_of(estimator, name):
    """Return a fitted attribute that is a list, a tuple or an array; raise ValueError if it is missing or another."""
    value = attribute(estimator, name)
    if not isinstance(value, list | tuple) and not (isinstance(value, np.ndarray) and value.ndim):
        raise ValueError(f"{name} must be a list of arrays, one for each layer; it is {type(value).__name__}.")
    return value


def known_finite(estimator, array, again):
    """Whether no number of an estimator's array is NaN or infinite.

    A large array that was found finite before is not searched `again`: for few rows that may take longer than their
    prediction.
    """
    if array.size <= MAX_ALWAYS_SEARCHED_SIZE:
        return is_finite(array)
    known = _found_finite.get(estimator) if again else None
    if known is not None and known() is array:
        return True
    finite = is_finite(array)
    if finite:
        _found_finite[estimator] = weakref.ref(array)
    return finite


_found_finite: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> reference to its array


def check_classes(estimator, n_outputs, allowed):
    """Raise ValueError unless the number of classes of a fitted classifier is one that its number of outputs allows."""
    classes = np.asarray(attribute(estimator, "classes_"))
    if classes.ndim != 1 or classes.size not in allowed:
        raise ValueError(
            f"classes_ has shape {classes.shape}, and the weights lead to {n_outputs} output{'s' * (n_outputs != 1)}; "
            "two classes have one output, more have one each."
        )


def check_order(estimator):
    """Raise ValueError unless the classes are sorted and distinct, so that labels can be looked up among them."""
    classes = np.asarray(estimator.classes_)
    try:
        rising = bool(np.all(classes[:-1] < classes[1:]))
    except TypeError:
        rising = False
    if not rising:
        raise ValueError(f"classes_ must be sorted and distinct, to look labels up among them; it is {classes}.")


def masks_of(estimator, shapes):
    """Return the masks of weights of some shapes, and the masks of their intercepts, as two lists of arrays of bool.

    Each column of weights has an intercept, or each row in a linear model. Raises ValueError if a mask does not have
    the shape of what it masks, or is not boolean.
    """
    axis = 0 if hasattr(estimator, "coef_") else 1
    wanted = {"masks_": [tuple(shape) for shape in shapes], "intercept_masks_": [(shape[axis],) for shape in shapes]}
    return [_masks(name, list_of(estimator, name), wanted[name]) for name in wanted]


def _masks(name, given, shapes):
    if len(given) != len(shapes):
        raise ValueError(f"{name} has {len(given)} masks; there must be {len(shapes)}, one for each layer.")
    masks = []
    for layer, shape in enumerate(shapes):
        mask = numbers(f"{name}[{layer}]", given[layer])
        if mask.shape != shape:
            raise ValueError(f"{name}[{layer}] has shape {mask.shape}; what it masks has {shape}.")
        if mask.dtype != bool and np.any((mask != 0) & (mask != 1)):
            raise ValueError(f"{name}[{layer}] must be true where a weight is left, and false elsewhere.")
        masks.append(mask.astype(bool, copy=False))
    return masks


def check_removed(coefs, masks):
    """Raise ValueError if a weight of a network is not zero, although its mask marks it as removed."""
    for layer, (w, mask) in enumerate(zip(coefs, masks, strict=True)):
        wrong = np.argwhere((w != 0) & ~mask)
        if len(wrong):
            place = tuple(map(int, wrong[0]))
            raise ValueError(
                f"coefs_[{layer}]{list(place)} is {w[place]}, but masks_[{layer}] says that it is removed: change one "
                "of them."
            )
