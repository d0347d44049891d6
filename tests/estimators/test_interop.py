"""Life among scikit-learn's tools."""

import concurrent.futures
import copy
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import threadpoolctl
from numpy.testing import assert_allclose, assert_array_equal
from samples import ESTIMATORS, samples, weights
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import AdaBoostClassifier, BaggingRegressor, StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, cross_validate
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sknn_concepts
from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.activations import Elu, LeakyRelu
from sknn_concepts.losses import Focal, Huber
from sknn_concepts.optimizers import Adam
from sknn_concepts.schedules import WarmUp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**arguments):
    return MLPClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0, **arguments})


def regressor(**arguments):
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0, **arguments})


def parameters(estimator):
    return np.concatenate([array.ravel() for array in estimator.coefs_ + estimator.intercepts_])


def strategies():
    choices = {"activation": LeakyRelu(0.2), "loss": Focal(1.5), "solver": Adam(beta_1=0.8)}
    return {**choices, "learning_rate": WarmUp(3, "cosine")}


@pytest.mark.parametrize(
    "cls", [MLPClassifier, MLPRegressor, sknn_concepts.LogisticRegression, sknn_concepts.Perceptron]
)
def test_names_of_unfitted_estimators_are_listed(cls):
    """As consoles do that complete names; scikit-learn asks for the value of each attribute."""
    X, y = np.eye(4), np.arange(4) % 2
    assert {"fit"} == {"fit", "n_features_in_"} & set(dir(cls()))
    assert {"fit", "n_features_in_"} <= set(dir(cls(max_iter=2).fit(X, y)))


def test_parameters_of_strategies_are_parameters():
    estimator = classifier(**strategies())
    assert estimator.get_params()["activation__negative_slope"] == 0.2
    estimator.set_params(activation__negative_slope=0.3, loss__gamma=1.0, learning_rate__epochs=2)
    assert (estimator.activation, estimator.loss) == (LeakyRelu(0.3), Focal(1.0))
    with pytest.raises(ValueError, match="negative_slop'"):
        estimator.set_params(activation__negative_slop=0.3)


def test_clone_copies_strategies():
    estimator = classifier(**{**strategies(), "activation": [LeakyRelu(0.2)]}).fit(*samples("binary"))
    twin = clone(estimator)
    assert not hasattr(twin, "coefs_")
    assert twin.get_params() == estimator.get_params()
    twin.activation[0].negative_slope = 0.9
    twin.set_params(loss__gamma=0.0)
    assert (estimator.activation, estimator.loss.gamma) == ([LeakyRelu(0.2)], 1.5)


COPIES = {
    "pickle": lambda estimator, path: pickle.loads(pickle.dumps(estimator)),
    "deepcopy": lambda estimator, path: copy.deepcopy(estimator),
    "joblib": lambda estimator, path: joblib.load(joblib.dump(estimator, path / "model")[0]),
    "memory map": lambda estimator, path: joblib.load(joblib.dump(estimator, path / "model")[0], mmap_mode="r"),
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_copies_predict_the_same_and_live_their_own_life(way, kind, tmp_path):
    X, y = samples(kind)
    original = getattr(sknn_concepts, ESTIMATORS[kind])(activation=Elu(), max_iter=5, warm_start=True).fit(X, y)
    twin = COPIES[way](original, tmp_path)
    assert_array_equal(twin.predict(X), original.predict(X))
    assert_array_equal(twin.transform(X), original.transform(X))
    before = parameters(original)
    twin.fit(X, y)
    assert_array_equal(parameters(original), before)
    assert not np.allclose(parameters(twin), before)


def test_a_pickle_holds_the_weights_once():
    fitted = classifier(hidden_layer_sizes=(2000,), solver="lbfgs", max_iter=1).fit(*samples("multiclass"))
    assert len(pickle.dumps(fitted)) < 1.2 * parameters(fitted).nbytes


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_grid_search(backend):
    X, y = samples("multiclass")
    grid = [
        {"activation": ["relu", "mish"], "hidden_layer_sizes": ["8", "8-4"]},
        {"activation": [LeakyRelu()], "activation__negative_slope": [0.01, 0.3]},
    ]
    with joblib.parallel_backend(backend, n_jobs=2):
        search = GridSearchCV(classifier(), grid, cv=2, error_score="raise").fit(X, y)
    serial = GridSearchCV(classifier(), grid, cv=2).fit(X, y)
    assert_array_equal(search.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"])
    assert len(set(search.cv_results_["mean_test_score"])) > 2


def test_threads_may_fit_at_the_same_time():
    kinds = [kind for kind in ESTIMATORS for _ in range(3)]

    def train(kind):
        return parameters(getattr(sknn_concepts, ESTIMATORS[kind])(max_iter=20, random_state=0).fit(*samples(kind)))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(train, kinds))
    for kind, found in zip(kinds, together, strict=True):
        assert_array_equal(found, train(kind))


def test_lbfgs_leaves_the_threads_of_blas_as_they_were():
    """Also where fits overlap."""
    X, y = samples("multiclass")

    def threads():
        return [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]

    before = threads()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: classifier(solver="lbfgs", random_state=seed).fit(X, y), range(8)))
    assert threads() == before


def test_cross_validation_and_pipeline():
    X, y = samples("binary")
    pipeline = make_pipeline(StandardScaler(), classifier(learning_rate_init=0.01))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.8
    assert cross_val_predict(pipeline, X, y, cv=3, method="predict_proba").shape == (len(y), 2)
    scores = cross_validate(pipeline, X, y, cv=3, scoring=["accuracy", "roc_auc", "neg_log_loss"])
    assert scores["test_roc_auc"].mean() > 0.85


