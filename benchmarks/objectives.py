"""The workload of fitting logistic regressions until they reach the same objective."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from benchmarks.shared import shared
from benchmarks.workload import JUDGED, Fit

#: Maximum relative excess over the smallest objective.
SAME_OBJECTIVE = 1e-8


@dataclass(kw_only=True)
class FitLogistic(Fit):
    """Fit of a penalized logistic regression, with the loosest tolerance that reaches a common objective.

    Attributes
    ----------
    reference : dict
        Parameters with which scikit-learn finds the smallest objective.
    excess : float
        Maximum relative excess over the smallest objective.
    """

    reference: Any = None
    excess: float = SAME_OBJECTIVE

    def load(self, quick):
        """Load the data, and find the smallest objective once for all contenders."""
        super().load(quick)
        self.smallest = shared("smallest", self._smallest)

    def _smallest(self):
        from sklearn.linear_model import LogisticRegression

        parameters = self.parameters | (self.reference or {"solver": "newton-cholesky", "tol": 1e-12})
        return self.objective(LogisticRegression(**parameters).fit(self.X, self.y))

    def objective(self, model):
        """Return the mean log loss plus scikit-learn's penalty divided by C n."""
        coef, intercept = np.asarray(model.coef_), np.asarray(model.intercept_)
        raw = np.asarray(self.X @ coef.T) + intercept
        if raw.shape[1] == 1:
            losses = np.logaddexp(0.0, np.where(self.y == 1, -1.0, 1.0) * raw[:, 0])
        else:
            losses = logsumexp(raw, axis=1) - raw[np.arange(len(self.y)), self.y]
        lasso = self.parameters.get("l1_ratio", 0.0) == 1.0
        penalty = np.sum(np.abs(coef)) if lasso else 0.5 * np.sum(coef**2)
        return float(np.mean(losses) + penalty / (self.parameters["C"] * len(self.y)))

    def tune(self, make, label):
        """Find the loosest tolerance that reaches the smallest objective, from that of an earlier race on."""
        exponent = shared(f"tolerance of {label}", lambda: self._find_exponent(make, 1))
        if self.parameters.get("tol") != 10.0**-exponent:
            self._find_exponent(make, exponent)

    def _find_exponent(self, make, first):
        excess = np.inf
        for exponent in range(first, 13):
            self.parameters = self.parameters | {"tol": 10.0**-exponent}
            excess = self.objective(self.run(make)) / self.smallest - 1.0
            if excess <= self.excess:
                return exponent
        raise RuntimeError(f"the objective exceeds the smallest one by a relative {excess:.1e}")

    def judge(self, model):
        """Return the objective, the accuracy and the tolerance that was needed."""
        score = float(np.mean(model.predict(self.X[:JUDGED]) == self.y[:JUDGED]))
        return {"loss": self.objective(model), "score": score, "tol": self.parameters["tol"]}
