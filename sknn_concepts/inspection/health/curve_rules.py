"""Rules about the course of training: learning rate, and the loss on held-out samples."""

import numpy as np

from sknn_concepts.inspection.health.case import Finding
from sknn_concepts.losses import LogLoss, SoftmaxLogLoss

#: Fewest epochs from which a curve is judged.
MIN_EPOCHS = 10
#: Rises of the loss, in units of all that it fell from its start to its minimum, that are too many.
TOO_MUCH_RISE = 3.0
#: Typical change of the loss in an epoch that is too large.
TOO_ROUGH = 0.05
#: Change of weights in the first epoch, in units of their norm, and loss, in units of that of equal probabilities, that
#: are too large together.
TOO_FAR_IN_AN_EPOCH, WORSE_THAN_GUESSING = 5.0, 1.5
#: Rise of the validation loss above its minimum that is too large, as a share of the minimum.
TOO_HIGH = 0.1
#: Difference of the scores of training and validation samples that is too large.
TOO_FAR = {"accuracy": 0.15, "R^2": 0.3}


def rate_too_high(case):
    """A loss that overflows, rises, or jumps up and down."""
    losses, rate = case.losses, getattr(case.estimator, "learning_rate_init", None)
    advice = f"Lower learning_rate_init, now {rate:g}, to a tenth; scale the inputs." if rate else ""
    if case.has_diverged():
        return Finding(
            "learning rate too high",
            f"Training diverged: numbers overflowed after {len(losses)} whole epoch{'s' * (len(losses) != 1)}.",
            f"{advice} If that is not enough, start from smaller weights, or set max_grad_norm=1.0.",
        )
    if (leap := _leap(case)) is not None:
        return Finding("learning rate too high", leap, advice)
    if len(losses) < MIN_EPOCHS:
        return None
    steps = np.diff(losses)
    rises, fall = steps[steps > 0].sum(), losses[0] - losses.min()
    roughness = np.median(np.abs(steps) / np.maximum(np.abs(losses[:-1]), 1e-300))
    if losses[-1] > 1.1 * losses[0] or (rises > TOO_MUCH_RISE * fall and roughness > TOO_ROUGH):
        return Finding(
            "learning rate too high",
            f"The loss began at {losses[0]:.3g} and ended at {losses[-1]:.3g}; it rose in {np.sum(steps > 0)} of "
            f"{len(steps)} epochs, and its median change was {100 * roughness:.0f} %.",
            advice,
        )
    return None


def _leap(case):
    """Evidence that the first epoch took the weights too far; None if there is none."""
    if case.record is None or not len(case.losses) or not isinstance(case.loss, LogLoss | SoftmaxLogLoss):
        return None
    ratio, n_classes = np.nanmax(case.record["update_ratio"][0], initial=0.0), max(2, case.coefs[-1].shape[1])
    if ratio <= TOO_FAR_IN_AN_EPOCH or case.losses[0] <= WORSE_THAN_GUESSING * np.log(n_classes):
        return None
    return (
        f"The first epoch changed the weights of a layer by {ratio:.2g} times their norm, and its loss was "
        f"{case.losses[0]:.3g}; equal probabilities have {np.log(n_classes):.3g}."
    )


def rate_too_low(case):
    """A loss that falls slowly and steadily, and was far from its end when training stopped."""
    losses = case.losses
    stops_early = case.estimator.early_stopping  # whatever the loss does, a score decides when to stop
    if len(losses) < MIN_EPOCHS or losses[0] <= 0 or stops_early:
        return None
    middle = len(losses) // 2
    before, after = losses[0] - losses[middle], losses[middle] - losses[-1]
    steady = np.mean(np.diff(losses) < 0) > 0.9
    if not (steady and after > 0.5 * before > 0 and losses[-1] > 0.5 * losses[0]):
        return None
    return Finding(
        "learning rate too low",
        f"In {len(losses)} epochs the loss fell from {losses[0]:.3g} to {losses[-1]:.3g} only, and in their second "
        f"half still by {after / before:.0%} of what it fell in the first.",
        f"Raise learning_rate_init, now {case.estimator.learning_rate_init:g}, to ten times as much, or max_iter; with "
        "a loss that falls so slowly, tol may end training early.",
    )


def overfitting(case):
    """A validation loss that rises while the loss falls, or a score that is much worse on validation samples."""
    curve = case.history.get("validation_loss")
    returned = getattr(case.estimator, "early_stopping", False)
    if curve is not None and not returned and np.isfinite(curve).sum() >= MIN_EPOCHS:
        return _rise(curve[np.isfinite(curve)])
    if case.X_val is None or case.X is None:
        return None
    train, held_out = case.estimator.score(case.X, case.y), case.estimator.score(case.X_val, case.y_val)
    metric = "accuracy" if case.is_classifier else "R^2"
    if train - held_out <= TOO_FAR[metric]:
        return None
    return Finding(
        "overfitting",
        f"The {metric} is {train:.3f} on the training samples, and {held_out:.3f} on the validation samples.",
        _ADVICE,
    )


_ADVICE = "Stop early (early_stopping=True), raise alpha, use dropout, fewer units, a pruner, or more samples."


def _rise(curve):
    best, last = int(np.argmin(curve)), float(np.median(curve[-3:]))
    rise = last - curve[best]
    if best > 0.8 * len(curve) or rise <= TOO_HIGH * abs(curve[best]) or rise <= 0.2 * (curve[0] - curve[best]):
        return None
    return Finding(
        "overfitting",
        f"The validation loss was smallest, {curve[best]:.3g}, after epoch {best + 1} of {len(curve)}, and ended at "
        f"{last:.3g}.",
        _ADVICE,
    )
