"""Callbacks of scikit-learn: what they are told, and how they end a fit."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from samples import samples
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.pruning import MagnitudePruning
from sknn_concepts.validation import compat

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: Estimators, the data that they are fitted to, and the names of their tasks.
CASES = {
    "MLPClassifier": (MLPClassifier(max_iter=7, random_state=0), "multiclass", "epoch"),
    "MLPClassifier, early stopping": (
        MLPClassifier(max_iter=7, early_stopping=True, random_state=0),
        "binary",
        "epoch",
    ),
    "MLPRegressor": (MLPRegressor(max_iter=7, random_state=0), "regression", "epoch"),
    "MLPRegressor, lbfgs": (MLPRegressor(max_iter=7, solver="lbfgs", random_state=0), "regression", "iteration"),
    "LogisticRegression": (LogisticRegression(tol=1e-10), "multiclass", "iteration"),
    "LogisticRegression, newton-cg": (LogisticRegression(solver="newton-cg", tol=1e-10), "binary", "iteration"),
    "LogisticRegression, l1": (LogisticRegression(solver="saga", l1_ratio=1.0, tol=1e-10), "multiclass", "iteration"),
    "LogisticRegression, adam": (LogisticRegression(solver="adam", max_iter=7, random_state=0), "binary", "iteration"),
    "LogisticRegression, one against rest": (LogisticRegression(activation="logistic"), "multiclass", "iteration"),
    "Perceptron": (Perceptron(max_iter=7), "multiclass", "epoch"),
    "Perceptron, average": (Perceptron(max_iter=7, average=True), "binary", "epoch"),
    "Perceptron, sgd": (Perceptron(max_iter=7, solver="sgd", eta0=0.1), "binary", "epoch"),
}
cases = pytest.mark.parametrize("name", CASES)
needs_callbacks = pytest.mark.skipif(
    not hasattr(MLPClassifier, "set_callbacks"), reason="scikit-learn before 1.9 has no callbacks"
)


class Recorder:
    """Callback that records what it is told, and asks for a stop after some iterations."""

    def __init__(self, stop_after=None):
        self.begun, self.ended, self.predictions, self.events = [], [], [], []
        self.stop_after, self.n_iterations = stop_after, 0

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.ended.append((context.task_name, context.task_id))
        if context.task_name in ("epoch", "iteration") and fitted_estimator is not None:
            self.predictions.append(fitted_estimator.predict(X))
            self.n_iterations += 1
            return self.n_iterations == self.stop_after


def attributes_of(fitted):
    """Return the fitted attributes that do not depend on time."""
    state = {name: value for name, value in vars(fitted).items() if name.endswith("_") and not name.startswith("_")}
    history = state.pop("history_")
    return {**state, **{name: values for name, values in history.items() if name != "seconds"}}


def assert_alike(one, other):
    one, other = attributes_of(one), attributes_of(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, list):
            assert len(value) == len(other[name])
            for a, b in zip(value, other[name], strict=True):
                assert_array_equal(a, b, name)
        else:
            assert_array_equal(value, other[name], name)


def test_set_callbacks_is_there_where_scikit_learn_has_it():
    import sklearn.linear_model

    theirs = hasattr(sklearn.linear_model.LogisticRegression, "set_callbacks")
    assert {hasattr(case[0], "set_callbacks") for case in CASES.values()} == {theirs}
    assert theirs == (compat.VERSION >= compat.parse_version("1.9.dev0"))


OLDER = """
import sys
import warnings

import sklearn.linear_model

known, sys.modules["sklearn.callback"] = sys.modules.get("sklearn.callback"), None
import sknn_concepts

if known is not None:  # scikit-learn itself needs it
    sys.modules["sklearn.callback"] = known
warnings.simplefilter("ignore")
from samples import samples
from sknn_concepts.callbacks import Checkpoint

with Checkpoint(sys.argv[1]):
    network = sknn_concepts.MLPClassifier(max_iter=3, random_state=0).fit(*samples("binary"))
