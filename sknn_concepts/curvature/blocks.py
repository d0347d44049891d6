"""A network at fixed parameters over a data set, block by block: forward passes, errors, products, shared threads.

Memory does not grow with the number of samples: a block has so many rows that all its arrays fit in about BLOCK_BYTES.
"""

import threading
from typing import NamedTuple

import numpy as np

from sknn_concepts.curvature import kernels
from sknn_concepts.jit.dispatch import DispatchTable
from sknn_concepts.jit.strategy_type import has
from sknn_concepts.network.compiled import ROWS_PER_BLOCK, CompiledNetwork
from sknn_concepts.network.kernel_table import call_back_product, call_gather, call_gradient, call_loss, call_product
from sknn_concepts.network.kernels import DENSE_GRADIENT, dense_product
from sknn_concepts.network.layout import intercepts_of, layer_views, weights_of
from sknn_concepts.network.threads import WorkerThreads

#: Memory for the layers of a block of samples.
BLOCK_BYTES = 32 * 2**20

#: Row numbers of a product that reads no rows of the data set.
NO_ROWS = np.empty(0, np.int64)

#: Parameters times samples from which a sum is split into 2 and 4 ranges of samples, which threads may share.
MIN_WORK_OF_SPLITS = (2**24, 2**29)


class Block(NamedTuple):
    """Results of a forward pass over some samples; lists have an entry for each layer, the input first."""

    rows: np.ndarray
    values: list  # the input is empty for sparse samples; the last is the raw prediction
    slopes: list  # first derivatives of the activations, empty for the input, which has none
    curvatures: list  # second derivatives of the activations
    y: np.ndarray
    weights: np.ndarray  # of the samples, divided by the total weight


