"""Dask collections as lists of lazy blocks, which go together row by row."""

import math

import dask.array

try:
    import dask.dataframe

    FRAMES: tuple = (dask.dataframe.DataFrame, dask.dataframe.Series)
except ImportError:  # it needs pandas
    FRAMES = ()


def is_collection(data):
    """Return whether data are an array, frame or series of Dask."""
    return isinstance(data, (dask.array.Array, *FRAMES))


def to_blocks(X, y, sample_weight=None):
    """Split Dask collections into blocks of rows.

    Arrays whose chunks are known take over the chunks of X.

    Parameters
    ----------
    X : Dask array or frame of shape (n_samples, n_features)
        Samples; lengths of chunks may be unknown.
    y : Dask array, frame or series of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : Dask array or series of shape (n_samples,), optional
        Weights of the samples.

    Returns
    -------
    blocks : list of tuple of Delayed
        The parts of X, of y and of the weights, of which the last may be None.

    Raises
    ------
    TypeError
        If one of them is no collection of arrays or frames.
    ValueError
        If they do not have the same number of rows or, where lengths are unknown, of blocks.
    """
    arguments = {"X": X, "y": y} | ({} if sample_weight is None else {"sample_weight": sample_weight})
    for name, data in arguments.items():
        _check_collection(name, data)
    lengths = row_lengths(X)
    if lengths is not None:
        for name, data in arguments.items():
            arguments[name] = _align(name, data, lengths)
    parts = {name: split_rows(data) for name, data in arguments.items()}
    for name, of_one in parts.items():
        if len(of_one) != len(parts["X"]):
            raise ValueError(
                f"{name} has {len(of_one)} blocks and X has {len(parts['X'])}. Where the lengths of blocks are not "
                "known, there must be as many of them; call compute_chunk_sizes() of arrays, or repartition frames."
            )
    return list(zip(parts["X"], parts["y"], parts.get("sample_weight", [None] * len(parts["X"])), strict=True))


def _check_collection(name, data):
    if not is_collection(data):
        raise TypeError(
            f"{name} must be a Dask array or frame; got a {type(data).__name__}. Use dask.array.from_array or "
            "dask.dataframe.from_pandas, or the estimator without Dask."
        )
    least, most = (2, 2) if name == "X" else (1, 2 if name == "y" else 1)
    if not least <= data.ndim <= most:
        raise ValueError(
            f"{name} must have {' or '.join(map(str, range(least, most + 1)))} dimensions; got {data.ndim}."
        )


def row_lengths(data):
    """Return the number of rows of each block, or None if it is not known."""
    if isinstance(data, dask.array.Array) and not any(map(math.isnan, data.chunks[0])):
        return data.chunks[0]
    return None


def _align(name, data, lengths):
    """Return data with blocks of some lengths, if their own are known."""
    own = row_lengths(data)
    if own is None or own == lengths:
        return data
    if sum(own) != sum(lengths):
        raise ValueError(f"{name} has {sum(own)} rows, but X has {sum(lengths)}.")
    return data.rechunk({0: lengths})


def split_rows(data):
    """Return the blocks of rows of a collection."""
    if not isinstance(data, dask.array.Array):
        return data.to_delayed()
    if data.ndim == 2 and data.numblocks[1] != 1:
        data = data.rechunk({1: -1})
    return list(data.to_delayed().ravel())
