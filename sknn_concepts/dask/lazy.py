"""Predictions for Dask collections, which are computed when they are needed."""

import math

import dask
import dask.array
import numpy as np

from sknn_concepts.dask.collections import row_lengths, split_rows


def predict_lazily(estimator, method, X):
    """Apply a method of a fitted estimator without Dask to the blocks of a collection; return a Dask array."""
    example = getattr(estimator, method)(
        one_row(estimator.n_features_in_, getattr(estimator, "feature_names_in_", None))
    )
    predict = dask.delayed(_predict_block, pure=False)
    model, shape, meta = dask.delayed(estimator), example.shape[1:], example[:0]
    parts = split_rows(X)
    lengths = row_lengths(X) or [math.nan] * len(parts)
    blocks = [
        dask.array.from_delayed(predict(model, method, part, meta), (n, *shape), meta=meta)
        for part, n in zip(parts, lengths, strict=True)
    ]
    return dask.array.concatenate(blocks, allow_unknown_chunksizes=True)


def one_row(n_features, names=None):
    """Return a sample of zeros, in a frame if the features have names."""
    zeros = np.zeros((1, n_features))
    if names is None:
        return zeros
    import pandas  # what has given the names

    return pandas.DataFrame(zeros, columns=names)


def _predict_block(estimator, method, X, empty):
    return getattr(estimator, method)(X) if X.shape[0] else empty