class SampleBlocks:
    """A fitted network over its samples, of which derivatives are computed block by block.

    The loss is ``loss_scale / total_weight * sum_i weight_i loss_i``, without penalties. Results are flat, in the order
    of the parameters: the weights of all layers, each matrix row by row, then all intercepts. Threads share sums over
    many samples; their number changes no bit of the result.

    Raises ValueError if an activation has no first derivative, or if the samples have no weight.
    """

    def __init__(self, fitted, n_threads=1):
        self.activations, self.loss, self.dataset = list(fitted.activations), fitted.loss, fitted.dataset
        for activation in self.activations:
            if not has(activation, "slope"):
                raise ValueError(f"The activation {activation!r} has no slope, so the network has no derivatives.")
        if not fitted.total_weight > 0.0:
            raise ValueError(f"The total weight of the samples must be positive; it is {fitted.total_weight:g}.")
        self.theta = np.array(fitted.theta, order="C")
        self.dtype = self.theta.dtype
        self.sizes = [int(size) for size in fitted.sizes]
        self.depth = len(self.sizes) - 1
        self.n_samples, self.total_weight = len(self.dataset.y), float(fitted.total_weight)
        self.loss_scale = float(fitted.loss_scale)
        # its products are used, not its batch memory
        self.compiled = CompiledNetwork(
            self.sizes, self.activations, self.loss, self.dtype, self.dataset, batch_size=1, needs_gradients=True
        )
        self.layout, self.sparse = self.compiled.layout, self.compiled.sparse
        self.coefs, self.intercepts = layer_views(self.theta, self.layout)
        #: layers whose activation has, or may have, a second derivative other than zero
        self.curved = [False, *(not activation.piecewise_linear for activation in self.activations)]
        #: whether the loss couples the outputs of a sample, so that its second derivative is a matrix
        self.coupled = has(self.loss, "loss_gradient_row")
        self._threads = WorkerThreads(n_threads)
        self._table = DispatchTable(kernels.ENTRIES, self.dtype, self.depth)
        for layer, activation in enumerate(self.activations):
            curved = self.curved[layer + 1] and has(activation, "curvature")
            kernel = kernels.activate_curved if curved else kernels.activate_piecewise_linear
            self._table.bind(kernels.call_activation, kernel, activation, layer)
        self._bound: set = set()
        self._lock = threading.Lock()
        self._transformed_weights: dict = {}

    # Kernels

    def run(self, entry, kernel, specialization, *arguments):
        """Call an entry of the table, to which a kernel over a strategy or a data set is bound when first needed."""
        with self._lock:
            if entry not in self._bound:
                self._table.bind(entry, kernel, specialization)
                self._bound.add(entry)
        return entry(self._table.calls, *arguments)

    # Products of layers

    def multiply(self, rows, layer, x, w, out):
        """Compute out = x @ w, w being the weights that lead from a layer to the next, or others of their shape."""
        call_product(self.compiled.table.calls, layer, rows, x, w.reshape(-1), out, False, 0)

    def multiply_back(self, layer, delta, w):
        """Return delta @ w.T, w being the weights that lead from a layer, which is not the input, to the next."""
        out = np.empty((len(delta), self.sizes[layer]), self.dtype)
        call_back_product(self.compiled.table.calls, layer, NO_ROWS, out, w.reshape(-1), delta, False, 0)
        return out

    def propagate_columns(self, layer, above, slopes, columns, keep, factors, first, power, out):
        """Take columns one layer down; see :func:`sknn_concepts.curvature.kernels.propagate_columns`."""
        table, weights = self.compiled.table.calls, self.coefs[layer].reshape(-1)
        kernels.propagate_columns(
            table, layer, NO_ROWS, weights, above, slopes, columns, keep, factors, first, power, out
        )

    def add_to_weights(self, block, layer, x, delta, out):
        """Add ``x.T @ delta`` to the weights of a flat vector that lead from a layer."""
        weights = weights_of(out, self.layout, layer)
        call_gradient(self.compiled.table.calls, layer, block.rows, x, weights, delta, True, 0)

    def add_gradient(self, block, layer, x, delta, out):
        """Add ``x.T @ delta`` to such weights, and the sum of ``delta`` over the samples to their intercepts."""
        self.add_to_weights(block, layer, x, delta, out)
        intercepts_of(out, self.layout, layer)[:] += delta.sum(axis=0)

    def add_powers(self, block, per_unit, power, out):
        """Add the weighted sum over the samples of |inputs|^power times numbers per unit to a flat vector.

        The numbers are a list with an array for each layer, the input first. They and the inputs are overwritten.
        """
        for layer in range(self.depth):
            delta = per_unit[layer + 1]
            delta *= block.weights[:, None]
            self.add_power(block, layer, power, delta, weights_of(out, self.layout, layer))
            intercepts_of(out, self.layout, layer)[:] += delta.sum(axis=0)

    def add_power(self, block, layer, power, delta, out):
        """Add ``|x|^power.T @ delta`` to a flat matrix, x being the values of a layer, which are overwritten."""
        x = block.values[layer]
        if layer == 0 and self.sparse:
            self.run(kernels.call_csr_power, kernels.add_csr_power, self.dataset, block.rows, out, delta, power)
        else:
            x = np.square(x, out=x) if power == 2 else np.abs(x, out=x)
            call_gradient(self.compiled.table.calls, layer, block.rows, x, out, delta, True, 0)

    def add_transposed_product(self, a, b, out):
        """Add ``a.T @ b`` to a flat matrix."""
        self.run(kernels.call_transposed_product, dense_product, DENSE_GRADIENT, NO_ROWS, a, out, b, True, 0)

    def transformed_weights(self, layer, transform):
        """Weights that lead from a layer to the next after np.abs, np.square or np.transpose, computed once."""
        if (layer, transform) not in self._transformed_weights:
            self._transformed_weights[layer, transform] = np.ascontiguousarray(transform(self.coefs[layer]))
        return self._transformed_weights[layer, transform]

    # Passes over the samples

    def sum_over_samples(self, add):
        """Sum over all samples of what ``add(block, out)`` adds to a flat array."""
        n_ranges = 2 ** sum(self.n_samples * self.theta.size >= work for work in MIN_WORK_OF_SPLITS)
        edges = np.linspace(0, self.n_samples, n_ranges + 1).astype(int)

        def fill(first, last, out):
            out[:] = 0
            for block in self.blocks(first, last):
                if self._threads.stopped:
                    break
                add(block, out)

        total = np.empty_like(self.theta)
        self._threads.add_up(fill, total, edges[:-1], edges[1:])
        return total

    def blocks(self, first=0, last=None):
        """Forward passes over a range of samples; the arrays of a block are overwritten by the next one."""
        last = self.n_samples if last is None else last
        sizes, dtype = self.sizes, self.dtype
        numbers_of_row = 8 * sum(sizes[1:]) + 2 * sizes[-1] ** 2 + (0 if self.sparse else 2 * sizes[0])
        most_rows = min(ROWS_PER_BLOCK, max(1, last - first))
        n_rows = int(np.clip(BLOCK_BYTES // (numbers_of_row * dtype.itemsize), 1, most_rows))
        values = [np.empty((0 if self.sparse else n_rows, sizes[0]), dtype)]
        values += [np.empty((n_rows, size), dtype) for size in sizes[1:]]
        per_unit = values[0][:, :0], *values[1:]
        slopes, curvatures = list(map(np.empty_like, per_unit)), list(map(np.zeros_like, per_unit))
        y, weights = np.empty((n_rows, sizes[-1]), dtype), np.ones(n_rows, dtype)
        for start in range(first, last, n_rows):
            rows = np.arange(start, min(start + n_rows, last))
            m = rows.size
            of_layers = [[array[:m] for array in arrays] for arrays in (values, slopes, curvatures)]
            call_gather(self.compiled.table.calls, rows, of_layers[0][0], y[:m], weights[:m])
            block = Block(rows, *of_layers, y[:m], weights[:m] / dtype.type(self.total_weight))
            for layer in range(self.depth):
                self.multiply(rows, layer, block.values[layer], self.coefs[layer], block.values[layer + 1])
                z, of_slopes, of_curvatures = (arrays[layer + 1] for arrays in of_layers)
                kernels.call_activation(self._table.calls, layer, z, self.intercepts[layer], of_slopes, of_curvatures)
            yield block

    def dense_values(self, block, layer):
        """Values of a layer as an array, also of sparse samples."""
        if layer > 0 or not self.sparse:
            return block.values[layer]
        x = np.empty((len(block.rows), self.sizes[0]), self.dtype)
        self.multiply(block.rows, 0, block.values[0], np.eye(self.sizes[0], dtype=self.dtype), x)
        return x

    def output_loss(self, block, weights):
        """Weighted sum of the losses of a block's samples, and its derivatives with respect to the raw predictions."""
        raw = block.values[-1]
        errors, losses = np.empty_like(raw), np.empty(len(raw), raw.dtype)
        call_loss(self.compiled.table.calls, block.y, raw, weights, 1.0, errors, losses)
        return losses.sum(dtype=float), errors

    def errors(self, block):
        """Derivatives of each sample's loss with respect to the values of each layer; None for the input."""
        _, at_output = self.output_loss(block, np.empty(0, self.dtype))
        errors = [at_output]
        for layer in range(self.depth - 1, 0, -1):
            delta = errors[0] * block.slopes[layer + 1]
            errors.insert(0, self.multiply_back(layer, delta, self.coefs[layer]))
        return [None, *errors]
