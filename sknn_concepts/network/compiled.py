"""A network ready to run: strategies plugged in, memory at hand. What the estimators call."""

import functools

import numba
import numpy as np
from numba import types

from sknn_concepts.jit.dispatch import bind, dispatch_table, has
from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.network import layers as network
from sknn_concepts.network import minibatch as training
from sknn_concepts.network.connections import connect, count_weights, stay, unit_runs
from sknn_concepts.network.dataset import (
    count_samples,
    gather_dense,
    gather_sparse,
    gradient_sparse,
    is_sparse,
    product_sparse,
)

#: Rows of a block where the whole data set passes through: enough to fill the machine, few enough to stay in cache.
BLOCK = 256

#: Rows of a batch from which on they may stay where they are; with fewer, other things take the time.
MANY = 64

#: Rules of a network without regularization.
PLAIN = training.Regularization(0.0, 0.0, 1.0, 1.0, 0.0, 0.0)

NO_UNITS = np.empty((0, 3), np.int64)

#: Multiply-adds of a prediction between two looks at the keyboard.
WORK_PER_CALL = 2e9


@functools.cache
def _types_of(dtype):
    """Numba's types of the numbers of a network, of rows, vectors and matrices; to make them takes a while."""
    number = numba.from_dtype(dtype)
    return number, types.Array(types.int64, 1, "C"), types.Array(number, 1, "C"), types.Array(number, 2, "C")


