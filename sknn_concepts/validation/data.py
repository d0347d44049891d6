"""Data at the border: what scikit-learn's validation lets through, made ready for the kernels."""

import numpy as np
import scipy.sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, validate_data

from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.fitted import check_compressed
from sknn_concepts.validation.labels import number_labels


def check_samples(estimator, X, y="no_validation", *, reset, **options):
    """Validate samples (and targets) without casting more than needed.

    Numbers of any type stay as they are, so that a memory map of bytes is not copied: batches are cast when they are
    gathered. Sparse matrices become CSR.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` and ``feature_names_in_`` are set or checked.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples.
    y : array-like, optional
        Targets; None raises the error of an estimator that needs them.
    reset : bool
        Set rather than check the features.
    **options : dict
        For :func:`sklearn.utils.validation.validate_data`.

    Returns
    -------
    X : ndarray or CSR matrix
    y : ndarray, only if given
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
        assert_all_finite(X, input_name="X")  # extended precision goes beyond what double precision holds
    if scipy.sparse.issparse(X) and not X.has_canonical_format and not X.has_sorted_indices:
        X = X.sorted_indices()
    return (X, *rest) if targets else X


def contiguous(X):
    """Samples whose arrays are contiguous, in the machine's byte order: the same, or a copy with those that were not.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)

    Returns
    -------
    X : ndarray or CSR matrix
    """
    if not scipy.sparse.issparse(X):
        return np.ascontiguousarray(X)
    parts = X.data, X.indices, X.indptr
    if all(part.flags.c_contiguous and part.dtype.isnative for part in parts):
        return X
    return type(X)(tuple(np.ascontiguousarray(part, part.dtype.newbyteorder("=")) for part in parts), X.shape)


def check_form(X):
    """Raise ValueError if samples are what scikit-learn's validation lets through, and kernels cannot take.

    Parameters
    ----------
    X : array-like or sparse matrix
        Samples as users pass them: sparse ones whose arrays are no matrix are refused, and so are records and dates,
        which would be taken for the nanoseconds since 1970.
    """
    if scipy.sparse.issparse(X):
        if X.format in ("csr", "csc"):
            check_compressed("X", X)
        return
    if isinstance(X, list | tuple):
        dtypes = [np.asarray(X[:1]).dtype]
    else:
        dtypes = getattr(X, "dtypes", None)  # of a frame's columns
        dtypes = [getattr(X, "dtype", None)] if dtypes is None else dtypes
    for dtype in dtypes:
        if getattr(dtype, "kind", "") in ("m", "M", "V"):
            raise ValueError(f"X must hold real numbers; its dtype is {dtype}. Make numbers of dates and records.")


def canonical(X):
    """Samples of which no number is stored in parts, and those of sparse ones in the order of the features.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Left alone.

    Returns
    -------
    X : ndarray or CSR matrix
        A copy where there was something to do.
    """
    if scipy.sparse.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def check_weights(sample_weight, X, name=None):
    """Validate weights: ndarray of shape (n_samples,) in float64, or None for none; `name` is for messages.

    Raises
    ------
    ValueError
        If they are no finite numbers, one for each sample, or too large to be added up.
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
    """The same weights, with a ValueError that names where they come from if their sum overflows."""
    with np.errstate(over="ignore"):
        total = np.abs(weights).sum()
    if not np.isfinite(total):
        raise ValueError(
            f"The sum of the weights overflows; the largest is {np.abs(weights).max():g}. Scale {names} down: only "
            "their ratios matter to the loss, and their size to the penalty."
        )
    return weights


def network_dtype(X, dtype):
    """Dtype of a network's numbers.

    Parameters
    ----------
    X : ndarray or sparse matrix
        Samples.
    dtype : dtype-like or None
        What the user asked for; None is float32 for float32 samples and float64 for all others.

    Returns
    -------
    dtype : dtype

    Raises
    ------
    ValueError
        If something else than float32 or float64 was asked for.
    """
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
    """Raise ValueError unless class weights are what scikit-learn takes, and finite.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
        The constructor argument.
    several : bool, default=False
        Whether samples have several labels: each of them may have a dict of its own, in a list.
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


def weigh_classes(class_weight, classes, y, sample_weight):
    """Sample weights times the weights of the samples' classes.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        As in scikit-learn; "balanced" passes over classes that are missing, or have no weight.
    classes : ndarray of shape (n_classes,)
        All classes.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Labels, or indicators of labels; the weights of several labels are multiplied.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights, which also count in "balanced".

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,) or None
    """
    if class_weight is None:
        return sample_weight
    check_class_weight(class_weight, several=y.ndim == 2)
    if y.ndim == 2:
        of_class = compute_sample_weight(class_weight, y)
    else:
        codes = number_labels(y, classes)
        if isinstance(class_weight, str):  # "balanced", where classes may be missing
            counts = np.bincount(codes, sample_weight, len(classes))
            present = counts > 0
            weights = counts.sum() / (present.sum() * np.where(present, counts, 1.0))
        else:
            weights = compute_class_weight(class_weight, classes=classes, y=y)
        of_class = weights[codes]
    with np.errstate(over="ignore"):
        weights = of_class if sample_weight is None else of_class * sample_weight
    return addable(weights, "class_weight or sample_weight")
