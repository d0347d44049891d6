"""The base class of losses, and their methods as kernels call them."""

from typing import ClassVar

from sknn_concepts.jit.strategy import Strategy
from sknn_concepts.jit.strategy_type import overloaded_method


@overloaded_method
def loss(strategy, y, raw):
    """Loss of one output."""
    return strategy.loss(y, raw)


@overloaded_method
def gradient(strategy, y, raw):
    """First derivative of the loss with respect to the raw prediction."""
    return strategy.gradient(y, raw)


@overloaded_method
def hessian(strategy, y, raw):
    """Second derivative of the loss with respect to the raw prediction."""
    return strategy.hessian(y, raw)


@overloaded_method
def inverse_link(strategy, raw):
    """Prediction for a raw prediction."""
    return strategy.inverse_link(raw)


@overloaded_method
def loss_gradient_row(strategy, y, raw, out):
    """Loss of one sample; its gradient is written to `out`."""
    return strategy.loss_gradient_row(y, raw, out)


#: Samples that `loss_gradient_columns` takes at once, a few vector registers of them, and rows of its `scratch`.
LANES, SCRATCH = 32, 4


@overloaded_method
def loss_gradient_columns(strategy, y, raw, out, scratch):
    """Write the losses of LANES samples to the first row of `scratch`, and their gradients to `out`.

    `y`, `raw` and `out` have shape (n_outputs, LANES): the samples are side by side. Returns 0.
    """
    return strategy.loss_gradient_columns(y, raw, out, scratch)


@overloaded_method
def hessian_row(strategy, y, raw, out):
    """Write the Hessian of one sample's loss with respect to its raw predictions to `out`; returns 0."""
    return strategy.hessian_row(y, raw, out)


@overloaded_method
def inverse_link_row(strategy, raw):
    """Turn one sample's raw predictions into predictions, in place; returns 0."""
    return strategy.inverse_link_row(raw)


class Loss(Strategy):
    """A loss of each output; the loss of a sample is the sum over its outputs.

    Subclasses define ``loss(self, y, raw)`` and its derivative with respect to `raw`, ``gradient(self, y, raw)``;
    ``hessian(self, y, raw)``, the second derivative, if second-order methods shall be available; and
    ``inverse_link(self, raw)`` unless it is the identity, and then also ``onnx(self, raw)``, the same for a
    :class:`sknn_concepts.export.Tensor`, if networks are to be converted to ONNX. Classes are coded 0 and 1, with one
    output per class, or a single output for two classes.
    """

    #: Tasks that the loss fits: "classification", "regression".
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    #: Name of the inverse link, shown as ``out_activation_``.
    link: ClassVar[str] = "identity"
    #: Whether targets must not be negative; reported as the tag of scikit-learn of the same name.
    positive_only: ClassVar[bool] = False
    #: Whether the inverse link returns probabilities.
    probabilities: ClassVar[bool] = False
    #: Raw prediction at the border between two classes.
    threshold: ClassVar[float] = 0.0
    #: Whether the loss of several outputs is reported as their mean, as scikit-learn does for squared errors.
    averages_outputs: ClassVar[bool] = False

    def check_target(self, y):
        """Raise ValueError if a target is outside the domain of the loss."""

    def multiclass(self):
        """Loss for more than two classes that exclude each other; by default this one, each class against the rest."""
        return self

    def inverse_link(self, raw):
        """Prediction for a raw prediction; by default the raw prediction itself."""
        return raw

    def onnx(self, raw):
        """Inverse link for a :class:`sknn_concepts.export.Tensor`; by default the raw prediction itself."""
        return raw
