"""The scores that select the winner, and those that are reported for the held-out rows.

Losses are compared as scikit-learn compares them, with the opposite sign so that greater is better, and shown as
positive numbers.
"""

import dataclasses

import numpy as np
from sklearn import metrics


@dataclasses.dataclass(frozen=True)
class Score:
    """A score that can select the winner."""

    name: str  #: name of scikit-learn's scorer, for which greater is better
    label: str  #: name in the reports
    is_loss: bool = False  #: whether scikit-learn's scorer returns the opposite of it

    def shown(self, value):
        """Return a value of scikit-learn's scorer as it is shown."""
        return -value if self.is_loss else value

    def text(self, value):
        """Return a value of scikit-learn's scorer as text."""
        return as_text(self.shown(value))

    @property
    def direction(self):
        """Which values are better, in words."""
        return f"{'lower' if self.is_loss else 'higher'} is better"

    def scorer(self):
        """Return the scorer ``scorer(estimator, X, y)``."""
        return neg_log_loss if self.name == "neg_log_loss" else metrics.get_scorer(self.name)


#: Scores that can select the winner, by task. The first is the default.
SCORES = {
    "classification": (
        Score("neg_log_loss", "log loss", is_loss=True),
        Score("accuracy", "accuracy"),
        Score("balanced_accuracy", "balanced accuracy"),
        Score("f1_macro", "macro F1"),
    ),
    "regression": (
        Score("neg_root_mean_squared_error", "RMSE", is_loss=True),
        Score("neg_mean_absolute_error", "MAE", is_loss=True),
        Score("r2", "R2"),
    ),
}


def as_text(number):
    """Return a number with four decimals, fewer if it is large."""
    size = abs(number)
    return f"{number:.4f}" if not size >= 100.0 else f"{number:.2f}" if size < 10_000.0 else f"{number:.0f}"


def neg_log_loss(model, X, y):
    """Return the opposite of the log loss, as scikit-learn's scorer of this name.

    Unlike that one, it also scores rows in which a class is missing, or which have a class that the model does not
    know.
    """
    return -log_loss(y, model.predict_proba(X), model.classes_)


def log_loss(y, probabilities, classes):
    """Return the mean negative log probability of the true classes.

    As in scikit-learn, probabilities are at least the resolution of their dtype; those of unknown classes are 0.
    """
    places = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    predicted = np.where(classes[places] == y, probabilities[np.arange(len(y)), places], 0.0)
    return float(-np.mean(np.log(np.maximum(predicted, np.finfo(probabilities.dtype).eps))))


def classification_scores(model, X, y, predicted):
    """Return accuracy, balanced accuracy, log loss and, for two classes, the area under the ROC curve by name."""
    probabilities = model.predict_proba(X)
    scores = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "balanced accuracy": metrics.balanced_accuracy_score(y, predicted),
        "log loss": log_loss(y, probabilities, model.classes_),
    }
    if len(model.classes_) == 2:
        scores["ROC AUC"] = metrics.roc_auc_score(y == model.classes_[1], probabilities[:, 1])
    return {name: float(value) for name, value in scores.items()}


def regression_scores(model, X, y, predicted):
    """Return R2, mean absolute error and root mean squared error by name, the errors in the unit of the target."""
    return {
        "R2": float(metrics.r2_score(y, predicted)),
        "MAE": float(metrics.mean_absolute_error(y, predicted)),
        "RMSE": float(metrics.mean_squared_error(y, predicted) ** 0.5),
    }
