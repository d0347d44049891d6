"""Rows to train on and rows held out."""

import numpy as np

#: Number of folds of which one is held out where there is only one split.
FOLDS_OF_ONE_SPLIT = 5


def make_folds(n_rows, n_folds, strata, random_state):
    """Split rows into folds.

    Each stratum is dealt out to the folds in turns, so that all folds contain all strata with enough rows.

    Parameters
    ----------
    n_rows : int
        Number of rows, at least 2.
    n_folds : int
        Number of folds. One stands for a single split.
    strata : ndarray of int of shape (n_rows,) or None
        Strata of the rows.
    random_state : RandomState
        Generator of the order of the rows.

    Returns
    -------
    folds : list of tuple of ndarray
        Rows to train on and rows held out, sorted.
    """
    n_parts = min(n_rows, n_folds if n_folds > 1 else FOLDS_OF_ONE_SPLIT)
    order = random_state.permutation(n_rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    part = np.empty(n_rows, dtype=int)
    part[order] = np.arange(n_rows) % n_parts
    folds = [(np.flatnonzero(part != number), np.flatnonzero(part == number)) for number in range(n_parts)]
    return folds if n_folds > 1 else folds[:1]
