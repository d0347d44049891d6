"""Rules about samples and predictions: scales, classes without predictions, classes that no plane separates."""

import numpy as np
import scipy.optimize

from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.perceptron import Perceptron
from sknn_concepts.inspection.health.case import Finding

#: Standard deviations of features that are far from 1, their largest ratio, and the largest mean beside them.
SMALL, LARGE, RATIO, OFFSET = 0.01, 100.0, 100.0, 30.0
#: Largest standard deviation of targets of regression.
LARGE_TARGET = 100.0
#: Share of the samples from which on a class should be predicted somewhere.
MIN_SHARE = 0.01
#: Samples times features up to which it is decided whether classes can be separated.
MAX_NUMBERS = 500_000


def inputs_not_scaled(case):
    """Features whose scales are far apart, or far from 1."""
    X = case.dense_samples()
    if X is None or (isinstance(case.estimator, LogisticRegression) and _has_converged(case.estimator)):
        return None
    deviations, means = X.std(axis=0), np.abs(X.mean(axis=0))
    varying = deviations > 1e-12 * np.maximum(means, 1.0)
    if not varying.any():
        return None
    deviations, means = deviations[varying], means[varying]
    low, high, offset = deviations.min(), deviations.max(), (means / deviations).max()
    far_apart = high > RATIO * low and high > 10.0
    shifted = bool(np.any((means > OFFSET * deviations) & (means > OFFSET)))
    if not (far_apart or shifted or high > LARGE or high < SMALL):
        return None
    deviation = f"from {low:.2g} to {high:.2g}" if low < high else f"of {high:.2g}"
    tail = f"; a mean is {offset:.0f} times as large as its standard deviation" if shifted else ""
    return Finding(
        "inputs not scaled",
        f"The features have standard deviations {deviation}{tail}.",
        "Scale them: make_pipeline(StandardScaler(), estimator).",
    )


def targets_not_scaled(case):
    """Targets of regression that are large, so that their squared errors and gradients are huge."""
    if case.is_classifier or case.y is None or not case.loss.averages_outputs:
        return None
    deviation = float(np.max(np.std(np.asarray(case.y, float), axis=0)))
    if deviation <= LARGE_TARGET:
        return None
    return Finding(
        "targets not scaled",
        f"The targets have a standard deviation of {deviation:.3g}; gradients grow with it.",
        "Scale them: TransformedTargetRegressor(estimator, transformer=StandardScaler()).",
    )


def class_never_predicted(case):
    """Classes of which there are samples, but no predictions."""
    if not case.is_classifier or case.y is None or case.y.ndim != 1:
        return None
    classes, counts = np.unique(case.y, return_counts=True)
    predicted = np.unique(case.estimator.predict(case.X))
    missing = [
        (label, count)
        for label, count in zip(classes.tolist(), counts.tolist(), strict=True)
        if label not in predicted and count >= max(2, MIN_SHARE * len(case.y))
    ]
    if not missing:
        return None
    parts = [f"{label!r} ({count} of {len(case.y)} samples)" for label, count in missing[:3]]
    parts += [f"and {len(missing) - 3} more"] if len(missing) > 3 else []
    return Finding(
        "class never predicted",
        f"No sample is predicted to be of class {', '.join(parts)}.",
        "Weigh the classes (class_weight='balanced'), or lower the threshold on predict_proba; train longer if the "
        "loss still falls.",
    )


def not_separable(case):
    """Classes that no hyperplane separates, so that a perceptron never stops making mistakes."""
    if not isinstance(case.estimator, Perceptron) or case.y is None:
        return None
    X, wrong = case.dense_samples(), int(np.sum(case.estimator.predict(case.X) != case.y))
    if X is None or not wrong or X.size > MAX_NUMBERS:
        return None
    classes = case.estimator.classes_
    failing = [one for one in (classes[1:] if len(classes) == 2 else classes) if not separable(X, case.y == one)]
    if failing:
        what = "the two classes" if len(classes) == 2 else f"class {', '.join(map(repr, np.array(failing).tolist()))}"
        rest = "" if len(classes) == 2 else " from the others"
        return Finding(
            "not linearly separable",
            f"A linear program shows that no hyperplane separates {what}{rest}; {wrong} of {len(X)} samples are wrong.",
            "Use MLPClassifier, or features in which the classes can be separated (PolynomialFeatures); "
            "LogisticRegression gives the best linear boundary in the sense of likelihood.",
        )
    return Finding(
        "stopped before it separated the classes",
        f"Hyperplanes separate the classes, but {wrong} of {len(X)} samples are wrong after "
        f"{case.estimator.n_iter_} epochs.",
        f"Train on: tol=None, and max_iter above {case.estimator.max_iter}; scaled inputs need fewer epochs.",
    )


def separable(X, is_positive):
    """Return whether a hyperplane separates samples from others, by a linear program: s_i (w x_i + b) >= 1."""
    signs = np.where(is_positive, 1.0, -1.0)[:, None]
    scaled = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)
    rows = -signs * np.hstack([scaled, np.ones((len(X), 1))])
    found = scipy.optimize.linprog(np.zeros(rows.shape[1]), rows, -np.ones(len(X)), bounds=(None, None))
    return found.status == 0


def _has_converged(estimator):
    return bool(np.all(estimator.n_iter_ < estimator.max_iter))
