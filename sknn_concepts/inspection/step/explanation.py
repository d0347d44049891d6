"""The arrays of one step of gradient descent, taken from the engine."""

import copy
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from sknn_concepts._typing import Array, Data
from sknn_concepts.curvature import gradients
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.inspection.step import rendering
from sknn_concepts.inspection.step.quantities import all_quantities
from sknn_concepts.jit.strategy_type import has
from sknn_concepts.network.layout import layer_views
from sknn_concepts.validation.fitted_network import make_fitted_network

#: What may happen to intercepts.
INTERCEPTS = ("per_unit", "shared", "fixed")


@dataclass(eq=False, repr=False)
class ExplainedStep:
    """One step of gradient descent; see :func:`explain_step`.

    ``print(step)`` shows it as text, a notebook as a table. Lists have an entry for each layer of weights, unless
    described otherwise. In the text, E is the loss of a sample, i1, i2, ... are the inputs, o1, o2, ... the units of
    the output layer, and h1, h2, ... the hidden units (with several hidden layers, h2_1 is unit 1 of layer 2). Weights
    are numbered layer by layer, those that lead to a unit side by side. b_h1 is the intercept of h1; b1 is the
    intercept that all units of layer 1 share. w1_new is w1 after the step. Where the loss makes the prediction p of the
    net input, as by softmax, an output unit has p in place of out, and its delta in place of the two factors.

    Attributes
    ----------
    network : estimator
        Network before the step.
    updated : estimator
        Copy of the network after the step.
    learning_rate : float
        Factor of the gradient.
    intercepts_mode : {"per_unit", "shared", "fixed"}
        What the step does to intercepts.
    net_inputs : list of ndarray of shape (n_samples, n_units)
        Weighted sums of the inputs of each unit, plus its intercept.
    outputs : list of ndarray of shape (n_samples, n_units)
        Values of each layer of units, the input first; the last are the raw predictions, before the inverse link of the
        loss.
    predictions : ndarray of shape (n_samples, n_outputs)
        Predictions, after the inverse link of the loss.
    targets : ndarray of shape (n_samples, n_outputs)
        Targets; classes are coded 0 and 1.
    losses : ndarray of shape (n_samples, n_outputs) or (n_samples, 1)
        Loss of each output; of each sample if the loss couples the outputs, as softmax does.
    loss : float
        Mean over the samples of the sum of their losses.
    loss_after : float
        The same after the step.
    errors, slopes, deltas : list of ndarray of shape (n_samples, n_units)
        Derivatives of a sample's loss with respect to outputs, of outputs with respect to net inputs, and their
        product, the derivatives of a sample's loss with respect to net inputs.
    coefs, intercepts : list of ndarray
        Weights, of shape (fan_in, fan_out), and intercepts before the step.
    coef_gradients, intercept_gradients : list of ndarray
        Derivatives of `loss`, shaped like them. A weight that is removed has none.
    new_coefs, new_intercepts : list of ndarray
        Weights and intercepts after the step.
    """

    network: Any
    updated: Any
    learning_rate: float
    intercepts_mode: str
    net_inputs: list[Array]
    outputs: list[Array]
    predictions: Array
    targets: Array
    losses: Array
    loss: float
    loss_after: float
    errors: list[Array]
    slopes: list[Array]
    deltas: list[Array]
    coefs: list[Array]
    intercepts: list[Array]
    coef_gradients: list[Array]
    intercept_gradients: list[Array]
    new_coefs: list[Array]
    new_intercepts: list[Array]
    _activations: list
    _loss: Any
    _left: tuple  # masks of the weights and the intercepts that are not removed

    def __repr__(self):
        return (
            f"ExplainedStep(learning_rate={self.learning_rate:g}, loss={self.loss:g}, loss_after={self.loss_after:g})"
        )

    def __str__(self):
        return self.to_text()

    def _repr_html_(self):
        return self.to_html()

    def to_text(self, decimals: int = 9) -> str:
        """Text of the step: forward pass, loss, backward pass, gradients, update.

        Parameters
        ----------
        decimals : int, default=9
            Decimals of numbers; tiny numbers get significant digits instead.

        Returns
        -------
        text : str
            Of large networks it has the first lines of each part, of large batches the first samples;
            :meth:`to_frame` has all.
        """
        return rendering.text(all_quantities(self, decimals, rendering.MAX_SAMPLES), decimals)

    def to_html(self, decimals: int = 9) -> str:
        """HTML table of the step, with the lines of :meth:`to_text`.

        Parameters
        ----------
        decimals : int, default=9
            Decimals of numbers.

        Returns
        -------
        html : str
        """
        return rendering.html(all_quantities(self, decimals, rendering.MAX_SAMPLES), decimals)

    def to_latex(self, decimals: int = 9) -> str:
        """LaTeX of the step, an ``align*`` environment for each part, with the lines of :meth:`to_text`.

        Parameters
        ----------
        decimals : int, default=9
            Decimals of numbers.

        Returns
        -------
        latex : str
            It needs the package amsmath.
        """
        return rendering.latex(all_quantities(self, decimals, rendering.MAX_SAMPLES), decimals)

    def to_frame(self, decimals: int = 9) -> Any:
        """Data frame of all quantities.

        Parameters
        ----------
        decimals : int, default=9
            Decimals in the column ``numbers``; the column ``value`` is not rounded.

        Returns
        -------
        frame : pandas.DataFrame
            With columns part, sample (from 0), layer (from 0, the input), quantity, formula, numbers and value.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return rendering.frame(all_quantities(self, decimals))


def explain_step(
    network: Any, x: Data, y: Data, *, learning_rate: float, intercepts: str = "per_unit"
) -> ExplainedStep:
    """Explain one step of plain gradient descent: forward pass, backward pass, update, every quantity by name.

    The step follows the gradient of the mean over the samples of their loss, which is the sum over the outputs, without
    penalty, momentum and dropout: the step of ``partial_fit`` with ``solver="sgd"``, ``momentum=0`` and ``alpha=0`` on
    a batch of all samples. The network itself is not changed.

    Parameters
    ----------
    network : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted network, or one made by :func:`network_from_weights`.
    x : array-like of shape (n_features,) or {array-like, sparse matrix} of shape (n_samples, n_features)
        A sample, or a batch.
    y : label, number, or array-like of shape (n_outputs,), (n_samples,) or (n_samples, n_outputs)
        Target of the sample, or targets of the batch.
    learning_rate : float > 0
        Factor of the gradient.
    intercepts : {"per_unit", "shared", "fixed"}, default="per_unit"
        Whether each unit has an intercept of its own, all units of a layer share one, the gradient of which is the sum
        of theirs, or the step leaves intercepts as they are.

    Returns
    -------
    step : ExplainedStep
        Its attributes are arrays; ``print(step)`` shows text, a notebook shows a table, and its methods return text,
        HTML, LaTeX and a data frame.

    Raises
    ------
    ValueError
        If `learning_rate` or `intercepts` is out of its range, if `intercepts` is "shared" and the units of a layer
        have different ones, if an activation has no derivative, or if x and y do not fit the network.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, Nature 323. The example
    is that of Mazur (2015), A Step by Step Backpropagation Example, who leaves the intercepts fixed.

    Examples
    --------
    >>> from sknn_concepts.inspection import explain_step, network_from_weights
    >>> network = network_from_weights(
    ...     [[[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]],
    ...     [0.35, 0.60],
    ...     activation="logistic",
    ...     output_activation="logistic",
    ... )
    >>> step = explain_step(network, [0.05, 0.10], [0.01, 0.99], learning_rate=0.5, intercepts="fixed")
    >>> step.outputs[2].round(9).tolist()
    [[0.75136507, 0.772928465]]
    >>> round(step.loss, 9), round(step.loss_after, 9)
    (0.298371109, 0.291027774)
    >>> step.coef_gradients[1].round(9).tolist()
    [[0.082167041, -0.02260254], [0.082667628, -0.022740242]]
    >>> step.new_coefs[1].round(9).tolist()
    [[0.35891648, 0.51130127], [0.408666186, 0.561370121]]
    >>> for line in str(step).splitlines():
    ...     if "w5" in line or "delta_o1 =" in line:
    ...         print(line.strip())
    net_o1 = w5 * out_h1 + w6 * out_h2 + b_o1 = 0.4 * 0.593269992 + 0.45 * 0.596884378 + 0.6 = 1.105905967
    delta_o1 = dE/dout_o1 * dout_o1/dnet_o1 = 0.74136507 * 0.186815602 = 0.138498562
    dE/dout_h1 = delta_o1 * w5 + delta_o2 * w7 = 0.138498562 * 0.4 + (-0.038098237) * 0.5 = 0.036350306
    dE/dw5 (h1 to o1) = delta_o1 * out_h1 = 0.138498562 * 0.593269992 = 0.082167041
    w5_new = w5 - 0.5 * dE/dw5 = 0.4 - 0.5 * 0.082167041 = 0.35891648
    """
    _check_arguments(learning_rate, intercepts)
    X, y = _as_batch(x, y)
    fitted = make_fitted_network(network, X, y)._replace(loss_scale=1.0)
    blocks = SampleBlocks(fitted)
    if intercepts == "shared":
        _check_shared(blocks.intercepts)
    mask = network._parameter_mask() if fitted.mask is None else fitted.mask
    gradient = gradients.gradient(blocks)
    if mask is not None:
        gradient[~mask] = 0
    theta = blocks.theta - blocks.dtype.type(learning_rate) * _for_update(gradient, blocks.layout, intercepts)
    updated = _with_parameters(network, theta)
    after = SampleBlocks(make_fitted_network(updated, X, y)._replace(loss_scale=1.0))
    passes = _passes(blocks)
    raw = passes["outputs"][-1]
    coef_gradients, intercept_gradients = layer_views(gradient, blocks.layout)
    new_coefs, new_intercepts = layer_views(theta, blocks.layout)
    return ExplainedStep(
        network=network,
        updated=updated,
        learning_rate=float(learning_rate),
        intercepts_mode=intercepts,
        **passes,
        predictions=blocks.compiled.link(raw),
        losses=_losses(fitted.loss, passes["targets"], raw),
        loss=float(gradients.loss(blocks)),
        loss_after=float(gradients.loss(after)),
        coefs=blocks.coefs,
        intercepts=blocks.intercepts,
        coef_gradients=coef_gradients,
        intercept_gradients=intercept_gradients,
        new_coefs=new_coefs,
        new_intercepts=new_intercepts,
        _activations=blocks.activations,
        _loss=fitted.loss,
        _left=layer_views(np.ones(theta.size, bool) if mask is None else mask, blocks.layout),
    )


def _check_arguments(learning_rate, intercepts):
    is_number = isinstance(learning_rate, Real) and not isinstance(learning_rate, bool)
    if not is_number or not 0.0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate must be a number in (0, inf); got {learning_rate!r}.")
    if intercepts not in INTERCEPTS:
        raise ValueError(f"intercepts must be one of {INTERCEPTS}; got {intercepts!r}.")


def _as_batch(x, y):
    """Return samples and targets of a batch, of which a single sample has one row."""
    if np.ndim(x) != 1 or hasattr(x, "tocsr"):
        return x, y
    targets = np.asarray(y)[None]
    return np.asarray(x)[None], targets.ravel() if targets.shape == (1, 1) else targets


def _check_shared(intercepts):
    for layer, b in enumerate(intercepts, start=1):
        if np.any(b != b[0]):
            raise ValueError(
                f"intercepts='shared' needs equal intercepts in each layer; those of layer {layer} are {b}."
            )


def _for_update(gradient, layout, intercepts):
    """Return the gradient that the step follows."""
    gradient = gradient.copy()
    for b in layer_views(gradient, layout)[1] if intercepts != "per_unit" else ():
        b[:] = b.sum() if intercepts == "shared" else 0
    return gradient


def _with_parameters(network, theta):
    updated = copy.deepcopy(network)
    if hasattr(updated, "_forget_training"):  # the momentum of other steps
        updated._forget_training()
    updated._set_parameters(theta.copy())
    return updated


def _passes(blocks):
    """Arrays of the forward and the backward pass over all samples."""
    found: dict = {name: [] for name in ("net_inputs", "outputs", "errors", "slopes", "deltas", "targets")}
    for block in blocks.blocks():  # which overwrites its arrays
        outputs = [blocks.dense_values(block, 0), *block.values[1:]]
        errors = blocks.errors(block)[1:]
        found["net_inputs"].append([_net_inputs(blocks, block, layer) for layer in range(blocks.depth)])
        found["outputs"].append([values.copy() for values in outputs])
        found["errors"].append([values.copy() for values in errors])
        found["slopes"].append([values.copy() for values in block.slopes[1:]])
        found["deltas"].append([error * slope for error, slope in zip(errors, block.slopes[1:], strict=True)])
        found["targets"].append([block.y.copy()])
    joined = {name: list(map(np.concatenate, zip(*parts, strict=True))) for name, parts in found.items()}
    return {**joined, "targets": joined["targets"][0]}


def _net_inputs(blocks, block, layer):
    z = np.empty_like(block.values[layer + 1])
    blocks.multiply(block.rows, layer, block.values[layer], blocks.coefs[layer], z)
    return z + blocks.intercepts[layer]


def _losses(loss, targets, raw):
    """Return the loss of each output, or of each sample if it couples the outputs, by the formula of the loss."""
    if has(loss, "loss_gradient_row"):
        return np.array([[loss.loss_gradient_row(t, r, np.empty_like(r))] for t, r in zip(targets, raw, strict=True)])
    pairs = zip(targets.ravel().tolist(), raw.ravel().tolist(), strict=True)
    return np.array([loss.loss(t, r) for t, r in pairs]).reshape(raw.shape)