makes = (getattr(sknn_concepts, name) for name in sknn_concepts.__all__)
print([make for make in makes if hasattr(make, "set_callbacks")], len(network.history_["loss"]))
"""


def test_without_callbacks_in_scikit_learn(tmp_path, run_python):
    (tmp_path / "script.py").write_text(OLDER)
    assert run_python(tmp_path / "script.py", tmp_path / "fit.checkpoint") == ["[] 3"]


@needs_callbacks
@cases
def test_callbacks_change_no_bit(name):
    estimator, kind, _ = CASES[name]
    X, y = samples(kind)
    callback = Recorder()
    told = clone(estimator).set_callbacks(callback).fit(X, y)
    assert_alike(told, clone(estimator).fit(X, y))
    assert callback.events == ["setup", "teardown"]
    assert sorted(callback.begun) == sorted(callback.ended)
    assert not {"_callback_fit_ctx", "_skl_callbacks_to_teardown"} & vars(told).keys()


@needs_callbacks
@cases
def test_every_iteration_is_told_with_the_model_of_that_time(name):
    estimator, kind, task = CASES[name]
    X, y = samples(kind)
    callback = Recorder()
    told = clone(estimator).set_callbacks(callback).fit(X, y)
    assert callback.begun[0] == callback.ended[-1] == ("fit", 0)
    assert {name for name, _ in callback.ended} - {"neuron"} == {"fit", task}
    n_iter = len(told.history_["loss"])
    if name == "Perceptron":  # one neuron may stop before another
        assert n_iter <= callback.n_iterations <= n_iter * len(told.classes_)
    else:
        assert callback.n_iterations == n_iter
    best = told.best_iteration_ if "early stopping" in name else n_iter
    if name != "Perceptron":
        assert_array_equal(callback.predictions[best - 1], told.predict(X))


@needs_callbacks
@pytest.mark.parametrize("name", [name for name in CASES if name != "Perceptron"])
def test_a_stop_keeps_the_weights_so_far(name):
    estimator, kind, _ = CASES[name]
    X, y = samples(kind)
    callback = Recorder(stop_after=3)
    stopped = clone(estimator).set_callbacks(callback).fit(X, y)
    assert len(stopped.history_["loss"]) == callback.n_iterations == 3
    best = stopped.best_iteration_ if "early stopping" in name else 3
    assert_array_equal(stopped.predict(X), callback.predictions[best - 1])


@needs_callbacks
def test_a_stop_of_several_neurons():
    X, y = samples("multiclass")

    class StopAll(Recorder):
        def on_fit_task_end(self, estimator, context):
            return context.task_name == "epoch" and context.task_id == 1

    assert Perceptron(tol=None).set_callbacks(StopAll()).fit(X, y).n_iter_ == 2


@needs_callbacks
def test_the_network_of_a_task_keeps_its_weights():
    X, y = samples("binary")
    kept = []

    class Keep(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            kept.append(fitted_estimator)

    network = MLPClassifier(max_iter=3, random_state=0).set_callbacks(Keep()).fit(X, y)
    assert len(kept) == 4 and not np.array_equal(kept[0].coefs_[0], kept[1].coefs_[0])
    assert_array_equal(kept[2].coefs_[0], network.coefs_[0])
    assert_array_equal(kept[3].predict_proba(X), network.predict_proba(X))


@needs_callbacks
def test_packed_layers_stay_packed_and_are_told_unpacked():
    X, y = samples("binary")
    options = {"hidden_layer_sizes": (200, 200), "connectivity": 0.02, "max_iter": 4, "random_state": 0}
    callback = Recorder()
    told = MLPClassifier(**options).set_callbacks(callback).fit(X, y)
    assert_alike(told, MLPClassifier(**options).fit(X, y))
    assert_array_equal(callback.predictions[-1], told.predict(X))


@needs_callbacks
def test_pruning_and_weights():
    X, y = samples("binary")
    weights = np.ones(len(y))
    network = MLPClassifier(
        max_iter=3, pruning=MagnitudePruning(sparsity=0.5, n_steps=1, retrain_epochs=2), random_state=0
    )
    received = []

    class Weights(Recorder):
        def on_fit_task_end(self, estimator, context, *, metadata):
            received.append(metadata["sample_weight"])

    fitted = network.set_callbacks(Weights()).fit(X, y, sample_weight=weights)
    assert len(received) == 4 and all(one is weights for one in received)  # retraining is not told
    assert fitted.sparsity_ == 0.5


@needs_callbacks
@cases
def test_a_failed_fit_ends_its_callbacks(name):
    estimator, kind, _ = CASES[name]
    X, y = samples(kind)
    callback = Recorder()
    broken = clone(estimator).set_callbacks(callback)
    before = copy.copy(vars(broken))
    with pytest.raises(ValueError):
        broken.fit(X[:, 0], y)
    assert callback.events == ["setup", "teardown"]
    assert vars(broken) == before


@needs_callbacks
@cases
def test_callbacks_survive_clone_and_pickle(name):
    estimator, kind, _ = CASES[name]
    callback = Recorder()
    told = clone(clone(estimator).set_callbacks(callback))
    told.fit(*samples(kind))
    assert callback.n_iterations > 0
    again = pickle.loads(pickle.dumps(told))
    assert_alike(told, again)
    assert not hasattr(told.set_callbacks(), "_skl_callbacks")


@needs_callbacks
@pytest.mark.parametrize(
    "name, where",
    [
        *((name, where) for name in CASES for where in ("alone", "pipeline", "search")),
        *((name, "search in processes") for name in ("MLPClassifier", "Perceptron")),
    ],
)
def test_progress_bar_and_scoring_monitor(name, where, capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar, ScoringMonitor

    estimator, kind, task = CASES[name]
    X, y = samples(kind)
    monitor, bar = ScoringMonitor(scoring="r2" if kind == "regression" else "accuracy"), ProgressBar()
    inner = clone(estimator).set_callbacks(monitor)
    outer = {
        "alone": lambda: inner,
        "pipeline": lambda: make_pipeline(StandardScaler(), inner),
        "search": lambda: GridSearchCV(inner, {"max_iter": [3, 4]}, cv=2),
        "search in processes": lambda: GridSearchCV(inner, {"max_iter": [3, 4]}, cv=2, n_jobs=2),
    }[where]()
    outer.set_callbacks(*([monitor, bar] if where == "alone" else [bar])).fit(X, y)
    assert f"{type(estimator).__name__} - fit" in capsys.readouterr().out
    rows = [row for row in monitor.get_logs().data if row["task_name"] == task]
    scores = np.array([row["r2" if kind == "regression" else "accuracy"] for row in rows])
    assert np.isfinite(scores).all()
    if where == "alone" and name != "Perceptron":
        assert len(scores) == len(outer.history_["loss"])
        best = outer.best_iteration_ if "early stopping" in name else len(scores)
        assert scores[best - 1] == outer.score(X, y)
