"""The architecture of a network: layers, activations, loss and dtype, without parameters and samples."""

import functools
from typing import NamedTuple

import numpy as np

from sknn_concepts.losses import Loss
from sknn_concepts.network.compiled import ROWS_PER_BLOCK, CompiledNetwork
from sknn_concepts.network.parallel import ParallelNetwork


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
    n_threads : int, optional
        Threads that share the samples; None computes in the calling thread, without a division into parts.
    """

    sizes: list
    activations: list
    loss: Loss
    dtype: np.dtype
    n_threads: int | None = None

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
        make = CompiledNetwork
        if self.n_threads is not None:
            make = functools.partial(ParallelNetwork, n_threads=self.n_threads)
        return make(*self[:4], dataset, batch_size=batch_size, **options)
