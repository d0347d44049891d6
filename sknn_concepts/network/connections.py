"""Layers with masks: where the weights that are left lead from and to, and which products such a layer has.

The flat vector of parameters holds only the weights that are left of such a layer, unit by unit of the next layer; so
the gradient and the memory of the optimizer are as short. Its products are those of
:mod:`sknn_concepts.network.sparse`.
"""

import functools
import itertools

import numpy as np

from sknn_concepts.gemm.processor import target_shape
from sknn_concepts.gemm.sample_blocks import UNITS_PER_PANEL
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.network.dataset import is_sparse
from sknn_concepts.network.layout import SIZE, WEIGHTS
from sknn_concepts.network.sparse import (
    masked_back_product,
    masked_back_product_by_sample,
    masked_csr_gradient,
    masked_csr_product,
    masked_gradient,
    masked_gradient_by_sample,
    masked_product,
    masked_product_by_sample,
)


class Connections:
    """The weights of a layer that are left, by the units that they lead from and to.

    Parameters
    ----------
    mask : ndarray of bool of shape (fan_in, fan_out)
        True where weights are left.
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
        """Units that the weights lead from, positions at which each unit's weights enter each block, and samples."""
        sources, starts = self._incoming
        return ArrayStruct(sources=sources, starts=starts, X=X)

    def _backward(self, **samples):
        """Units that the weights of each unit lead to, and places of these weights among those of the layer."""
        targets, starts, places = self._outgoing
        return ArrayStruct(targets=targets, starts=starts, places=places, **samples)

    def unit_starts(self):
        """Positions at which the weights of each unit of the next layer begin, and at which the last ones end."""
        starts = self._incoming[1]
        return np.append(starts[0], starts[-1, -1])

    def products(self, samples, goes_back, dtype):
        """Kernels of the product, gradient and back product of the layer, each with what it is specialized for.

        Parameters
        ----------
        samples : ArrayStruct or None
            Samples that a first layer reads where they are: a CSR matrix, or rows of the dtype of the network.
        goes_back : bool
            Whether errors go back to the layer before.
        dtype : dtype
            dtype of the network.

        Returns
        -------
        product, gradient, back : tuple (kernel, ArrayStruct)
            The last one is None unless errors go back.
        """
        if samples is not None and is_sparse(samples):
            csr = {name: getattr(samples, name) for name in ("data", "indices", "indptr")}
            layer = self._backward(**csr)
            return (masked_csr_product, layer), (masked_csr_gradient, layer), None
        if has_sample_blocks():
            product, gradient, back = masked_product, masked_gradient, masked_back_product
        else:
            product, gradient, back = masked_product_by_sample, masked_gradient_by_sample, masked_back_product_by_sample
        layer = self._forward(np.empty((0, 0), dtype) if samples is None else samples.X)
        return (product, layer), (gradient, layer), (back, self._backward()) if goes_back else None


def has_sample_blocks():
    """Whether the vectors of this processor are known, so that samples are multiplied block by block."""
    return COMPILED and target_shape() is not None


def can_stay_in_place(dataset, dtype):
    """Whether a layer with a mask can read samples where they are: C-contiguous rows of the dtype of the network."""
    if is_sparse(dataset) or not has_sample_blocks():
        return False
    return dataset.X.dtype == dtype and dataset.X.flags.c_contiguous and dataset.X.flags.aligned


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


def unit_starts(layout, connections):
    """Positions at which the incoming weights of each unit after the input begin; -1 in layers without a mask."""
    starts = []
    for layer, known in enumerate(connections):
        size = layout[layer + 1, SIZE]
        starts.append(np.full(size, -1) if known is None else layout[layer, WEIGHTS] + known.unit_starts()[:size])
    return np.concatenate(starts).astype(np.int64)


def unit_runs(layout, connections):
    """Positions of the incoming weights of each unit after the input: the first, the end, and their distance.

    Parameters
    ----------
    layout : ndarray of shape (n_layers, 4)
        Layout of the network.
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
    """Columns at which the rows of a mask are true, and positions among them at which each row enters each block."""
    n_rows, n_columns = mask.shape
    n_blocks = -(-n_columns // UNITS_PER_PANEL)
    # as the kernel divides them; the last blocks of very wide layers may be empty
    edges = np.minimum(np.arange(n_blocks + 1) * -(-n_columns // n_blocks), n_columns)
    rows, columns = np.nonzero(mask)
    starts = np.searchsorted(rows * n_columns + columns, np.arange(n_rows) * n_columns + edges[:, None])
    return columns.astype(np.int32), starts