class CompiledNetwork:
    """Kernels, plugs and batch memory of one network over one source of samples.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input first.
    activations : list of Activation
        One for each layer after the input; the last is that of the output.
    loss : Loss
        What training makes small, and what links raw predictions to predictions.
    dtype : dtype
        float32 or float64.
    source : ArrayStruct
        Samples, made by :func:`sknn_concepts.network.dataset.make_dataset`.
    capacity : int, default=BLOCK
        Rows of a batch.
    optimizer : Optimizer, optional
        For :meth:`train`.
    learns : bool, default=False
        Whether gradients will be asked for.
    masks : list, optional
        For each matrix of weights, of shape (fan_in, fan_out): None, or an ndarray of bool of that shape, or its
        :class:`~sknn_concepts.network.connections.Connections`. The parameters hold only the weights where a mask is
        true (:func:`sknn_concepts.network.packed.pack`), and only these are multiplied.

    Raises
    ------
    ValueError
        If a mask does not have the shape of its weights.
    """

    def __init__(
        self, sizes, activations, loss, dtype, source, *, capacity=BLOCK, optimizer=None, learns=False, masks=None
    ):
        self.dtype = np.dtype(dtype)
        self.capacity = int(capacity)
        self.source = source
        self.sparse = is_sparse(source)
        self._connections = connect(sizes, masks)
        few = self._connections[0] is not None
        #: whether the first layer multiplies samples where they are, so that none are gathered
        self._in_place = self.sparse or (few and self.capacity >= MANY and stay(source, self.dtype))
        self.layout = network.make_layout(sizes, None if masks is None else count_weights(sizes, self._connections))
        self.table = dispatch_table(network.LAYERS + network.PLUGS * (len(sizes) - 1))
        self._kept_alive = {}
        self._learns = learns
        number, self._rows, self._vector, self._matrix = _types_of(self.dtype)
        self.read(source)
        for layer, activation in enumerate(activations):
            self._plug_products(layer)
            self._plug_activation(layer, activation, learns)
        self._loss, self._linked = loss, False
        if learns:
            self._plug_loss(loss)
        if optimizer is not None:
            slots, row = types.Array(number, 2, "C"), types.Array(types.float64, 1, "C")
            scalars = (types.int64, types.float64, types.float64, row, types.float64)
            self._plug(network.OPTIMIZER, training.step, optimizer, self._vector, self._vector, slots, *scalars)
        self._memory = self._make_memory(learns)
        #: 0 for the parameters that training leaves at zero, 1 for the others; empty where all are free
        self.mask = np.empty(0, self.dtype)

    def _plug(self, index, kernel, subject, *argument_types):
        self._kept_alive[index] = subject, bind(self.table, index, kernel, subject, self.dtype, argument_types)

    def read(self, source):
        """Turn to other samples; sparse ones only when the machine is made.

        Parameters
        ----------
        source : ArrayStruct
            Samples whose arrays have the types of those before.

        Raises
        ------
        ValueError
            If they do not have as many features as the network takes: kernels do not look.
        """
        if source.n_features != self.layout[0, network.SIZE]:
            raise ValueError(
                f"The network takes {self.layout[0, network.SIZE]} features; the samples have {source.n_features}."
            )
        self.source = source
        gather = gather_sparse if self._in_place else gather_dense
        types_of_batch = self._rows, self._matrix, self._matrix, self._vector
        bind(self.table, network.GATHER, gather, source, self.dtype, types_of_batch)
        if self._in_place and not self.sparse:
            self._plug_products(0)

    def _plug_products(self, layer):
        index = network.LAYERS + network.PLUGS * layer
        rows, matrix, vector = self._rows, self._matrix, self._vector
        product, gradient, back = self._products(layer, self._learns and layer > 0)
        signature = rows, matrix, vector, matrix, types.boolean
        self._plug(index + network.PRODUCT, *product, *signature)
        if self._learns:
            self._plug(index + network.GRADIENT, *gradient, *signature)
        if self._learns and layer > 0:
            self._plug(index + network.BACK, *back, *signature)

    def _products(self, layer, goes_back):
        """Kernels of a layer's product, gradient and back product, each with its subject."""
        samples = self.source if layer == 0 and self._in_place else None
        if self._connections[layer] is not None:
            return self._connections[layer].products(samples, goes_back, self.dtype)
        if samples is not None:
            return (product_sparse, samples), (gradient_sparse, samples), None
        return [(network.dense_product, what) for what in (network.Z_FROM_X_W, network.W_FROM_X_Z, network.X_FROM_Z_W)]

    def _plug_activation(self, layer, activation, learns):
        index = network.LAYERS + network.PLUGS * layer
        keeps = learns and not has(activation, "slope_from_value")
        matrix = self._matrix
        forward = network.activate_and_keep if keeps else network.activate
        self._plug(index + network.ACTIVATE, forward, activation, matrix, self._vector, matrix)
        if learns:
            backward = network.scale_by_kept if keeps else network.scale_from_value
            self._plug(index + network.SCALE, backward, activation, matrix, matrix, matrix, types.float64)

    def _plug_loss(self, loss):
        matrix = self._matrix
        self._plug(network.LOSS, network.loss_kernel(loss), loss, matrix, matrix, self._vector, types.float64, matrix)

    def _plug_link(self):
        """Plug the inverse link in when first asked for: training has no use for it."""
        if not self._linked:
            kernel = network.link_rows if has(self._loss, "inverse_link_row") else network.link
            self._plug(network.LINK, kernel, self._loss, self._matrix)
            self._linked = True

    def _make_memory(self, learns):
        last = self.layout[-1]
        size = self.capacity * int(last[network.UNITS] + last[network.SIZE])
        of_learning = size if learns else 0
        return network.Memory(
            inputs=empty_lines(0 if self._in_place else self.capacity * int(self.layout[0, network.SIZE]), self.dtype),
            values=empty_lines(size, self.dtype),
            slopes=empty_lines(size, self.dtype),
            deltas=empty_lines(of_learning, self.dtype),
            masks=empty_lines(of_learning, self.dtype),
            y=empty_lines(self.capacity * int(last[network.SIZE]), self.dtype),
            weights=empty_lines(self.capacity, self.dtype),
        )

    @functools.cached_property
    def _units(self):
        return unit_runs(self.layout, self._connections)

    @property
    def n_weights(self):
        """Number of weights, without intercepts."""
        return network.n_weights(self.layout)

    @property
    def n_parameters(self):
        """Number of weights and intercepts."""
        return network.n_parameters(self.layout)

    @property
    def _weighted(self):
        return self.source.weights.size > 0

    def train(self, theta, slots, order, first, last, coefficients, shrinkage, rules, seeds):
        """Train on batches `first` to `last` of a pass, in place.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            Parameters.
        slots : ndarray of shape (n_slots, n_parameters)
            The optimizer's memory.
        order : ndarray of int64 of shape (n_samples,)
            Rows in the order of the pass.
        first, last : int
            Batches; the machine's capacity is their size.
        coefficients : ndarray of shape (n_batches, 4)
            The optimizer's, for each batch of the pass.
        shrinkage : ndarray of shape (n_batches,)
            Factor of the weights before each step.
        rules : Regularization
            Penalties and constraints.
        seeds : ndarray of uint32 of shape (n_batches,)
            Seeds of the dropout masks; not used without dropout.

        Returns
        -------
        total : float
            Sum over the batches of loss times size.
        done : int
            First batch that was not done: `last`, unless a loss was not finite.
        """
        gradient = empty_lines(theta.shape, theta.dtype)
        return training.train(
            theta,
            gradient,
            slots,
            self.layout,
            self.table,
            self._memory,
            order,
            self.capacity,
            first,
            last,
            coefficients.ravel(),
            shrinkage,
            seeds,
            rules,
            self.mask,
            self._units if rules.max_norm > 0.0 else NO_UNITS,
            self._weighted,
            self._in_place,
        )

    def loss_gradient(self, theta, gradient, order, total_weight, rules=PLAIN):
        """Mean loss over rows with the penalty; its gradient goes to `gradient`.

        Parameters
        ----------
        theta, gradient : ndarray of shape (n_parameters,)
            Parameters, and where the gradient goes.
        order : ndarray of int64
            Rows.
        total_weight : float
            Sum of the rows' weights.
        rules : Regularization, default=PLAIN
            Penalties.

        Returns
        -------
        loss : float
        """
        return training.sum_gradients(
            theta,
            gradient,
            self.layout,
            self.table,
            self._memory,
            order,
            self.capacity,
            float(total_weight),
            rules,
            np.int64(0),
            self.mask,
            self._weighted,
            self._in_place,
        )

    def predict(self, theta, rows=None, stop=None, linked=True):
        """Values of a layer.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            Parameters.
        rows : ndarray of int64 of shape (n_rows,), optional
            Rows of the source; all by default.
        stop : int, optional
            Layer, counted from the input; the output by default.
        linked : bool, default=True
            Apply the loss's inverse link, to the output layer.

        Returns
        -------
        values : ndarray of shape (n_rows, n_units)
        """
        last = len(self.layout) - 1
        stop = last if stop is None else stop
        linked = linked and stop == last
        if linked:
            self._plug_link()
        rows = np.arange(count_samples(self.source)) if rows is None else rows
        out = np.empty((len(rows), int(self.layout[stop, network.SIZE])), self.dtype)
        self._run(theta, rows, stop, linked, out)
        return out

    def _run(self, theta, rows, stop, linked, out):
        for some in self._spells(0, rows.size):
            self._predict(self._memory, theta, rows[some], stop, linked, out[some])

    def _spells(self, first, last):
        """Runs of samples, whole batches of them, after each of which Ctrl-C is noticed."""
        if last - first <= self.capacity:
            return [slice(first, last)]
        batches = max(1, int(WORK_PER_CALL / (self.capacity * max(1, self.n_parameters))))
        length = batches * self.capacity
        return [slice(start, min(start + length, last)) for start in range(first, last, length)]

    def _predict(self, memory, theta, rows, stop, linked, out):
        training.predict(theta, self.layout, self.table, memory, rows, self.capacity, self._in_place, stop, linked, out)

    def losses(self, raw, y, weights):
        """Weighted sum of the losses of raw predictions.

        Parameters
        ----------
        raw, y : ndarray of shape (n_rows, n_outputs)
            Raw predictions and targets.
        weights : ndarray of shape (n_rows,) or None
            Sample weights.

        Returns
        -------
        total : float
        """
        weights = np.empty(0) if weights is None else weights
        y = np.ascontiguousarray(y, self.dtype)
        return training.evaluate(self.table, raw, y, weights.astype(self.dtype))

    def link(self, raw):
        """Predictions for raw predictions.

        Parameters
        ----------
        raw : ndarray of shape (n_rows, n_outputs)
            Raw predictions; left alone.

        Returns
        -------
        values : ndarray of shape (n_rows, n_outputs)
        """
        self._plug_link()
        values = raw.copy()
        training.apply_link(self.table, values)
        return values

    def largest_feature(self):
        """Largest magnitude among the samples' features, for messages."""
        values = self.source.data if self.sparse else self.source.X
        if not values.size:
            return 0.0
        return max(float(values.max()), -float(values.min()))  # without a copy of everything, as abs would make
