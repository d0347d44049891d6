"""Samples and weights that scikit-learn's validation accepts, prepared for the kernels."""

import numpy as np
import scipy.sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, validate_data

from sknn_concepts.validation.arrays import check_compressed
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.labels import number_labels


def check_samples(estimator, X, y="no_validation", *, reset, **options):
    """Validate samples, and targets if there are any, without casting more than needed; return X, or X and y.

    Numbers of any type keep it, so that a memory map of bytes is not copied: batches are cast when they are gathered.
    Sparse matrices become CSR. If `reset`, ``n_features_in_`` and ``feature_names_in_`` of the estimator are set;
    otherwise they are checked. ``y=None`` raises the error of an estimator that requires targets. The options are those
    of :func:`sklearn.utils.validation.validate_data`.
    """
    check_form(X)
    targets = {} if isinstance(y, str) and y == "no_validation" else {"y": y}
    checked = validate_data(estimator, X, **targets, accept_sparse="csr", dtype="numeric", reset=reset, **options)
    X, *rest = checked if targets else (checked,)
    if scipy.sparse.issparse(X):
        X = contiguous(X)
    elif not X.dtype.isnative:
        X = X.astype(X.dtype.newbyteorder("="))
    if X.dtype == np.float16:
        X = X.astype(np.float32)
    elif X.dtype.kind not in "fiub" or X.dtype.itemsize not in (1, 2, 4, 8):
        with np.errstate(over="ignore"):
            X = X.astype(np.float64)
        assert_all_finite(X, input_name="X")  # extended precision has a wider range than double precision
    if scipy.sparse.issparse(X) and not X.has_canonical_format and not X.has_sorted_indices:
        X = X.sorted_indices()
    return (X, *rest) if targets else X


def contiguous(X):
    """Samples, dense or CSR, whose arrays are contiguous and of native byte order; copied where necessary."""
    if not scipy.sparse.issparse(X):
        return np.ascontiguousarray(X)
    parts = X.data, X.indices, X.indptr
    if all(part.flags.c_contiguous and part.dtype.isnative for part in parts):
        return X
    return type(X)(tuple(np.ascontiguousarray(part, part.dtype.newbyteorder("=")) for part in parts), X.shape)


def check_form(X):
    """Raise ValueError if scikit-learn's validation accepts samples that the kernels cannot take.

    These are sparse matrices whose arrays are inconsistent, records, and dates, which would become nanoseconds. Raises
    TypeError if they are a query that was not executed yet.
    """
    check_collected(X)
    if scipy.sparse.issparse(X):
        if X.format in ("csr", "csc"):
            check_compressed("X", X)
        return
    if isinstance(X, list | tuple):
        dtypes = [np.asarray(X[:1]).dtype]
    else:
        dtypes = getattr(X, "dtypes", None)  # those of the columns of a frame
        dtypes = [getattr(X, "dtype", None)] if dtypes is None else dtypes
    for dtype in dtypes:
        if getattr(dtype, "kind", "") in ("m", "M", "V"):
            raise ValueError(f"X must hold real numbers; its dtype is {dtype}. Convert dates and records to numbers.")


def check_collected(X):
    """Raise TypeError if X is a lazy frame, such as those of polars."""
    if hasattr(X, "collect") and not hasattr(X, "shape"):
        raise TypeError(f"X is a {type(X).__name__}, which has no values yet. Pass X.collect().")


def canonical(X):
    """Samples, dense or CSR, of which sparse ones have sorted indices and no duplicates; copied where necessary."""
    if scipy.sparse.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def largest_magnitude(X):
    """Largest magnitude of the numbers in samples, dense or sparse; 0 if there are none."""
    values = X.data if scipy.sparse.issparse(X) else X
    return max(float(values.max()), -float(values.min())) if values.size else 0.0  # abs would make a copy


