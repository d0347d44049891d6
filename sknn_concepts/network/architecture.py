"""The architecture of a network: layers, activations, loss and dtype, without parameters and samples."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sknn_concepts.losses import Loss
from sknn_concepts.network.compiled import ROWS_PER_BLOCK, CompiledNetwork
from sknn_concepts.network.dataset import count_samples, is_sparse
from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.network.packed import is_faster_packed
from sknn_concepts.network.parallel import ParallelNetwork

#: Samples times weights from which on threads share the work on a network.
MIN_SHARED_MULTIPLY_ADDS = 20_000_000


class Architecture(NamedTuple):
    """Layers and loss of a network.

    Attributes
    ----------
    sizes : sequence of int
        Units of each layer, the input first.
    activations : list of Activation
        Activation of each layer after the input.
    loss : Loss
        Loss, which also links raw predictions to predictions.
    dtype : dtype
        Type of the parameters, float32 or float64.
    count_threads : callable, optional
        Function that returns the largest number of threads, which changes no bit of a result; one thread by default. It
        is called for large networks only, because it takes longer than an epoch of a small one.
    """

    sizes: list
    activations: list
    loss: Loss
    dtype: np.dtype
    count_threads: Callable[[], int] | None = None

    def compile(self, dataset, batch_size=ROWS_PER_BLOCK, **options):
        """Compile this network for samples.

        Parameters
        ----------
        dataset : ArrayStruct
            Samples, made by :func:`sknn_concepts.network.dataset.make_dataset`.
        batch_size : int, default=ROWS_PER_BLOCK
            Rows of a batch.
        **options
            Options of :class:`sknn_concepts.network.compiled.CompiledNetwork`.

        Returns
        -------
        network : CompiledNetwork
        """
        n_weights = sum(fan_in * fan_out for fan_in, fan_out in itertools.pairwise(self.sizes))
        # a rule without the number of threads, because a parallel network adds up in another order
        if count_samples(dataset) * n_weights < MIN_SHARED_MULTIPLY_ADDS:
            return CompiledNetwork(*self[:4], dataset, batch_size=batch_size, **options)
        n_threads = 1 if self.count_threads is None else self.count_threads()
        return ParallelNetwork(*self[:4], dataset, batch_size=batch_size, n_threads=n_threads, **options)

    def masks_to_pack(self, mask, dataset):
        """Masks of the layers that train faster without the weights that a mask removes.

        Parameters
        ----------
        mask : ndarray of bool of shape (n_parameters,)
            Parameters that are trained.
        dataset : ArrayStruct
            Samples to train on.

        Returns
        -------
        masks : list or None
            For each layer, an ndarray of shape (fan_in, fan_out) or None; None if there are no such layers.
        """
        left, _ = layer_views(mask, make_layout(self.sizes))
        masks = [
            one if is_faster_packed(one, training=True, on_csr=layer == 0 and is_sparse(dataset)) else None
            for layer, one in enumerate(left)
        ]
        return masks if any(one is not None for one in masks) else None
