"""scikit-learn-intelex, which runs scikit-learn's estimators on Intel's oneDAL."""

from sklearnex.linear_model import LogisticRegression

from benchmarks.contenders import logistic_only


def make(kind, **parameters):
    """Create an estimator."""
    logistic_only(kind, "scikit-learn-intelex")
    return LogisticRegression(**parameters)
