"""Records of fits: their numbers are those of the network, whatever the solver, and training is not changed."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import scale

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.callbacks import Checkpoint, TrainingRecord
from sknn_concepts.curvature import gradient
from sknn_concepts.pruning import MagnitudePruning
from sknn_concepts.training.record import NAMES, similarity

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = scale(X)


def recorded(estimator, X=X, y=Y, **options):
    with TrainingRecord():
        return clone(estimator).fit(X, y, **options)


NETWORKS = {
    "relu": MLPClassifier((8, 5), max_iter=6, random_state=0),
    "tanh": MLPClassifier((8, 5), activation="tanh", max_iter=6, random_state=0),
    "gelu": MLPClassifier((8, 5), activation="gelu", max_iter=6, random_state=0),
    "small batches": MLPClassifier((8, 5), activation="logistic", batch_size=8, max_iter=6, random_state=0),
    "lbfgs": MLPClassifier((8, 5), solver="lbfgs", max_iter=6, random_state=0),
    "early stopping": MLPClassifier((8, 5), early_stopping=True, max_iter=6, random_state=0),
    "dropout": MLPClassifier((8, 5), dropout=0.3, max_iter=6, random_state=0),
    "connections": MLPClassifier((64, 64), connectivity=0.05, max_iter=6, random_state=0),
    "no hidden layer": MLPClassifier((), max_iter=6, random_state=0),
    "single precision": MLPClassifier((8,), dtype="float32", max_iter=6, random_state=0),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_training_stays_the_same_and_each_epoch_has_a_row(name):
    network, plain = recorded(NETWORKS[name]), clone(NETWORKS[name]).fit(X, Y)
    for mine, other in zip(network.coefs_, plain.coefs_, strict=True):
        assert_array_equal(mine, other)
    assert list(network.record_) == list(NAMES) and not hasattr(plain, "record_")
    shapes = {array.shape for array in network.record_.values()}
    assert shapes == {(len(network.history_["loss"]), len(network.coefs_))}
    if name != "early stopping":  # which returns to the best epoch
        norms = [np.linalg.norm(w) for w in network.coefs_]
        assert_allclose(network.record_["weight_norm"][-1], norms, rtol=1e-5)
    assert np.isfinite(network.record_["gradient_norm"]).all() and np.isfinite(network.record_["update_ratio"]).all()


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_gradients_and_updates_are_those_of_training(solver):
    network = MLPClassifier((8,), activation="tanh", solver=solver, alpha=0.0, momentum=0.0, batch_size=150, max_iter=1)
    network.set_params(random_state=0, learning_rate_init=0.1, warm_start=True)
    network.fit(X, Y)
    before = [w.copy() for w in network.coefs_]
    with TrainingRecord():
        network.fit(X, Y)
    changes = [np.linalg.norm(w - old) / np.linalg.norm(old) for w, old in zip(network.coefs_, before, strict=True)]
    assert_allclose(network.record_["update_ratio"][0], changes, rtol=1e-10)
    if solver == "sgd":  # whose only mini-batch was passed with the old weights
        of_weights = [np.linalg.norm(w - old) / 0.1 for w, old in zip(network.coefs_, before, strict=True)]
    else:
        of_weights = [np.linalg.norm(g) for g in gradient(network, X, Y)[0]]
    assert_allclose(network.record_["gradient_norm"][0], of_weights, rtol=1e-8)


@pytest.mark.parametrize("batch_size", [150, 20])
def test_dead_units_are_counted(batch_size):
    network = MLPClassifier((10,), batch_size=batch_size, max_iter=1, warm_start=True, random_state=0).fit(X, Y)
    network.intercepts_[0][:4] = -100.0
    with TrainingRecord():
        network.fit(X, Y)
    dead = (network.transform(X) <= 0).all(axis=0).mean()
    assert network.record_["dead"][-1, 0] == dead == 0.4
    assert np.isnan(network.record_["dead"][-1, 1]) and np.isnan(network.record_["saturated"]).all()


def test_dead_units_of_a_smooth_activation():
    network = MLPClassifier((10,), activation="gelu", max_iter=1, warm_start=True, random_state=0).fit(X, Y)
    network.intercepts_[0][:4] = -100.0
    with TrainingRecord():
        network.fit(X, Y)
    assert network.record_["dead"][-1, 0] == 0.4


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("batch_size", [150, 20])
def test_saturated_units_are_counted(activation, batch_size):
    network = MLPClassifier((10,), activation=activation, batch_size=batch_size, max_iter=1, warm_start=True)
    network.set_params(random_state=0).fit(X, Y)
    network.coefs_[0][:, :3] *= 1e5  # all samples to one side or the other
    network.intercepts_[0][3:5] = 100.0
    with TrainingRecord():
        network.fit(X, Y)
    assert network.record_["saturated"][-1, 0] == 0.5 and np.isnan(network.record_["dead"]).all()


def test_similarity():
    rng = np.random.RandomState(0)
    assert similarity(np.repeat(rng.normal(size=(20, 1)), 10, axis=1)) == pytest.approx(1.0)
    assert similarity(np.zeros((20, 10))) == 1.0
    assert similarity(rng.normal(size=(2000, 10))) == pytest.approx(0.1, rel=0.1)


def test_divergence_leaves_a_row():
    network = MLPRegressor(hidden_layer_sizes=(5,), solver="sgd", learning_rate_init=1e6, max_iter=20, random_state=0)
    network = recorded(network, X, X[:, 0])
    assert np.isinf(network.record_["gradient_norm"][-1]).all()


def test_further_calls_append_and_a_new_fit_begins_again():
    network = MLPClassifier((5,), max_iter=3, random_state=0)
    with TrainingRecord():
        network.fit(X, Y).partial_fit(X, Y)
        assert len(network.record_["dead"]) == 4
        network.set_params(warm_start=True).fit(X, Y)
    assert len(network.record_["dead"]) == 7 == len(network.history_["loss"])
    assert len(pickle.loads(pickle.dumps(network)).record_["dead"]) == 7
    assert not hasattr(network.set_params(warm_start=False).fit(X, Y), "record_")


def test_a_record_is_that_of_the_whole_fit_after_a_checkpoint(tmp_path):
    class Killed(BaseException):
        pass

    def score(network, X, y):
        score.calls += 1
        if score.calls == 6:
            raise Killed
        return 0.0

    network = MLPClassifier((5,), max_iter=8, random_state=0, early_stopping=True, n_iter_no_change=100)
    network.set_params(early_stopping_scoring=score)
    score.calls = 100
    whole = recorded(network)
    score.calls = 0
    with pytest.raises(Killed), Checkpoint(tmp_path / "fit", every=2):
        recorded(network)
    with Checkpoint(tmp_path / "fit", every=2):
        resumed = recorded(network)
    for name in NAMES:
        assert_array_equal(resumed.record_[name], whole.record_[name])


def test_pruned_networks_are_recorded_while_they_are_trained():
    network = recorded(MLPClassifier((8,), max_iter=5, pruning=MagnitudePruning(sparsity=0.5), random_state=0))
    assert len(network.record_["weight_norm"]) == 5 < len(network.history_["loss"])


def test_linear_estimators_have_no_record():
    with TrainingRecord():
        assert not hasattr(LogisticRegression().fit(X, Y), "record_")
        assert not hasattr(Perceptron().fit(X, Y), "record_")


@pytest.mark.skipif(not hasattr(MLPClassifier, "set_callbacks"), reason="scikit-learn before 1.9 has no callbacks")
def test_it_is_a_callback_of_scikit_learn():
    network = MLPClassifier((5,), max_iter=3, random_state=0).set_callbacks(TrainingRecord()).fit(X, Y)
    assert len(network.record_["dead"]) == 3


def test_threads_do_not_change_a_record():
    digits, y = load_digits(return_X_y=True)
    networks = [MLPClassifier((300,), max_iter=2, n_jobs=n_jobs, random_state=0) for n_jobs in (1, 2)]
    first, second = (recorded(network, np.tile(digits, (2, 1)), np.tile(y, 2)) for network in networks)
    for name in NAMES:
        assert_array_equal(first.record_[name], second.record_[name])
