"""A network at fixed parameters over fixed samples, block by block: values, errors, and what is made of them.

Memory stays the same whatever the number of samples: a block has so many rows that all its arrays fit in about
BLOCK_BYTES, and columns (:mod:`sknn_concepts.curvature.jacobian_columns`) are made for a few rows of it at a time.
"""

import functools
import itertools
import threading
from typing import NamedTuple

import numpy as np
from numba import types

from sknn_concepts.curvature import jacobian_columns as kernels
from sknn_concepts.curvature.jacobian_columns import run
from sknn_concepts.jit.dispatch import bind, dispatch_table, has
from sknn_concepts.network import layers as network
from sknn_concepts.network.compiled import BLOCK, CompiledNetwork
from sknn_concepts.network.threads import WorkerThreads

#: Memory for the layers of a block of samples, and for the columns of some of its rows.
BLOCK_BYTES, COLUMN_BYTES = 32 * 2**20, 16 * 2**20

#: For products that concern no rows of the samples.
NO_ROWS = np.empty(0, np.int64)

#: Numbers of parameters times samples from which on there are 2, 4 runs of samples that threads may share.
CUTS = (2**24, 2**29)


class Block(NamedTuple):
    """What a forward pass over some samples leaves behind; lists have an entry for each layer, the input first."""

    rows: np.ndarray
    values: list  # the input is empty for sparse samples; the last is the raw prediction
    slopes: list  # those of the input are empty, as it has no activation
    bends: list  # second derivatives of the activations
    y: np.ndarray
    shares: np.ndarray  # of the total weight


