"""Tests of the version in pickled estimators."""

import copy
import pickle

import numpy as np
import pytest

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron, TabularClassifier
from sknn_concepts.tabular import ColumnEncoder, ColumnReader, PiecewiseLinearEncoder, TableEncoder
from sknn_concepts.validation import saved_state

ALL = [
    LogisticRegression, MLPClassifier, MLPRegressor, Perceptron, TabularClassifier, ColumnEncoder, ColumnReader,
    PiecewiseLinearEncoder, TableEncoder,
]  # fmt: skip


@pytest.mark.parametrize("estimator_class", ALL)
def test_another_minor_version_warns_once_and_the_same_does_not(estimator_class, monkeypatch):
    estimator = estimator_class()
    own = pickle.dumps(estimator)
    assert pickle.loads(own).get_params() == estimator.get_params()
    assert vars(pickle.loads(own)) == vars(copy.copy(estimator)) == vars(estimator)
    monkeypatch.setattr(saved_state, "__version__", "0.9.3")
    with pytest.warns(
        UserWarning, match=rf"This {estimator_class.__name__} was saved by sknn_concepts .*, and version 0.9.3"
    ) as found:
        pickle.loads(own)
    assert len(found) == 1
    later = pickle.dumps(estimator)
    monkeypatch.setattr(saved_state, "__version__", "0.9.10")
    pickle.loads(later)  # a patch release: warnings are errors here


def test_a_fit_does_not_keep_the_version_among_the_attributes():
    model = MLPClassifier((2,), max_iter=1, tol=0.0)
    with pytest.warns(UserWarning, match="iterations"):
        model.fit(np.eye(2), [0, 1])
    assert saved_state.KEY not in vars(model) and saved_state.KEY in model.__getstate__()
