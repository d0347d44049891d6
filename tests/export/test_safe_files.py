"""Models are saved and loaded by skops, which loads trusted types only."""

import numpy as np
import pandas
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import (
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    TabularClassifier,
    TabularRegressor,
)
from sknn_concepts.activations import Activation, LeakyRelu
from sknn_concepts.export import skops_types
from sknn_concepts.pruning import OptimalBrainDamage
from sknn_concepts.schedules import Cosine
from sknn_concepts.tabular import TableEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(40, 3))
THREE, NUMBERS = np.array(["a", "b", "c"])[np.arange(40) % 3], X[:, 0]
SHORT = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
ENSEMBLE = {"n_members": 14, "n_folds": 2, "random_state": 0}


class Square(Activation):
    def value(self, z):
        return z * z

    def slope(self, z):
        return 2.0 * z


MODELS = {
    "strategies": (MLPClassifier(activation=LeakyRelu(0.1), learning_rate=Cosine(), **SHORT), THREE),
    "early stopping": (MLPClassifier(early_stopping=True, **SHORT), THREE),
    "pruned": (MLPClassifier(pruning=OptimalBrainDamage(sparsity=0.5), **SHORT), THREE),
    "in a pipeline": (make_pipeline(StandardScaler(), MLPRegressor(**SHORT)), NUMBERS),
    "lbfgs": (MLPRegressor(solver="lbfgs", **SHORT), NUMBERS),
    "encoder": (make_pipeline(TableEncoder(embedding="piecewise_linear"), MLPRegressor(**SHORT)), NUMBERS),
    "logistic": (LogisticRegression(), THREE),
    "perceptron": (Perceptron(), THREE),
    "own activation": (MLPClassifier(activation=Square(), **SHORT), THREE),
    "ensemble of classifiers": (TabularClassifier(**ENSEMBLE), THREE),
    "ensemble of regressors": (TabularRegressor(**ENSEMBLE), NUMBERS),
}

#: A table with all kinds of columns.
FRAME = pandas.DataFrame(
    {
        "number": np.where(np.arange(40) % 5, X[:, 0], np.nan),
        "text": THREE.astype(object),
        "category": pandas.Categorical(THREE),
        "boolean": X[:, 1] > 0,
        "date": pandas.date_range("2026-01-01", periods=40),
        "duration": pandas.to_timedelta(np.arange(40), unit="h"),
    }
)


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_predicts_the_same(name, tmp_path):
    io = pytest.importorskip("skops.io", reason="skops is not installed")
    model, y = MODELS[name]
    model.fit(X, y)
    io.dump(model, tmp_path / "model.skops")
    loaded = io.load(tmp_path / "model.skops", trusted=skops_types(Square))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("model", [TabularClassifier(**ENSEMBLE), TabularClassifier(**ENSEMBLE, warm_start=True)])
def test_ensembles_of_all_kinds_of_columns(model):
    io = pytest.importorskip("skops.io", reason="skops is not installed")
    model.fit(FRAME, THREE)
    loaded = io.loads(io.dumps(model), trusted=skops_types())
    np.testing.assert_array_equal(loaded.predict_proba(FRAME), model.predict_proba(FRAME))


def test_types_of_ones_own_are_trusted_only_if_they_are_named():
    own = f"{__name__}.Square"
    assert own in skops_types(Square) and own not in skops_types()
    assert all(name.startswith("sknn_concepts.") for name in skops_types())
