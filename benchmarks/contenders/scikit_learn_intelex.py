"""scikit-learn-intelex: scikit-learn's estimators over Intel's oneDAL."""

from sklearnex.linear_model import LogisticRegression

from benchmarks.contenders import logistic_only


def make(kind, **parameters):
    """Estimator of that name."""
    logistic_only(kind, "scikit-learn-intelex")
    return LogisticRegression(**parameters)
