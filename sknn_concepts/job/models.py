"""The models that are compared, networks and baselines, as pipelines with the same preprocessing."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.job.preprocessing import preprocessing

#: Minimum number of training rows for early stopping, which holds out a tenth of them.
EARLY_STOPPING_ROWS = 2_000

EPOCHS = 400


def network_pipeline(columns, task, rows, seed):
    """Return a pipeline of preprocessing and network, and the prefix of the network's parameters in ``set_params``.

    The number of training rows decides whether early stopping is used.
    """
    # the loss responds to rare classes long before the accuracy does
    network = network_class(task)(**_training(rows, seed), early_stopping_scoring="loss")
    pipeline = _pipeline(columns, task, network)
    return pipeline, "network__" if task == "classification" else "network__regressor__"


def baselines(columns, task, rows, seed):
    """Return the baselines by name, the fastest first, with the same preprocessing as the networks."""
    if task == "classification":
        models = {
            "most frequent class": DummyClassifier(),
            "scikit-learn LogisticRegression": LogisticRegression(max_iter=1_000),
            "scikit-learn MLPClassifier": SklearnMLPClassifier(**_training(rows, seed)),
        }
    else:
        models = {
            "mean of the target": DummyRegressor(),
            "scikit-learn Ridge": Ridge(),
            "scikit-learn MLPRegressor": SklearnMLPRegressor(**_training(rows, seed)),
        }
    return {name: _pipeline(columns, task, model) for name, model in models.items()}


def network_class(task):
    """Return the network class for a task."""
    return MLPClassifier if task == "classification" else MLPRegressor


def _training(rows, seed):
    return {"max_iter": EPOCHS, "early_stopping": rows >= EARLY_STOPPING_ROWS, "random_state": seed}


def _pipeline(columns, task, model):
    if task == "regression":
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return Pipeline([("columns", preprocessing(columns)), ("network", model)])
