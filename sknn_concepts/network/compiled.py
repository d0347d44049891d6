"""A network ready to run: its kernels are bound and its memory is allocated. This is what trainers call."""

import functools
import types

import numpy as np

from sknn_concepts.jit.barrier import make_team
from sknn_concepts.jit.dispatch import DispatchTable
from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.jit.strategy_type import has
from sknn_concepts.network import kernel_table, kernels, minibatch, sparse
from sknn_concepts.network.connections import can_stay_in_place, connect, count_weights, unit_runs, unit_starts
from sknn_concepts.network.dataset import count_samples, gather_dense, gather_targets, is_sparse, weigh
from sknn_concepts.network.layers import Context, Memory
from sknn_concepts.network.layout import SIZE, UNITS, make_layout, n_parameters, n_weights
from sknn_concepts.network.minibatch import Regularization, Step
from sknn_concepts.network.training_samples import TrainingSamples

#: Rows of a block where the whole data set passes through: enough to fill the processor, few enough to stay in cache.
ROWS_PER_BLOCK = 256

#: Fewest rows of a batch that a layer with a mask reads where they are; with fewer, fixed costs dominate.
MIN_ROWS_IN_PLACE = 64

#: Regularization of a network that has none.
NO_REGULARIZATION = Regularization(l2=0.0, l1=0.0, loss_scale=1.0, keep=1.0, max_norm=0.0, max_grad_norm=0.0)

#: Team of a thread that trains alone.
ALONE = make_team(1)

DENSE_PRODUCTS = kernels.DENSE_PRODUCT, kernels.DENSE_GRADIENT, kernels.DENSE_BACK_PRODUCT

NO_UNITS = np.empty((0, 3), np.int64)

#: Multiply-adds between two checks for Ctrl-C.
MULTIPLY_ADDS_PER_CALL = 5e8


