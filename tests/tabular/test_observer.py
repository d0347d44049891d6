"""What happens around the networks of an ensemble: callbacks and checkpoints."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes

from sknn_concepts import TabularClassifier, TabularRegressor
from sknn_concepts.callbacks.checkpoint import Checkpoint, CheckpointFile
from sknn_concepts.tabular.ensemble.members import Member

MODELS = {
    "classifier": (TabularClassifier(n_members=3, n_folds=2, random_state=0), load_breast_cancer),
    "regressor": (TabularRegressor(n_members=3, n_folds=2, random_state=0), load_diabetes),
}
both = pytest.mark.parametrize("name", MODELS)
needs_callbacks = pytest.mark.skipif(
    not hasattr(TabularClassifier, "set_callbacks"), reason="scikit-learn before 1.9 has no callbacks"
)


def case(name):
    model, load = MODELS[name]
    X, y = load(return_X_y=True)
    return clone(model), X[::3], y[::3]


def predictions_of(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


class Killed(BaseException):
    """What ends a fit as if its process had been killed."""


@both
@pytest.mark.parametrize("every, n_saved", [(1, 2), (2, 2)])
def test_an_ensemble_goes_on_with_the_same_bits(name, every, n_saved, tmp_path, monkeypatch):
    model, X, y = case(name)
    expected = clone(model).fit(X, y)
    save, saved = CheckpointFile.save, []

    def save_and_die(self, progress):
        if len(saved) < n_saved:
            save(self, progress)
            saved.append(sum(len(member["networks"]) for member in progress))
        else:
            raise Killed

    with Checkpoint(tmp_path / "fit.checkpoint", every=every):
        monkeypatch.setattr(CheckpointFile, "save", save_and_die)
        with pytest.raises(Killed):
            clone(model).set_params(n_jobs=1).fit(X, y)
        monkeypatch.setattr(CheckpointFile, "save", save)
        trained = []
        network_class = type(expected.members_[0].networks[0])
        fit = network_class.fit
        monkeypatch.setattr(network_class, "fit", lambda *args, **kwargs: trained.append(args) or fit(*args, **kwargs))
        resumed = clone(model).fit(X, y)
    assert saved[-1] == every * n_saved and len(trained) == 6 - saved[-1]
    assert_array_equal(predictions_of(resumed, X), predictions_of(expected, X))
    assert_array_equal(resumed.weights_, expected.weights_)
    for name in expected.leaderboard_.keys() - {"seconds"}:
        assert_array_equal(resumed.leaderboard_[name], expected.leaderboard_[name])
    assert list(tmp_path.iterdir()) == []


def test_networks_that_were_interrupted_are_not_saved(tmp_path, monkeypatch):
    model, X, y = case("classifier")
    fit = Member.fit

    def interrupted_fit(self, fold, table, deadline):
        fit(self, fold, table, deadline)
        if fold == 1:  # as if Ctrl-C had come
            deadline.interrupted = True

    with Checkpoint(tmp_path / "fit.checkpoint", every=1):
        monkeypatch.setattr(Member, "fit", interrupted_fit)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            clone(model).set_params(n_jobs=1).fit(X, y)
        monkeypatch.setattr(Member, "fit", fit)
        assert (tmp_path / "fit.checkpoint").exists()
        found, load = [], CheckpointFile.load

        def load_and_look(self):
            progress = load(self)
            found.extend(sorted(member["networks"]) for member in progress)
            return progress

        monkeypatch.setattr(CheckpointFile, "load", load_and_look)
        resumed = clone(model).fit(X, y)
    assert found == [[0], [0], [0]]
    assert_array_equal(predictions_of(resumed, X), predictions_of(clone(model).fit(X, y), X))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"n_members": 4}, "n_members was 3, and is 4 now"),
        ({"time_limit": 60.0}, "its result depends on time_limit=60.0"),
        ({"random_state": None}, "random_state=None draws other numbers"),
    ],
)
def test_another_ensemble_is_refused(change, message, tmp_path, monkeypatch):
    model, X, y = case("classifier")
    save = CheckpointFile.save

    def save_and_die(self, progress):
        save(self, progress)
        raise Killed

    with Checkpoint(tmp_path / "fit.checkpoint", every=1):
        monkeypatch.setattr(CheckpointFile, "save", save_and_die)
        with pytest.raises(Killed):
            clone(model).fit(X, y)
        with pytest.raises(ValueError, match=message):
            clone(model).set_params(**change).fit(X, y)
        with pytest.raises(ValueError, match=r"fit: the number of rows was \d+, and is \d+ now\."):
            clone(model).fit(X[:-1], y[:-1])
        with pytest.raises(ValueError, match=r"fit: y is not the same\."):
            clone(model).fit(X, y[::-1])


class Recorder:
    """Callback that counts networks, and asks for a stop after some."""

    def __init__(self, stop_after=None):
        self.begun, self.ended, self.stop_after, self.fitted = [], [], stop_after, None

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.ended.append((context.task_name, context.task_id))
        self.fitted = fitted_estimator
        return len(self.ended) == self.stop_after


@needs_callbacks
@both
def test_callbacks_are_told_of_each_network(name):
    model, X, y = case(name)
    callback = Recorder()
    told = clone(model).set_callbacks(callback).fit(X, y)
    assert sorted(callback.begun) == [("fit", 0), *(("network", number) for number in range(6))]
    assert sorted(callback.ended) == sorted(callback.begun) and callback.ended[-1] == ("fit", 0)
    expected = predictions_of(clone(model).fit(X, y), X)
    assert_array_equal(predictions_of(told, X), expected)
    assert_array_equal(predictions_of(callback.fitted, X), expected)


@needs_callbacks
@both
def test_a_stop_keeps_what_is_trained(name):
    model, X, y = case(name)
    stopped = clone(model).set_params(n_jobs=1).set_callbacks(Recorder(stop_after=2)).fit(X, y)
    assert stopped.leaderboard_["n_networks"].sum() == 2
    assert np.isfinite(predictions_of(stopped, X)).all()