def check_weights(sample_weight, X, name=None):
    """Validate sample weights, which become an array of float64 unless they are None.

    Raises ValueError if they are not finite numbers, one for each sample, or if their sum overflows; the message begins
    with `name`.
    """
    if sample_weight is None:
        return None
    try:
        checked = _check_sample_weight(sample_weight, X, dtype=np.float64)
    except (ValueError, TypeError) as error:
        if name is None:
            raise
        raise type(error)(f"{name}: {error}") from error
    return addable(checked, name or "sample_weight")


def addable(weights, names):
    """Return weights, or raise a ValueError with the `names` of the arguments they come from if their sum overflows."""
    with np.errstate(over="ignore"):
        total = np.abs(weights).sum()
    if not np.isfinite(total):
        raise ValueError(
            f"The sum of the weights overflows; the largest is {np.abs(weights).max():g}. Scale {names} down: only "
            "their ratios matter to the loss, and their size to the penalty."
        )
    return weights


def check_some_weight(weights, name):
    """Raise ValueError if all weights are zero."""
    if weights is not None and not np.any(weights):
        raise ValueError(f"{name} must contain at least one non-zero number.")


def check_total_weight(weights, name):
    """Raise ValueError unless the sum of the weights is positive."""
    if weights is not None and not np.sum(weights) > 0:
        raise ValueError(f"The sum of {name} must be positive; it is {np.sum(weights):g}.")


def network_dtype(X, dtype):
    """Return the user's dtype of a network; None means float32 for float32 samples and float64 for all others."""
    if dtype is None:
        return np.dtype(np.float32 if X.dtype == np.float32 else np.float64)
    try:
        chosen = np.dtype(dtype)
    except Exception:  # NumPy raises a TypeError, ValueError or SyntaxError, whatever it was given
        chosen = None
    if chosen not in (np.float32, np.float64):
        raise ValueError(f"The 'dtype' parameter must be float32, float64 or None. Got {dtype!r} instead.")
    return chosen


def check_class_weight(class_weight, several=False):
    """Raise ValueError unless class weights are of a kind that scikit-learn takes, and finite.

    If samples have `several` labels, it may be a list with a dict for each label.
    """
    if isinstance(class_weight, list) and not several:
        raise ValueError(
            f"The 'class_weight' parameter takes a list for targets with several labels only. Got {class_weight!r} "
            "instead of a dict, 'balanced' or None."
        )
    for one in class_weight if isinstance(class_weight, list) else [class_weight]:
        if one is None or isinstance(one, str):
            continue
        if not isinstance(one, dict):
            raise ValueError(f"The 'class_weight' parameter must hold dicts. Got {one!r} in {class_weight!r}.")
        for label, weight in one.items():
            if not Number(None, None, closed="neither").is_satisfied_by(weight):
                raise ValueError(
                    f"The 'class_weight' parameter must hold finite numbers. Got {weight!r} for {label!r}."
                )


def balanced_weights(totals):
    """Weights of classes, given the total weights of their samples, that make those with samples count alike."""
    present = totals > 0
    return totals.sum() / (present.sum() * np.where(present, totals, 1.0))


def weigh_classes(class_weight, classes, y, sample_weight):
    """Multiply sample weights, which may be None, with the weights of the samples' classes.

    "balanced" ignores classes without samples or weight, and takes the sample weights into account. `y` contains
    labels, or indicators of several labels, whose weights are multiplied.
    """
    if class_weight is None:
        return sample_weight
    check_class_weight(class_weight, several=y.ndim == 2)
    if y.ndim == 2:
        of_class = compute_sample_weight(class_weight, y)
    else:
        codes = number_labels(y, classes)
        if isinstance(class_weight, str):  # "balanced", where classes may be missing
            weights = balanced_weights(np.bincount(codes, sample_weight, len(classes)))
        else:
            weights = compute_class_weight(class_weight, classes=classes, y=y)
        of_class = weights[codes]
    with np.errstate(over="ignore"):
        weights = of_class if sample_weight is None else of_class * sample_weight
    return addable(weights, "class_weight or sample_weight")