class CompiledNetwork(TrainingSamples):
    """Kernels and batch memory of one network over one data set.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input first.
    activations : list of Activation
        One for each layer after the input; the last is that of the output.
    loss : Loss
        Loss that training minimizes; its inverse link turns raw predictions into predictions.
    dtype : dtype
        float32 or float64.
    dataset : ArrayStruct
        Samples, made by :func:`sknn_concepts.network.dataset.make_dataset`.
    batch_size : int, default=ROWS_PER_BLOCK
        Rows of a batch.
    optimizer : Optimizer, optional
        Optimizer of :meth:`train`.
    needs_gradients : bool, default=False
        Whether gradients will be computed.
    masks : list, optional
        For each matrix of weights, of shape (fan_in, fan_out): None, or an ndarray of bool of that shape, or its
        :class:`~sknn_concepts.network.connections.Connections`. The parameters hold only the weights where a mask is
        true (:func:`sknn_concepts.network.packed.pack`), and only these are multiplied.

    Raises
    ------
    ValueError
        If a mask does not have the shape of its weights.
    """

    #: Class of the object that holds the context.
    _namespace: type = types.SimpleNamespace

    def __init__(
        self,
        sizes,
        activations,
        loss,
        dtype,
        dataset,
        *,
        batch_size=ROWS_PER_BLOCK,
        optimizer=None,
        needs_gradients=False,
        masks=None,
    ):
        self.dtype = np.dtype(dtype)
        self.batch_size = int(batch_size)
        self.sparse = is_sparse(dataset)
        self._connections = connect(sizes, masks)
        masked = self._connections[0] is not None and self.batch_size >= MIN_ROWS_IN_PLACE
        #: whether the first layer reads samples where they are, so that none are gathered
        self._in_place = self.sparse or (masked and can_stay_in_place(dataset, self.dtype))
        self.layout = make_layout(sizes, None if masks is None else count_weights(sizes, self._connections))
        self.table = DispatchTable(kernel_table.ENTRIES, self.dtype, len(sizes) - 1)
        self._loss, self._linked, self._needs_gradients = loss, False, needs_gradients
        self._weighted = None
        self.set_dataset(dataset)
        for layer, activation in enumerate(activations):
            self._bind_products(layer)
            self._bind_activation(layer, activation)
        if needs_gradients:
            self.table.bind(kernel_table.call_loss, kernels.loss_kernel(loss), loss)
        if optimizer is not None:
            self.table.bind(kernel_table.call_optimizer, kernels.step, optimizer)
        #: 0 for the parameters that training leaves at zero, 1 for the others; empty where all are free
        self.mask = np.empty(0, self.dtype)

    def set_dataset(self, dataset):
        """Read other samples from now on, which cannot be sparse.

        Parameters
        ----------
        dataset : ArrayStruct
            Samples whose arrays have the types of those before.

        Raises
        ------
        ValueError
            If they do not have as many features as the network takes: kernels do not check.
        """
        if dataset.n_features != self.layout[0, SIZE]:
            raise ValueError(
                f"The network takes {self.layout[0, SIZE]} features; the samples have {dataset.n_features}."
            )
        self.dataset = dataset
        weighted = dataset.weights.size > 0
        if weighted != self._weighted:
            self._weighted, self._local = weighted, self._namespace()
        self.table.bind(kernel_table.call_gather, gather_targets if self._in_place else gather_dense, dataset)
        if self._needs_gradients:
            self.table.bind(kernel_table.call_weigh, weigh, dataset)
        if self._in_place and not self.sparse:
            self._bind_products(0)

    def release_dataset(self):
        """Let go of the samples until :meth:`set_dataset` brings others."""
        self.dataset = None
        self.table.unbind(kernel_table.call_gather)

    def _bind_products(self, layer):
        product, gradient, back_product = self._products(layer)
        self.table.bind(kernel_table.call_product, *product, layer)
        if self._needs_gradients:
            self.table.bind(kernel_table.call_gradient, *gradient, layer)
        if self._needs_gradients and layer > 0:
            self.table.bind(kernel_table.call_back_product, *back_product, layer)

    def _products(self, layer):
        """Kernels of a layer's product, gradient and back product, each with what it is specialized for."""
        samples = self.dataset if layer == 0 and self._in_place else None
        if self._connections[layer] is not None:
            return self._connections[layer].products(samples, self._needs_gradients and layer > 0, self.dtype)
        if samples is not None:
            return (sparse.csr_product, samples), (sparse.csr_gradient, samples), None
        return [(kernels.dense_product, which) for which in DENSE_PRODUCTS]

    def _bind_activation(self, layer, activation):
        with_slope = self._needs_gradients and not has(activation, "slope_from_value")
        forward = kernels.activate_with_slope if with_slope else kernels.activate
        self.table.bind(kernel_table.call_activate, forward, activation, layer)
        if self._needs_gradients:
            backward = kernels.scale_by_slope if with_slope else kernels.scale_from_value
            self.table.bind(kernel_table.call_scale, backward, activation, layer)

    def _bind_link(self):
        """Bind the inverse link when it is first needed: training does without."""
        if not self._linked:
            kernel = kernels.link_rows if has(self._loss, "inverse_link_row") else kernels.link
            self.table.bind(kernel_table.call_link, kernel, self._loss)
            self._linked = True

    def _make_memory(self):
        last = self.layout[-1]
        size = self.batch_size * int(last[UNITS] + last[SIZE])
        inputs = 0 if self._in_place else self.batch_size * int(self.layout[0, SIZE])
        return Memory(
            inputs=empty_lines(inputs, self.dtype),
            values=empty_lines(size, self.dtype),
            slopes=empty_lines(size, self.dtype),
            deltas=empty_lines(size if self._needs_gradients else 0, self.dtype),
            masks=empty_lines(size if self._needs_gradients else 0, self.dtype),
            y=empty_lines(self.batch_size * int(last[SIZE]), self.dtype),
            weights=empty_lines(self.batch_size, self.dtype),
        )

    @property
    def _context(self):
        """Return the description of the network and its data set for kernels, made once."""
        if not hasattr(self._local, "context"):
            self._local.context = Context(
                layout=self.layout,
                table=self.table.calls,
                memory=self._make_memory(),
                batch_size=self.batch_size,
                weighted=self._weighted,
                in_place=self._in_place,
                unit_starts=unit_starts(self.layout, self._connections),
            )
        return self._local.context

    @functools.cached_property
    def _units(self):
        return unit_runs(self.layout, self._connections)

    @property
    def n_weights(self):
        """Number of weights, without intercepts."""
        return n_weights(self.layout)

    @property
    def n_parameters(self):
        """Number of weights and intercepts."""
        return n_parameters(self.layout)

    def make_step(self, theta, slots, regularization):
        """Arrays of the steps of :meth:`train`.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            Parameters, which training changes in place.
        slots : ndarray of shape (n_slots, n_parameters)
            State of the optimizer for each parameter, such as momentum, which training changes in place.
        regularization : Regularization
            Penalties and constraints.

        Returns
        -------
        step : Step
        """
        n_runs = -(-self.n_weights // minibatch.PARAMETERS_PER_RUN)
        return Step(
            theta=theta,
            gradient=empty_lines(theta.shape, theta.dtype),
            slots=slots,
            mask=self.mask,
            units=self._units if regularization.max_norm > 0.0 else NO_UNITS,
            losses=empty_lines(self.batch_size, theta.dtype),
            penalties=np.empty(n_runs),
            squares=np.empty(n_runs + 1),
            regularization=regularization,
        )

    def train(self, step, order, first, last, coefficients, shrinkage, seeds):
        """Train on batches `first` to `last` - 1 of an epoch, in place.

        Parameters
        ----------
        step : Step
            Parameters, state of the optimizer and regularization, made by :meth:`make_step`.
        order : ndarray of int64 of shape (n_samples,)
            Rows of the data set in the order of the epoch.
        first, last : int
            Numbers of the first batch and of the one after the last.
        coefficients : ndarray of shape (n_batches, n_coefficients)
            Coefficients of the optimizer for each batch of the epoch.
        shrinkage : ndarray of shape (n_batches,)
            Factor of the weights before each step.
        seeds : ndarray of uint32 of shape (n_batches,)
            Seeds of the dropout masks; not used without dropout.

        Returns
        -------
        total : float
            Sum over the batches of loss times size.
        reached : int
            `last`, or the first batch whose loss was not finite; no step was made from there on.
        """
        batches = order, first, last, coefficients.ravel(), shrinkage, seeds
        return minibatch.train(self._context, step, ALONE, 0, *batches)

    def step_along_gradient(self, step, weight, coefficients, shrink):
        """Make a step of the optimizer along a gradient that was computed elsewhere, in place.

        Parameters
        ----------
        step : Step
            Parameters, state of the optimizer, and the mean gradient of a batch, without penalties.
        weight : float
            Total weight of the batch.
        coefficients : ndarray of shape (n_coefficients,)
            Coefficients of the optimizer for this step.
        shrink : float
            Factor of the weights before the step.

        Returns
        -------
        penalty : float
            Penalty before the step.
        """
        return minibatch.step_along_gradient(self._context, step, ALONE, weight, coefficients, shrink)

    def loss_gradient(self, theta, gradient, order, total_weight, regularization=NO_REGULARIZATION, seed=0):
        """Mean loss over rows with the penalty; its gradient goes to `gradient`.

        Parameters
        ----------
        theta, gradient : ndarray of shape (n_parameters,)
            Parameters, and the array that becomes the gradient.
        order : ndarray of int64
            Rows of the data set.
        total_weight : float
            Sum of the weights of the rows.
        regularization : Regularization, default=NO_REGULARIZATION
            Penalties and dropout.
        seed : int, default=0
            Seed of the dropout masks.

        Returns
        -------
        loss : float
        """
        return self._sum_gradients(theta, gradient, order, total_weight, regularization, seed)

    def _sum_gradients(self, theta, gradient, rows, total_weight, regularization, seed):
        options = float(total_weight), regularization, self.mask, int(seed)
        return minibatch.sum_gradients(self._context, theta, gradient, rows, *options)

    def predict(self, theta, rows=None, stop=None, linked=True):
        """Values of a layer.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            Parameters.
        rows : ndarray of int64 of shape (n_rows,), optional
            Rows of the data set; all by default.
        stop : int, optional
            Layer, counted from the input; the output by default.
        linked : bool, default=True
            Whether to apply the inverse link of the loss, to the output layer.

        Returns
        -------
        values : ndarray of shape (n_rows, n_units)
        """
        last = len(self.layout) - 1
        stop = last if stop is None else stop
        linked = linked and stop == last
        if linked:
            self._bind_link()
        rows = np.arange(count_samples(self.dataset)) if rows is None else rows
        out = np.empty((len(rows), int(self.layout[stop, SIZE])), self.dtype)
        self._run(theta, rows, stop, linked, out)
        return out

    def _run(self, theta, rows, stop, linked, out):
        for some in self._spans(0, rows.size):
            minibatch.predict(self._context, theta, rows[some], stop, linked, out[some])

    def _spans(self, first, last):
        """Slices of whole batches of samples; Ctrl-C is noticed after each of them."""
        if last - first <= self.batch_size:
            return [slice(first, last)]
        batches = max(1, int(MULTIPLY_ADDS_PER_CALL / (self.batch_size * max(1, self.n_parameters))))
        length = batches * self.batch_size
        return [slice(start, min(start + length, last)) for start in range(first, last, length)]

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
        return minibatch.evaluate(self.table.calls, raw, y, weights.astype(self.dtype))

    def link(self, raw):
        """Predictions for raw predictions.

        Parameters
        ----------
        raw : ndarray of shape (n_rows, n_outputs)
            Raw predictions, which are not changed.

        Returns
        -------
        values : ndarray of shape (n_rows, n_outputs)
        """
        self._bind_link()
        values = raw.copy()
        kernel_table.call_link(self.table.calls, values)
        return values
