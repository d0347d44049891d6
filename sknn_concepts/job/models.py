"""The models that are compared: networks and baselines after the same preprocessing, trees, and the ensemble."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.job.preprocessing import preprocessing, preprocessing_for_trees
from sknn_concepts.tabular import TabularClassifier, TabularRegressor

#: Number of rows to hold out for early stopping: a tenth, but at least so many, unless they are more than a fifth.
MIN_HELD_OUT = 100

EPOCHS = 400


def network_pipeline(columns, task, rows, seed):
    """Return a pipeline of preprocessing and network, and the prefix of the network's parameters in ``set_params``.

    The number of training rows decides how many are held out for early stopping.
    """
    # the loss responds to rare classes long before the accuracy does, and its minimum has the best probabilities
    network = network_class(task)(**_training(rows, seed), early_stopping_scoring="loss")
    pipeline = _pipeline(columns, task, network)
    return pipeline, "network__" if task == "classification" else "network__regressor__"


def ensemble_pipeline(columns, task, seed, n_members, jobs, time_limit=None):
    """Return a pipeline of the tabular ensemble, which encodes the columns itself."""
    kind = TabularClassifier if task == "classification" else TabularRegressor
    categories = [column.key for column in columns if column.kind == "category"]
    ensemble = kind(
        n_members,
        time_limit=time_limit,
        categorical_features=categories or "from_dtype",
        random_state=seed,
        n_jobs=jobs,
    )
    return Pipeline([("ensemble", ensemble)])


def baselines(columns, task, rows, seed):
    """Return the baselines by name, the fastest first.

    All but the trees, which need no scaling, have the same preprocessing as the networks.
    """
    training = _training(rows, seed)
    if task == "classification":
        constant, linear, mlp = "most frequent class", "LogisticRegression", "MLPClassifier"
        models = DummyClassifier(), LogisticRegression(max_iter=1_000), SklearnMLPClassifier(**training)
        trees = HistGradientBoostingClassifier
    else:
        constant, linear, mlp = "mean of the target", "Ridge", "MLPRegressor"
        models = DummyRegressor(), Ridge(), SklearnMLPRegressor(**training)
        trees = HistGradientBoostingRegressor
    names = constant, f"scikit-learn {linear}", f"scikit-learn {mlp}"
    scaled = {name: _pipeline(columns, task, model) for name, model in zip(names, models, strict=True)}
    encode, categories = preprocessing_for_trees(columns)
    boosting = trees(categorical_features=categories, random_state=seed)
    return scaled | {f"scikit-learn {trees.__name__}": Pipeline([("columns", encode), ("trees", boosting)])}


def network_class(task):
    """Return the network class for a task."""
    return MLPClassifier if task == "classification" else MLPRegressor


def _training(rows, seed):
    share = max(0.1, min(0.2, MIN_HELD_OUT / rows))
    return {"max_iter": EPOCHS, "early_stopping": True, "validation_fraction": share, "random_state": seed}


def _pipeline(columns, task, model):
    if task == "regression":
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return Pipeline([("columns", preprocessing(columns)), ("network", model)])
