"""Bounds on ratios of speed, which fail if vectorization or compilation is lost. ``make bench`` gives precise ratios.

Both sides run with one thread, in turns, and their processor time is compared, in which other programs do not count.
What remains of a busy machine, colder caches and a lower clock, concerns both sides alike: on two cores of an AMD Zen 4
with three to nine busy programs, ratios varied by up to 30 %. The bounds are 30 to 75 % of the smallest of them. On an
idle Intel Rocket Lake with the default numbers of threads, the ratios were larger.
"""

import time
import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model
import sklearn.neural_network
from sklearn.datasets import load_digits, make_classification
from threadpoolctl import threadpool_limits

import sknn_concepts
from sknn_concepts.gemm.processor import target_shape
from sknn_concepts.jit.decorator import CHECKED, COMPILED
from sknn_concepts.pruning import MagnitudePruning, prune

pytestmark = [
    pytest.mark.skipif(not COMPILED or CHECKED, reason="NUMBA_DISABLE_JIT or NUMBA_BOUNDSCHECK"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def ratio(theirs, ours, rounds=5):
    """Return the ratio of their processor time to ours with one thread, from the fastest of alternating rounds."""
    times = {theirs: [], ours: []}
    with threadpool_limits(1):
        ours()  # compiles what is not compiled yet
        for _ in range(rounds):
            for call, taken in times.items():
                start = time.process_time()
                call()
                taken.append(time.process_time() - start)
    return min(times[theirs]) / min(times[ours])


def passes(make, X, y, n=15, **options):
    """Return a function that trains for some epochs."""
    network = make((100,), max_iter=n, n_iter_no_change=n, random_state=0, **options)
    return lambda: network.fit(X, y)


def digits(dtype):
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(dtype), y


@pytest.mark.parametrize(("dtype", "bar"), [("float32", 2.0), ("float64", 1.4)])
def test_training_beats_scikit_learn(dtype, bar):
    X, y = digits(dtype)
    both = passes(sklearn.neural_network.MLPClassifier, X, y), passes(sknn_concepts.MLPClassifier, X, y)
    assert ratio(*both) > bar


def test_tiny_network_beats_scikit_learn():
    X, y = make_classification(2_000, 4, random_state=0)
    options = {"batch_size": 32, "n": 10}
    both = (
        passes(sklearn.neural_network.MLPClassifier, X, y, **options),
        passes(sknn_concepts.MLPClassifier, X, y, **options),
    )
    assert ratio(*both) > 6


@pytest.mark.skipif(target_shape() is None, reason="no vectors known for this processor")
@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_smooth_units_cost_little(activation):
    """Scalar calls for each unit would take several times as long as the matrix products."""
    X, y = digits("float32")
    smooth, relu = (passes(sknn_concepts.MLPClassifier, X, y, activation=name) for name in (activation, "relu"))
    smooth()
    assert ratio(smooth, relu) < 1.8


def test_logistic_regression_beats_scikit_learn():
    X, y = make_classification(40_000, 30, random_state=0)
    theirs, ours = sklearn.linear_model.LogisticRegression(), sknn_concepts.LogisticRegression()
    assert ratio(lambda: theirs.fit(X, y), lambda: ours.fit(X, y)) > 1.2


def of_words(n_samples=5000, n_features=20_000, n_words=100):
    """Return sparse rows with a given number of nonzeros, and two classes that are linearly separable up to noise."""
    rng = np.random.RandomState(0)
    columns = np.sort(rng.randint(n_features, size=(n_samples, n_words)), axis=1).ravel().astype(np.int32)
    starts = np.arange(0, columns.size + 1, n_words, dtype=np.int32)
    X = scipy.sparse.csr_array((rng.uniform(size=columns.size), columns, starts), shape=(n_samples, n_features))
    return X, X @ rng.normal(size=n_features) + rng.normal(size=n_samples) > 0


@pytest.mark.parametrize(("data", "bar"), [(make_classification, 0.8), (of_words, 0.5)])
def test_perceptron_keeps_up_with_scikit_learn(data, bar):
    X, y = data(20_000, 30, random_state=0) if data is make_classification else data()
    theirs, ours = (make(max_iter=10, tol=None) for make in (sklearn.linear_model.Perceptron, sknn_concepts.Perceptron))
    assert ratio(lambda: theirs.fit(X, y), lambda: ours.fit(X, y)) > bar


def test_one_row_is_predicted_fast():
    X, y = digits("float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sklearn.neural_network.MLPClassifier(max_iter=2).fit(X, y)
        ours = sknn_concepts.MLPClassifier(max_iter=2).fit(X, y)
    ask, row = ours.predictor(), X[:1]

    def many(call):
        return lambda: [call(row) for _ in range(100)]

    assert ratio(many(theirs.predict), many(ours.predict)) > 0.7
    assert ratio(many(theirs.predict), many(ask)) > 5


@pytest.mark.skipif(target_shape() is None, reason="no vectors known for this processor")
def test_pruned_network_predicts_faster():
    X = np.random.RandomState(0).normal(size=(4000, 400)).astype("float32")
    y = X[:, 0] > 0
    dense = sknn_concepts.MLPClassifier((300, 100), max_iter=1, random_state=0).fit(X, y)
    pruner = MagnitudePruning(sparsity=0.95, schedule="one_shot", retrain_epochs=0)
    sparse = prune(dense, X[:100], y[:100], pruner).sparsify()
    assert ratio(lambda: dense.predict(X), lambda: sparse.predict(X)) > 1.5