class Sweep:
    """A network at fixed parameters over fixed samples.

    The loss is ``loss_scale / total_weight * sum_i weight_i loss_i``. Results are flat, in the order of the parameters:
    the weights of all layers, each matrix row by row, then all intercepts.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        Parameters, float32 or float64.
    sizes : sequence of int
        Units of each layer, the input first.
    activations : list of Activation
        One for each layer after the input.
    loss : Loss
        The loss of a sample.
    source : ArrayStruct
        Samples with targets, made by :func:`sknn_concepts.network.dataset.make_dataset`.
    total_weight : float, optional
        What the sum over the samples is divided by; their total weight by default.
    loss_scale : float, default=1.0
        Factor of the loss.
    n_threads : int, default=1
        Threads that share the passes over many samples; their number changes no bit of the result.

    Raises
    ------
    ValueError
        If an activation has no slope, or if the samples have no weight.
    """

    def __init__(self, theta, sizes, activations, loss, source, total_weight=None, loss_scale=1.0, n_threads=1):
        for activation in activations:
            if not has(activation, "slope"):
                raise ValueError(f"The activation {activation!r} has no slope, so the network has no derivatives.")
        self.theta = np.array(theta, order="C")
        self.dtype = self.theta.dtype
        self.sizes = [int(size) for size in sizes]
        self.depth = len(self.sizes) - 1
        self.activations, self.source, self._loss = list(activations), source, loss
        self.n_samples = len(source.y)
        total = float(source.weights.sum()) if source.weights.size else float(self.n_samples)
        self.total_weight = total if total_weight is None else float(total_weight)
        if not self.total_weight > 0.0:
            raise ValueError(f"The total weight of the samples must be positive; it is {self.total_weight:g}.")
        self.loss_scale, self._crew = float(loss_scale), WorkerThreads(n_threads)
        # its plugs are used, not its batch memory
        self._machine = CompiledNetwork(self.sizes, activations, loss, self.dtype, source, capacity=1, learns=True)
        self.layout, self.sparse = self._machine.layout, self._machine.sparse
        self.coefs, self.intercepts = network.layer_views(self.theta, self.layout)
        #: layers whose activation has, or may have, a second derivative other than zero
        self.curved = [False, *(not activation.piecewise_linear for activation in self.activations)]
        # an activation for each layer; the loss; the inputs' magnitudes and squares
        self._sockets = dispatch_table(self.depth + 4)
        self._plugged: dict = {}  # also keeps alive what the plugs point to
        self._lock = threading.Lock()
        matrix, vector = self._machine._matrix, self._machine._vector
        for layer, activation in enumerate(self.activations):
            kernel = kernels.bend if self.curved[layer + 1] and has(activation, "curvature") else kernels.rise
            self._plug(layer, kernel, activation, matrix, vector, matrix, matrix)
        self._variants: dict = {}  # powers and transposes of the weights

    def _plug(self, index, kernel, subject, *argument_types):
        """Plug a kernel in, unless it is there."""
        with self._lock:
            if index not in self._plugged:
                self._plugged[index] = bind(self._sockets, index, kernel, subject, self.dtype, argument_types)

    # Products, all through the machine's plugs

    def _call(self, layer, which, *arguments):
        run(self._machine.table, network.LAYERS + network.PLUGS * layer + which, arguments)

    def _forward(self, rows, layer, x, w, out):
        """Out = x @ w, for the weights, or others of their shape, that lead from `layer` to the next."""
        self._call(layer, network.PRODUCT, rows, x, w.reshape(-1), out, False)

    def _back(self, layer, delta, w):
        """Delta @ w.T, for the weights that lead from `layer`, which is not the input, to the next."""
        out = np.empty((len(delta), self.sizes[layer]), self.dtype)
        self._call(layer, network.BACK, NO_ROWS, out, w.reshape(-1), delta, False)
        return out

    def _add_gradient(self, block, layer, x, delta, out):
        """Add x.T @ delta to the weights of a flat vector that lead from `layer`, and delta to its intercepts."""
        self._call(layer, network.GRADIENT, block.rows, x, network.weights_of(out, self.layout, layer), delta, True)
        network.intercepts_of(out, self.layout, layer)[:] += delta.sum(axis=0)

    def _add_power(self, block, layer, power, delta, out):
        """Add |x|^power.T @ delta to a flat matrix, x being the values of a layer, which are overwritten."""
        x = block.values[layer]
        if layer == 0 and self.sparse:
            index = self.depth + power
            kernel = kernels.gradient_sparse_squares if power == 2 else kernels.gradient_sparse_magnitudes
            rows, matrix, vector = self._machine._rows, self._machine._matrix, self._machine._vector
            self._plug(index, kernel, self.source, rows, matrix, vector, matrix, types.boolean)
            run(self._sockets, index, (block.rows, x, out, delta, True))
        else:
            x = np.square(x, out=x) if power == 2 else np.abs(x, out=x)
            self._call(layer, network.GRADIENT, block.rows, x, out, delta, True)

    def _add_transposed_product(self, a, b, out):
        """Add a.T @ b to a flat matrix."""
        index = self.depth + 3
        rows, matrix, vector = self._machine._rows, self._machine._matrix, self._machine._vector
        self._plug(index, network.dense_product, network.W_FROM_X_Z, rows, matrix, vector, matrix, types.boolean)
        run(self._sockets, index, (NO_ROWS, a, out, b, True))

    def _variant(self, layer, make):
        """Weights that lead from a layer to the next, their magnitudes, squares or transpose, made once."""
        if (layer, make) not in self._variants:
            self._variants[layer, make] = np.ascontiguousarray(make(self.coefs[layer]))
        return self._variants[layer, make]

    # Passes

    def _sum(self, add):
        """Sum over all samples of what ``add(block, out)`` adds to a flat array."""
        runs = 2 ** sum(self.n_samples * self.theta.size >= cut for cut in CUTS)
        edges = np.linspace(0, self.n_samples, runs + 1).astype(int)

        def run_through(first, last, out=None):
            out = np.empty_like(self.theta) if out is None else out
            out[:] = 0
            for block in self._blocks(first, last):
                if self._crew.stopped:
                    break
                add(block, out)
            return out

        if self._crew.n_threads == 1 or runs == 1:
            total, part = run_through(*edges[:2]), np.empty_like(self.theta)  # one after the other, in the same memory
            for first, last in itertools.pairwise(edges[1:]):
                total += run_through(first, last, part)
            return total
        return functools.reduce(np.add, self._crew.share(run_through, edges[:-1], edges[1:]))

    def _blocks(self, first=0, last=None):
        """Forward passes over a run of samples; the arrays of a block are overwritten by the next one."""
        last = self.n_samples if last is None else last
        sizes, depth = self.sizes, self.depth
        floats = 8 * sum(sizes[1:]) + 2 * sizes[-1] ** 2 + (0 if self.sparse else 2 * sizes[0])
        capacity = int(np.clip(BLOCK_BYTES // (floats * self.dtype.itemsize), 1, min(BLOCK, max(1, last - first))))
        values = [np.empty((0 if self.sparse else capacity, sizes[0]), self.dtype)]
        values += [np.empty((capacity, size), self.dtype) for size in sizes[1:]]
        of_units = values[0][:, :0], *values[1:]
        slopes, bends = list(map(np.empty_like, of_units)), list(map(np.zeros_like, of_units))
        y, weights = np.empty((capacity, sizes[-1]), self.dtype), np.ones(capacity, self.dtype)
        for start in range(first, last, capacity):
            rows = np.arange(start, min(start + capacity, last))
            m = rows.size
            kept = [[array[:m] for array in arrays] for arrays in (values, slopes, bends)]
            run(self._machine.table, network.GATHER, (rows, kept[0][0], y[:m], weights[:m]))
            block = Block(rows, *kept, y[:m], weights[:m] / self.dtype.type(self.total_weight))
            for layer in range(depth):
                z = block.values[layer + 1]
                self._forward(rows, layer, block.values[layer], self.coefs[layer], z)
                run(self._sockets, layer, (z, self.intercepts[layer], block.slopes[layer + 1], block.bends[layer + 1]))
            yield block

    def _dense(self, block, layer):
        """Values of a layer as an array, of sparse samples too."""
        if layer > 0 or not self.sparse:
            return block.values[layer]
        x = np.empty((len(block.rows), self.sizes[0]), self.dtype)
        self._forward(block.rows, 0, block.values[0], np.eye(self.sizes[0], dtype=self.dtype), x)
        return x

    def _errors(self, block):
        """Derivatives of each sample's loss with respect to the values of each layer, the input left out."""
        raw = block.values[-1]
        errors = [np.empty_like(raw)]
        run(self._machine.table, network.LOSS, (block.y, raw, np.empty(0, self.dtype), 1.0, errors[0]))
        for layer in range(self.depth - 1, 0, -1):
            errors.insert(0, self._back(layer, errors[0] * block.slopes[layer + 1], self.coefs[layer]))
        return [None, *errors]

    def _columns(self, block, rows, top, layer, above, units, memory, kept=True, sums=None):
        """Derivatives with respect to the sums of a layer, made of those of the layer above or of `units` of `top`.

        They are for some rows of a block, of shape (n_rows, n_columns, n_units) but flat, in memory of shape (2, n)
        that the next but one overwrites. ``sums = factors, power, out`` asks for ``sum_c factor_c |column_c|^power``.
        """
        slopes = block.slopes[layer][rows]
        columns = memory[layer % 2, : slopes.size * (units.stop - units.start)]
        if above is None:
            turned = self._variant(top - 1, np.transpose)[units]
            kernels.first_columns(turned, slopes, columns.reshape(len(slopes), len(turned), -1))
            return columns
        table, back = self._machine.table, network.LAYERS + network.PLUGS * layer + network.BACK
        factors, power, out = (slopes[:0], 2, slopes) if sums is None else sums
        weights = self.coefs[layer].reshape(-1)
        kernels.lower_columns(
            table, back, NO_ROWS, weights, above, slopes, columns, kept, factors, units.start, power, out
        )
        return columns

    def _parts(self, block, top):
        """Rows of a block, and units of layer `top`, whose columns fit in memory, which is given too."""
        n_columns, widest = self.sizes[top], max(self.sizes[1:top], default=1)
        bytes_of_column = 2 * widest * self.dtype.itemsize
        part = min(n_columns, max(1, COLUMN_BYTES // bytes_of_column))
        count = min(len(block.rows), max(1, COLUMN_BYTES // (part * bytes_of_column)))
        memory = np.empty((2, count * part * widest), self.dtype)
        for start in range(0, len(block.rows), count):
            for first in range(0, n_columns, part):
                rows, units = slice(start, start + count), slice(first, min(first + part, n_columns))
                yield rows, units, memory

    def _hop(self, block, top, factors, power, out):
        """Add ``sum_c factor_c |column_c|^power`` to the layer below `top`, where columns need not be made."""
        raised = np.square if power == 2 else np.abs
        below = self._back(top - 1, factors, self._variant(top - 1, raised))
        out[top - 1] += below * raised(block.slopes[top - 1])

    def _descend(self, block, top, factors, power, out, roots=None, down_to=1):
        """The same for all layers below `top` down to `down_to`: exact for each of them.

        The columns are those of the units of `top`, or of combinations of them: roots of shape (n_rows, n, n_units).
        """
        if roots is None and top > down_to:
            self._hop(block, top, factors, power, out)
        highest = top - 1 if roots is not None else top - 2
        if highest < down_to:
            return
        for rows, units, memory in self._parts(block, top):
            above = None if roots is None else np.ascontiguousarray(roots[rows, units]).reshape(-1)
            for layer in range(top - 1, down_to - 1, -1):
                sums = factors[rows], power, out[layer][rows]
                above = self._columns(block, rows, top, layer, above, units, memory, layer > down_to, sums)

    def _sum_powers(self, block, of_sums, power, out):
        """Add |inputs|^power times what belongs to the sums of each layer, weighted in place, to a flat vector."""
        for layer in range(self.depth):
            delta = of_sums[layer + 1]
            delta *= block.shares[:, None]
            self._add_power(block, layer, power, delta, network.weights_of(out, self.layout, layer))
            network.intercepts_of(out, self.layout, layer)[:] += delta.sum(axis=0)
