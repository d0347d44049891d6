"""Save small models of this version, which later versions must load: ``python tests/saved_models/make.py``.

Each file has a fitted model, samples, and what the model predicted for them when it was saved.
"""

import pathlib
import warnings

import joblib
import numpy as np
import pandas
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import (
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    TabularClassifier,
    TabularRegressor,
    __version__,
)
from sknn_concepts.activations import LeakyRelu
from sknn_concepts.pruning import OptimalBrainDamage, prune
from sknn_concepts.schedules import Cosine


def make_models():
    """Fit the models, and return pairs of a model and samples by name."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y, numbers = np.array(["a", "b", "c"])[np.arange(60) % 3], X @ [1.0, 2.0, 3.0]
    frame = pandas.DataFrame({"size": X[:, 0], "color": y, "day": pandas.date_range("2026-01-01", periods=60)})
    frame.loc[::7, "size"] = np.nan
    short = {"hidden_layer_sizes": (4, 3), "max_iter": 3, "random_state": 0}
    ensemble = {"n_members": 3, "max_members": 1, "n_folds": 1, "random_state": 0}
    network = MLPClassifier(early_stopping=True, **short).fit(X, y)
    return {
        "mlp_classifier": (network, X),
        "mlp_pruned": (prune(network, X, y, OptimalBrainDamage(sparsity=0.5)).sparsify(), X),
        "mlp_regressor": (
            make_pipeline(
                StandardScaler(), MLPRegressor(activation=LeakyRelu(0.1), learning_rate=Cosine(), **short)
            ).fit(X, numbers),
            X,
        ),
        "logistic_regression": (LogisticRegression().fit(X, y), X),
        "perceptron": (Perceptron().fit(X, y), X),
        "tabular_classifier": (TabularClassifier(**ensemble).fit(frame, y), frame),
        "tabular_regressor": (TabularRegressor(**ensemble).fit(frame, numbers), frame),
    }


def main():
    """Save the models in a folder named by the version."""
    warnings.simplefilter("ignore")
    folder = pathlib.Path(__file__).with_name(__version__)
    folder.mkdir(exist_ok=True)
    for name, (model, X) in make_models().items():
        saved = {"model": model, "X": X, "predicted": model.predict(X)}
        joblib.dump(saved, folder / f"{name}.joblib", compress=3)


if __name__ == "__main__":
    main()
