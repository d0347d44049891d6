"""The door to fitted state: whatever somebody may have replaced is checked here, before any kernel sees it.

A replacement is as good as what fit has left if it holds real numbers, finite ones, in the right shape: of any data
type, memory layout or kind of array, lists included. Anything else is a ValueError that names the attribute.
"""

import math
import weakref
from numbers import Integral

import numpy as np
import scipy.sparse

#: Parameters that are looked through in less time than it takes to remember that they were.
FEW_PARAMETERS = 8192


def attribute(estimator, name):
    """Fitted attribute that has to be there.

    Raises
    ------
    ValueError
        If it is not.
    """
    try:
        return getattr(estimator, name)
    except AttributeError:
        raise ValueError(f"The fitted attribute {name} is missing: set it, or fit the estimator again.") from None


def features_of(estimator):
    """Number of features in fit, None where it is not known.

    Raises
    ------
    ValueError
        If it is no whole number.
    """
    n_features = vars(estimator).get("n_features_in_")
    if n_features is not None and not isinstance(n_features, Integral):
        raise ValueError(f"n_features_in_ must be a whole number; it is {n_features!r}.")
    return n_features


def list_of(estimator, name):
    """Fitted attribute that is a list, or something like one."""
    value = attribute(estimator, name)
    if not isinstance(value, list | tuple) and not (isinstance(value, np.ndarray) and value.ndim):
        raise ValueError(f"{name} must be a list of arrays, one for each layer; it is {type(value).__name__}.")
    return value


def numbers(name, value):
    """Array of real numbers, in whatever data type and layout they come.

    Raises
    ------
    ValueError
        If they are no numbers, or complex ones.
    """
    if scipy.sparse.issparse(value):
        raise ValueError(f"{name} must be an array; it is a sparse matrix.")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers; its dtype is {array.dtype}.")
    return array


def common_dtype(arrays):
    """Dtype of a network: float32 where all of its floating-point numbers are no longer, float64 otherwise."""
    sizes = [array.dtype.itemsize for array in arrays if array.dtype.kind == "f"]
    return np.dtype(np.float32 if sizes and max(sizes) <= 4 else np.float64)


def is_finite(array):
    """Whether no number is NaN or infinite."""
    if array.size <= FEW_PARAMETERS and array.flags.c_contiguous and array.dtype.kind == "f":
        flat = array.reshape(-1)
        with np.errstate(over="ignore"):  # squares of sound numbers may overflow, too
            if math.isfinite(flat.dot(flat)):  # in half the time
                return True
    return bool(np.isfinite(array).all())


def known_finite(estimator, array, again):
    """Whether no number of an estimator's array is NaN or infinite.

    A large array that was looked through is not looked through `again` for a few rows: that may take longer than their
    prediction.
    """
    if array.size <= FEW_PARAMETERS:
        return is_finite(array)
    known = _looked_through.get(estimator) if again else None
    if known is not None and known() is array:
        return True
    finite = is_finite(array)
    if finite:
        _looked_through[estimator] = weakref.ref(array)
    return finite


_looked_through: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> array


def check_finite(name, array):
    """Raise ValueError, which names the attribute, unless all numbers are finite."""
    if not is_finite(array):
        place = tuple(map(int, np.argwhere(~np.isfinite(array))[0]))
        raise ValueError(f"{name} must be finite; {name}{list(place)} is {array[place]}.")


