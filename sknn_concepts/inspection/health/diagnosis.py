"""The diagnosis of an estimator: rules, one after the other, and what they find."""

import html as markup
from typing import Any

from sklearn.pipeline import Pipeline

from sknn_concepts._typing import Data
from sknn_concepts.inspection.health import curve_rules, data_rules, layer_rules
from sknn_concepts.inspection.health.case import Case, Finding

#: Rules by the name of what they find, with what they need; causes come before what follows from them.
RULES = {
    "inputs not scaled": (data_rules.inputs_not_scaled, ("samples",)),
    "targets not scaled": (data_rules.targets_not_scaled, ("regression", "samples")),
    "equal units": (layer_rules.equal_units, ("network",)),
    "exploding gradients": (layer_rules.exploding_gradients, ("network", "record")),
    "learning rate too high": (curve_rules.rate_too_high, ("stochastic",)),
    "saturated units": (layer_rules.saturated_units, ("network", "record")),
    "vanishing gradients": (layer_rules.vanishing_gradients, ("network", "record")),
    "dead units": (layer_rules.dead_units, ("network", "record")),
    "learning rate too low": (curve_rules.rate_too_low, ("stochastic",)),
    "overfitting": (curve_rules.overfitting, ("held_out",)),
    "class never predicted": (data_rules.class_never_predicted, ("classifier", "samples")),
    "not linearly separable": (data_rules.not_separable, ("perceptron", "samples")),
}

#: Names of all findings.
FINDINGS = (*RULES, "stopped before it separated the classes")

#: Findings that follow from others, and are left out beside them.
FOLLOWS = {
    "exploding gradients": {"inputs not scaled", "targets not scaled"},
    "learning rate too high": {"inputs not scaled", "targets not scaled", "exploding gradients"},
    "vanishing gradients": {"equal units", "saturated units"},
    "dead units": {"equal units", "vanishing gradients"},
    "learning rate too low": {"equal units", "vanishing gradients", "dead units", "saturated units"},
    "class never predicted": {
        *("equal units", "vanishing gradients", "exploding gradients", "dead units"),
        *("learning rate too high", "learning rate too low"),
    },
}

#: What a rule needs, and how to provide it.
PROVIDED = {
    "samples": "pass X and y",
    "record": "fit within TrainingRecord()",
    "held_out": "pass X_val and y_val, here with X and y, or to fit",
}


class Diagnosis:
    """What :func:`diagnose` has found; ``print(diagnosis)`` tells it in plain words.

    Attributes
    ----------
    findings : list of Finding
        What is wrong, causes first; each has a name, evidence and advice.
    not_checked : dict of str to str
        Names of findings that could not be looked for, and what they need.
    """

    def __init__(self, findings: list[Finding], not_checked: dict[str, str]) -> None:
        self.findings, self.not_checked = findings, not_checked

    @property
    def names(self) -> list[str]:
        """Names of the findings."""
        return [finding.name for finding in self.findings]

    def __bool__(self):
        """Return whether something is wrong."""
        return bool(self.findings)

    def __repr__(self):
        return f"Diagnosis({self.names})"

    def __str__(self):
        lines = [str(finding) for finding in self.findings] or ["Nothing wrong was found."]
        lines += [f"Not checked: {', '.join(names)} ({needs})." for needs, names in self._unchecked()]
        return "\n".join(lines)

    def _unchecked(self):
        groups: dict = {}
        for name, needs in self.not_checked.items():
            groups.setdefault(needs, []).append(name)
        return groups.items()

    def _repr_html_(self):
        rows = "".join(
            "<tr>" + "".join(f'<td style="text-align: left">{markup.escape(cell)}</td>' for cell in finding) + "</tr>"
            for finding in self.findings
        )
        head = "".join(f'<th style="text-align: left">{name}</th>' for name in ("Finding", "Evidence", "Advice"))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        lines = [] if rows else ["Nothing wrong was found."]
        lines += [f"Not checked: {', '.join(names)} ({needs})." for needs, names in self._unchecked()]
        return table + "".join(f"<p>{markup.escape(line)}</p>" for line in lines)


