"""Names and formulas of activations and losses, as an explained step shows them."""

from sknn_concepts.activations import ACTIVATIONS, Identity, Logistic, Tanh
from sknn_concepts.losses import LOSSES, LogLoss, SoftmaxFocal, SoftmaxLogLoss, SquaredError

#: First derivatives as functions of the value; others are shown as the derivative of the net input.
SLOPES = {Logistic: "{out} * (1 - {out})", Tanh: "1 - {out}^2", Identity: "1"}

#: Loss of an output, and its derivative with respect to the output.
PER_OUTPUT = {
    SquaredError: ("({out} - {t})^2 / 2", "{out} - {t}"),
    LogLoss: ("log(1 + exp({out})) - {t} * {out}", "{p} - {t}"),
}


def name_of(strategy):
    """Return the name of an activation or a loss: that of its registry, or of its class."""
    kind = {SoftmaxLogLoss: LOSSES["log_loss"], SoftmaxFocal: LOSSES["focal"]}.get(type(strategy), type(strategy))
    names = (name for registry in (ACTIVATIONS, LOSSES) for name, make in registry.items() if make is kind)
    return next(names, kind.__name__)


def slope_formula(activation):
    """Return the formula of the first derivative, with fields ``out`` and ``net``."""
    return SLOPES.get(type(activation), f"{name_of(activation)}'({{net}})")


def loss_formulas(loss):
    """Return the formulas of the loss and of its derivative for one output, with fields ``out``, ``t`` and ``p``.

    The loss of a sample whose outputs are coupled has none, and is shown by its name.
    """
    if type(loss) is SoftmaxLogLoss and not loss.label_smoothing:
        return None, "{p} - {t}"
    if type(loss) in PER_OUTPUT and not getattr(loss, "label_smoothing", 0.0):
        return PER_OUTPUT[type(loss)]
    name = name_of(loss)
    return f"{name}({{out}}, {{t}})", f"{name}'({{out}}, {{t}})"
