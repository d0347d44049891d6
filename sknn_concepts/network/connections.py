"""Where the weights of a layer of few lead from and to, and which products such a layer has.

A pruned layer keeps its surviving weights only, unit by unit of the next layer, in the flat vector of parameters; so
its gradient and the optimizer's memory are as short. Its products (:mod:`sknn_concepts.network.sparse`) are plugged in
like those of any layer.
"""

import functools
import itertools

import numpy as np

from sknn_concepts.gemm.processor import target_shape
from sknn_concepts.gemm.strips import STRIP_DEPTH
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.network.dataset import is_sparse
from sknn_concepts.network.layers import SIZE, WEIGHTS
from sknn_concepts.network.sparse import (
    back_in_strips,
    back_one_by_one,
    gradient_in_strips,
    gradient_of_csr,
    gradient_one_by_one,
    product_in_strips,
    product_of_csr,
    product_one_by_one,
)


class Connections:
    """Where the surviving weights of a layer lead from and to.

    Parameters
    ----------
    mask : ndarray of bool of shape (fan_in, fan_out)
        Which weights are left.
    """

    def __init__(self, mask):
        self.mask = np.array(mask, bool)
        self.n_weights = int(np.count_nonzero(self.mask))

    @functools.cached_property
    def _incoming(self):
        return _runs(self.mask.T)

    @functools.cached_property
    def _outgoing(self):
        places = np.empty(self.mask.shape, np.int64)
        places.T[self.mask.T] = np.arange(self.n_weights)
        return *_runs(self.mask), places[self.mask]

    def _forward(self, X):
        """Where weights lead from, where each unit's weights begin, block of them by block, and samples."""
        sources, starts = self._incoming
        return ArrayStruct(sources=sources, starts=starts, X=X)

    def _backward(self, **samples):
        """ArrayStruct of where weights lead to, seen from the layer before, and of their places among the layer's."""
        targets, starts, places = self._outgoing
        return ArrayStruct(targets=targets, starts=starts, places=places, **samples)

    def unit_starts(self):
        """Where the weights of each unit of the next layer begin in the layer's, and where the last ones end."""
        starts = self._incoming[1]
        return np.append(starts[0], starts[-1, -1])

    def products(self, samples, goes_back, dtype):
        """Kernels of the layer's product, gradient and back product, each with its subject.

        Parameters
        ----------
        samples : ArrayStruct or None
            What a first layer multiplies instead of gathered samples: CSR ones, or those that :func:`stay` in place.
        goes_back : bool
            Whether errors go back to the layer before.
        dtype : dtype
            Of the network.

        Returns
        -------
        product, gradient, back : tuple (kernel, ArrayStruct)
            The last is None unless errors go back.
        """
        if samples is not None and is_sparse(samples):
            csr = {name: getattr(samples, name) for name in ("data", "indices", "indptr")}
            layer = self._backward(**csr)
            return (product_of_csr, layer), (gradient_of_csr, layer), None
        if in_strips():
            product, gradient, back = product_in_strips, gradient_in_strips, back_in_strips
        else:
            product, gradient, back = product_one_by_one, gradient_one_by_one, back_one_by_one
        layer = self._forward(np.empty((0, 0), dtype) if samples is None else samples.X)
        return (product, layer), (gradient, layer), (back, self._backward()) if goes_back else None


def in_strips():
    """Whether samples are turned into strips on this processor."""
    return COMPILED and target_shape() is not None


def stay(source, dtype):
    """Whether a layer of few weights reads samples where they are: as strips take them, rows of the network's dtype."""
    if is_sparse(source) or not in_strips():
        return False
    return source.X.dtype == dtype and source.X.flags.c_contiguous and source.X.flags.aligned


def connect(sizes, masks):
    """Connections of each matrix of weights, None for those that are dense, after a check of the shapes."""
    if masks is None:
        return [None] * (len(sizes) - 1)
    shapes = list(itertools.pairwise(sizes))
    if len(masks) != len(shapes):
        raise ValueError(f"masks must have one entry for each of {len(shapes)} matrices of weights; got {len(masks)}.")
    checked = [mask if mask is None or isinstance(mask, Connections) else Connections(mask) for mask in masks]
    for layer, (connections, shape) in enumerate(zip(checked, shapes, strict=True)):
        if connections is not None and connections.mask.shape != shape:
            raise ValueError(f"masks[{layer}] must have the shape {shape}; got {connections.mask.shape}.")
    return checked


def count_weights(sizes, connections):
    """Weights that lead to each layer."""
    shapes = itertools.pairwise(sizes)
    return [a * b if layer is None else layer.n_weights for (a, b), layer in zip(shapes, connections, strict=True)]


def unit_runs(layout, connections):
    """For each unit after the input, where its incoming weights begin and end, and how far they are apart.

    Parameters
    ----------
    layout : ndarray of shape (n_layers, 4)
        Of the network.
    connections : list of Connections or None
        One for each matrix of weights.

    Returns
    -------
    runs : ndarray of int64 of shape (n_units, 3)
    """
    runs = []
    for layer, known in enumerate(connections):
        first, end = layout[layer : layer + 2, WEIGHTS]
        size = layout[layer + 1, SIZE]
        if known is None:
            runs += [(first + unit, end, size) for unit in range(size)]
        else:
            runs += [(start, stop, 1) for start, stop in itertools.pairwise(first + known.unit_starts())]
    return np.array(runs, np.int64)


def _runs(mask):
    """For each row of a mask: where it is true, and where each block of columns begins among all those places."""
    n_rows, n_columns = mask.shape
    n_blocks = -(-n_columns // STRIP_DEPTH)
    # as the kernel divides them; the last blocks of very wide layers may be empty
    edges = np.minimum(np.arange(n_blocks + 1) * -(-n_columns // n_blocks), n_columns)
    rows, columns = np.nonzero(mask)
    starts = np.searchsorted(rows * n_columns + columns, np.arange(n_rows) * n_columns + edges[:, None])
    return columns.astype(np.int32), starts