def test_learned_features_feed_other_models():
    X, y = samples("multiclass")
    pipeline = make_pipeline(classifier(max_iter=100, learning_rate_init=0.01), LogisticRegression(max_iter=1000))
    pipeline.set_output(transform="pandas").fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == [f"mlpclassifier{i}" for i in range(8)]
    assert pipeline.score(X, y) > 0.6


def test_columns_of_a_frame():
    X, y = samples("regression")
    frame = pd.DataFrame(X, columns=list("abcdefgh")).assign(color=np.where(X[:, 0] > 0, "red", "blue"))
    encode = ColumnTransformer([("color", OneHotEncoder(), ["color"])], remainder=StandardScaler())
    fitted = make_pipeline(encode, regressor(max_iter=200, learning_rate_init=0.01)).fit(frame, y)
    assert fitted.score(frame, y) > 0.8


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_calibration(method, loss):
    X, y = samples("multiclass")
    calibrated = CalibratedClassifierCV(classifier(loss=loss), method=method, cv=2).fit(X, y)
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1.0)
    frozen = FrozenEstimator(classifier(loss=loss).fit(X, y))
    before = parameters(frozen.estimator).copy()
    assert CalibratedClassifierCV(frozen, method=method).fit(X, y).score(X, y) > 0.3
    assert_array_equal(parameters(frozen.estimator), before)


def test_several_outputs_from_single_ones():
    X, y = samples("multilabel")
    for tool in (MultiOutputClassifier, ClassifierChain):
        assert tool(classifier()).fit(X, y).predict(X).shape == y.shape
    X, y = samples("multioutput")
    assert MultiOutputRegressor(regressor()).fit(X, y).predict(X).shape == y.shape
    partial = MultiOutputRegressor(regressor())
    for _ in range(2):
        partial.partial_fit(X, y)
    assert [len(one.loss_curve_) for one in partial.estimators_] == [2, 2, 2]


def test_importances():
    X, y = samples("regression")
    y = X[:, 2] + 0.0 * y
    fitted = regressor(max_iter=200, learning_rate_init=0.02).fit(X, y)
    importances = permutation_importance(fitted, X, y, n_repeats=2, random_state=0).importances_mean
    assert importances.argmax() == 2
    assert partial_dependence(fitted, X, [2])["average"].shape == (1, 100)


def test_ensembles():
    X, y = samples("binary")
    boosted = AdaBoostClassifier(classifier(), n_estimators=3, random_state=0).fit(X, y, sample_weight=weights() + 1)
    assert len(boosted.estimators_) == 3
    quick = {"learning_rate_init": 0.02, "max_iter": 50}
    members = [("a", classifier(**quick)), ("b", classifier(loss="focal", **quick))]
    for ensemble in (VotingClassifier(members, voting="soft"), StackingClassifier(members, cv=2)):
        assert ensemble.fit(X, y).score(X, y) > 0.8
    X, y = samples("regression")
    assert BaggingRegressor(regressor(), 2).fit(X, y).predict(X).shape == y.shape
    scaled = TransformedTargetRegressor(regressor(loss=Huber()), transformer=StandardScaler()).fit(X, 1000 * y)
    assert np.std(scaled.predict(X)) > 100


def test_metadata_reach_fit_and_score():
    X, y = samples("binary")
    weight, validation = weights() + 1, {"X_val": X[:100], "y_val": y[:100], "sample_weight_val": weights()[:100] + 1}
    with sklearn.config_context(enable_metadata_routing=True):
        network = classifier(early_stopping=True, early_stopping_scoring="accuracy", max_iter=3)
        network.set_fit_request(sample_weight=True, X_val=True, y_val=True, sample_weight_val=True)
        network.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, network, transform_input=["X_val"])
        pipeline.fit(X, y, sample_weight=weight, **validation)
        search = GridSearchCV(network, {"alpha": [0.1, 1.0]}, cv=2).fit(X, y, sample_weight=weight, **validation)
    Z = StandardScaler().fit_transform(X)
    alone = clone(network).fit(Z, y, sample_weight=weight, **{**validation, "X_val": Z[:100]})
    assert_allclose(parameters(pipeline[-1]), parameters(alone), rtol=1e-9)
    assert len(search.best_estimator_.validation_scores_) == 3


def test_weighted_scorer_of_ones_own():
    X, y = samples("regression")

    def error(y_true, y_predicted, sample_weight=None):
        return np.average(np.abs(y_true - y_predicted), weights=sample_weight)

    scoring = make_scorer(error, greater_is_better=False)
    fitted = regressor(early_stopping=True, early_stopping_scoring=scoring).fit(X, y, sample_weight=weights() + 1)
    assert fitted.best_validation_score_ == max(fitted.validation_scores_) < 0


@pytest.mark.filterwarnings("ignore")  # those of mlflow about its own types and stores
def test_the_recipe_of_the_guide_logs_a_fit_to_mlflow(tmp_path, package, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    guide = (package.parent / "docs" / "how-to" / "following_a_fit.md").read_text(encoding="utf-8")
    (recipe,) = (block for block in re.findall(r"```text\n(.*?)```", guide, re.DOTALL) if "import mlflow" in block)
    X, y = samples("binary")
    network = MLPClassifier(max_iter=5, random_state=0)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # mlflow-skinny has no other store
    mlflow.set_tracking_uri(tmp_path.as_uri())
    mlflow.set_experiment("fit")
    exec(recipe, {"network": network, "X_train": X, "y_train": y})
    run = mlflow.last_active_run()
    logged = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert [point.value for point in sorted(logged, key=lambda point: point.step)] == network.loss_curve_
    assert run.data.params["max_iter"] == "5"
    (model,) = mlflow.search_logged_models(output_format="list")
    loaded = mlflow.sklearn.load_model(model.model_uri)
    assert (loaded.predict(X) == network.predict(X)).all()