def check_compressed(name, matrix):
    """Raise ValueError unless a CSR or CSC matrix, whose arrays may have been changed, is one.

    Parameters
    ----------
    name : str
        For the message.
    matrix : sparse matrix or array
        In either of the two formats.
    """
    n_lines, width = matrix.shape if matrix.format == "csr" else matrix.shape[::-1]
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    wrong = None
    if not all(isinstance(array, np.ndarray) for array in (data, indices, indptr)):
        wrong = "data, indices and indptr must be arrays"
    elif any(array.ndim != 1 for array in (data, indices, indptr)) or indptr.size != n_lines + 1:
        wrong = f"data, indices and indptr have shapes {data.shape}, {indices.shape} and {indptr.shape}"
    elif indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        wrong = f"indices and indptr are {indices.dtype} and {indptr.dtype}"
    elif indptr[0] != 0 or np.any(indptr[1:] < indptr[:-1]):
        wrong = "indptr does not rise from 0"
    elif indptr[-1] > min(data.size, indices.size):
        wrong = f"indptr ends at {indptr[-1]}, data have {data.size} and indices {indices.size} numbers"
    else:
        used = indices[: indptr[-1]]
        if used.size and (used.min() < 0 or used.max() >= width):
            wrong = f"indices are from {used.min()} to {used.max()}, and there are {width} of what they count"
    if wrong:
        raise ValueError(f"{name} is no {matrix.format.upper()} matrix of shape {matrix.shape}: {wrong}.")


def check_classes(estimator, n_outputs, wanted):
    """Raise ValueError unless there are as many classes as the outputs of a network tell apart.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    n_outputs : int
        Outputs of its network.
    wanted : set of int
        Numbers of classes that go with them.
    """
    classes = np.asarray(attribute(estimator, "classes_"))
    if classes.ndim != 1 or classes.size not in wanted:
        raise ValueError(
            f"classes_ has shape {classes.shape}, and the weights lead to {n_outputs} output{'s' * (n_outputs != 1)}; "
            "two classes have one output, more have one each."
        )


def check_order(estimator):
    """Raise ValueError unless classes are in the order in which labels are looked up among them."""
    classes = np.asarray(estimator.classes_)
    try:
        rising = bool(np.all(classes[:-1] < classes[1:]))
    except TypeError:
        rising = False
    if not rising:
        raise ValueError(f"classes_ must be sorted and distinct, to look labels up among them; it is {classes}.")


def masks_of(estimator, shapes, names=("masks_", "intercept_masks_")):
    """Masks of the weights and of the intercepts that are left, checked.

    Parameters
    ----------
    estimator : estimator
        With masks.
    shapes : list of tuple
        Of the weights; the intercepts are as many as the columns of each, or, of a linear model, as its rows.
    names : tuple of str
        Of the attributes.

    Returns
    -------
    masks, intercept_masks : list of ndarray of bool

    Raises
    ------
    ValueError
        If they do not have the shapes of what they mask, or hold something else than true and false.
    """
    found = []
    linear = hasattr(estimator, "coef_")
    for name, of_weights in zip(names, (True, False), strict=True):
        masks = list_of(estimator, name)
        if len(masks) != len(shapes):
            raise ValueError(f"{name} has {len(masks)} masks; there must be {len(shapes)}, one for each layer.")
        part = []
        for layer, (given, shape) in enumerate(zip(masks, shapes, strict=True)):
            mask = numbers(f"{name}[{layer}]", given)
            wanted = tuple(shape) if of_weights else tuple(shape[:1] if linear else shape[1:])
            if mask.shape != wanted:
                raise ValueError(f"{name}[{layer}] has shape {mask.shape}; what it masks has {wanted}.")
            if mask.dtype != bool and np.any((mask != 0) & (mask != 1)):
                raise ValueError(f"{name}[{layer}] must be true where a weight is left, and false elsewhere.")
            part.append(mask.astype(bool, copy=False))
        found.append(part)
    return found


def check_removed(coefs, masks, names="coefs_[{}]"):
    """Raise ValueError if a weight that a mask says is removed is not zero.

    Parameters
    ----------
    coefs : list of ndarray
        Weights.
    masks : list of ndarray of bool
        Which of them are left.
    names : str
        What the weights of a layer are called.
    """
    for layer, (w, mask) in enumerate(zip(coefs, masks, strict=True)):
        wrong = np.argwhere((w != 0) & ~mask)
        if len(wrong):
            place = tuple(map(int, wrong[0]))
            name = names.format(layer)
            raise ValueError(
                f"{name}{list(place)} is {w[place]}, but masks_[{layer}] says that it is removed: change one of them."
            )