def diagnose(estimator: Any, X: Data = None, y: Data = None, *, X_val: Data = None, y_val: Data = None) -> Diagnosis:
    """Say what is wrong with the training of an estimator, how it shows, and what to change.

    The more it is given, the more it checks. The record of a fit within
    :class:`~sknn_concepts.callbacks.TrainingRecord` tells of gradients and units, training samples of scales and
    predictions, validation samples of overfitting.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression, Perceptron, or a Pipeline that ends with one
        Fitted estimator. The samples for a pipeline are those before its first step.
    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Samples on which it was trained.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Their targets.
    X_val, y_val : array-like, default=None
        Validation samples and targets. Validation samples that ``fit`` was given need not be given again.

    Returns
    -------
    diagnosis : Diagnosis
        A :class:`Diagnosis`, which is falsy if nothing is wrong.

    Raises
    ------
    ValueError
        If only one of X and y, or of X_val and y_val, is given, if samples do not fit the estimator, or if fitted
        attributes are damaged.

    Notes
    -----
    The rules are thresholds, which healthy fits of twenty data sets do not reach:

    - vanishing gradients: over the first five epochs, the median norm of the gradient of the first layer's weights is
      less than 0.001 times that of the output layer's, or 1e-6 times the norm of the weights; for networks with two
      hidden layers at least.
    - exploding gradients: it is more than 50 times the norm of the weights in a layer.
    - dead, saturated units: more than half of a layer at the end of training.
    - equal units: the weights of all units of a layer are the same to six digits.
    - learning rate too high: training diverged, the loss rose by a tenth, or its rises add up to three times its fall
      and its median change in an epoch is above 5 %; or the first epoch changed the weights of a layer by five times
      their norm, and had a log loss above 1.5 times that of equal probabilities.
    - learning rate too low: the loss fell in nine of ten epochs, ended above half of its start, and fell in the second
      half of training by more than half of what it fell in the first.
    - inputs not scaled: standard deviations above 100, all below 0.01, or more than 100 times as large as others (and
      above 10), or a mean of 30 standard deviations.
    - targets not scaled: a standard deviation above 100.
    - overfitting: the validation loss ends a tenth above its minimum; or the accuracy is 0.15, R^2 0.3 worse on the
      validation samples.
    - class never predicted: a class with 1 % of the samples.
    - not linearly separable: a linear program has no solution.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.callbacks import TrainingRecord
    >>> from sknn_concepts.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> with TrainingRecord():
    ...     network = MLPClassifier((10,), initializer="zeros", max_iter=50, random_state=0).fit(X, y)
    >>> diagnose(network, X, y).findings[0].name
    'equal units'
    """
    if isinstance(estimator, Pipeline):
        transform, estimator = estimator[:-1].transform, estimator[-1]
        X, X_val = (None if samples is None else transform(samples) for samples in (X, X_val))
    case = Case(estimator, X, y, X_val, y_val)
    given = {
        "network": case.is_network,
        "regression": case.is_network and not case.is_classifier,
        "classifier": case.is_classifier,
        "stochastic": case.is_stochastic,
        "perceptron": hasattr(estimator, "eta0"),
        "samples": X is not None,
        "record": case.record is not None,
        "held_out": X_val is not None or "validation_loss" in case.history,
    }
    findings: list = []
    not_checked = {}
    for name, (rule, needs) in RULES.items():
        missing = [need for need in needs if not given[need]]
        if missing:
            if all(need in PROVIDED for need in missing):  # otherwise it does not concern the estimator
                not_checked[name] = PROVIDED[missing[0]]
        elif not FOLLOWS.get(name, set()) & {finding.name for finding in findings}:
            findings += filter(None, [rule(case)])
    return Diagnosis(findings, not_checked)
