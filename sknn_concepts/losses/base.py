"""What a loss is: its verbs, for kernels, and the class that losses are made from."""

from typing import ClassVar

from sknn_concepts.jit.dispatch import overloaded_method
from sknn_concepts.jit.strategy import Strategy


@overloaded_method
def loss(strategy, y, raw):
    """Loss of one output."""
    return strategy.loss(y, raw)


@overloaded_method
def gradient(strategy, y, raw):
    """First derivative with respect to the raw prediction."""
    return strategy.gradient(y, raw)


@overloaded_method
def hessian(strategy, y, raw):
    """Second derivative with respect to the raw prediction."""
    return strategy.hessian(y, raw)


@overloaded_method
def inverse_link(strategy, raw):
    """Prediction for a raw prediction."""
    return strategy.inverse_link(raw)


@overloaded_method
def loss_gradient_row(strategy, y, raw, out):
    """Loss of one sample; its gradient goes to `out`."""
    return strategy.loss_gradient_row(y, raw, out)


#: Samples that :meth:`SoftmaxLogLoss.loss_gradient_columns` takes at once: some vectors of them; and the rows of
#: numbers that it may use for each.
LANES, SCRATCH = 32, 4


@overloaded_method
def loss_gradient_columns(strategy, y, raw, out, scratch):
    """Losses of samples side by side, of shape (n_outputs, LANES), into the first row of `scratch`.

    Their gradients go to `out`.
    """
    return strategy.loss_gradient_columns(y, raw, out, scratch)


@overloaded_method
def hessian_row(strategy, y, raw, out):
    """Second derivatives of one sample's loss, a matrix over its outputs, into `out`."""
    return strategy.hessian_row(y, raw, out)


@overloaded_method
def inverse_link_row(strategy, raw):
    """Prediction for one sample's raw predictions, in place."""
    return strategy.inverse_link_row(raw)


class Loss(Strategy):
    """A loss of each output on its own; the loss of a sample is the sum over its outputs.

    Subclasses have ``loss(self, y, raw)`` and ``gradient(self, y, raw)``; ``hessian(self, y, raw)`` for curvature; and
    ``inverse_link(self, raw)`` unless it is the identity. Classes are coded 0 and 1, one output a class (a single one
    for two classes).
    """

    #: What it can be used for: "classification", "regression".
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    #: Name of the inverse link, shown as ``out_activation_``.
    link: ClassVar[str] = "identity"
    #: Whether the inverse link gives probabilities.
    probabilities: ClassVar[bool] = False
    #: Raw prediction between the two classes.
    threshold: ClassVar[float] = 0.0
    #: Whether the value reported for several outputs is their mean, as scikit-learn reports squared errors.
    averages_outputs: ClassVar[bool] = False

    def check(self):
        """Raise ValueError where a hyper-parameter is out of its range."""

    def check_target(self, y):
        """Raise ValueError where a target is outside the loss's domain."""

    def multiclass(self):
        """Loss to use for more than two classes that exclude each other: this one, each class against the rest."""
        return self

    def inverse_link(self, raw):
        """Prediction for a raw prediction: itself."""
        return raw
