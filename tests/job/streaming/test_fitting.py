"""Tests of training on blocks that are read when they are needed."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import SGDRegressor

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.job.streaming import fit_streamed
from sknn_concepts.job.streaming.fitting import join_shuffled


class Recorder(ClassifierMixin, BaseEstimator):
    """Classifier that records its calls, and has the next of some scores at each."""

    def __init__(self, scores=(1.0,)):
        self.scores = scores

    def partial_fit(self, X, y, classes=None):
        self.calls_ = [*getattr(self, "calls_", []), (X, y)]
        self.classes_ = classes
        return self

    def score(self, X, y):
        self.n_scored_ = getattr(self, "n_scored_", 0) + 1
        return self.scores[self.n_scored_ - 1]


def numbered(sizes=(5, 0, 3, 4)):
    """Return blocks whose rows are numbered, with twice the number as target."""
    ends = np.cumsum(sizes)
    return [
        (np.arange(end - size, end, dtype=float).reshape(-1, 1), 2 * np.arange(end - size, end))
        for size, end in zip(sizes, ends, strict=True)
    ]


VALIDATION = np.zeros((2, 1)), np.array([0, 1])


def test_each_epoch_has_each_row_once_in_another_order():
    fit = fit_streamed(Recorder([1.0, 2.0]), numbered(), VALIDATION, max_epochs=2, window_rows=100, random_state=0)
    (X, y), (other, _) = fit.estimator.calls_
    assert sorted(X.ravel()) == list(range(12)) and sorted(other.ravel()) == list(range(12))
    assert X.ravel().tolist() != list(range(12)) and X.tolist() != other.tolist()
    assert (y == 2 * X.ravel()).all()
    assert fit.n_samples == 12 and fit.scores == [1.0, 2.0] and not fit.stopped
    assert fit.estimator.classes_.tolist() == [0, 1]


def test_windows_have_at_least_their_rows_except_the_last():
    fit = fit_streamed(Recorder(), numbered(), VALIDATION, max_epochs=1, window_rows=4, random_state=1)
    sizes = [len(y) for _, y in fit.estimator.calls_]
    assert len(sizes) > 1 and min(sizes[:-1]) >= 4 and sum(sizes) == 12


def test_the_same_seed_gives_the_same_order():
    fits = [fit_streamed(Recorder(), numbered(), VALIDATION, max_epochs=1, random_state=seed) for seed in (0, 0, 1)]
    orders = [fit.estimator.calls_[0][0].ravel().tolist() for fit in fits]
    assert orders[0] == orders[1] != orders[2]


def test_ends_after_epochs_without_improvement_and_keeps_the_best():
    fit = fit_streamed(Recorder([1, 3, 2, np.nan, 9]), numbered(), VALIDATION, patience=2, random_state=0)
    assert fit.scores[:3] == [1, 3, 2] and len(fit.scores) == 4 and fit.best_epoch == 2
    assert len(fit.estimator.calls_) == 2


def test_stop_is_asked_after_each_window_and_the_rest_is_scored():
    answers = iter([False, False, False, True])
    fit = fit_streamed(
        Recorder([1, 2]), numbered(), VALIDATION, window_rows=1, stop=lambda: next(answers), random_state=0
    )
    assert fit.stopped and fit.scores == [1, 2] and len(fit.estimator.calls_) == 4


class Interrupted(list):
    """Blocks of which one ends with Ctrl-C when it is read for the second time."""

    def __getitem__(self, number):
        self.reads = getattr(self, "reads", 0) + 1
        if self.reads > len(self) * self.full_epochs:
            raise KeyboardInterrupt
        return super().__getitem__(number)


def test_an_interrupt_keeps_the_best_epoch_or_is_passed_on():
    blocks = Interrupted(numbered())
    blocks.full_epochs = 1
    fit = fit_streamed(Recorder([1, 0]), blocks, VALIDATION, random_state=0)
    assert fit.stopped and fit.scores[0] == 1 and fit.best_epoch == 1
    blocks = Interrupted(numbered())
    blocks.full_epochs = 0
    with pytest.raises(KeyboardInterrupt):
        fit_streamed(Recorder(), blocks, VALIDATION)


def test_nothing_is_held_while_the_next_window_is_read():
    import gc
    import weakref

    alive = []

    class Blocks(list):
        def __getitem__(self, number):
            gc.collect()
            alive.append(sum(reference() is not None for reference in references))
            X, y = np.ones((4, 1)), np.zeros(4)
            references.append(weakref.ref(X))
            return X, y

    references = []

    class Forgetful(Recorder):
        def partial_fit(self, X, y, classes=None):
            references.append(weakref.ref(X))
            return self

    fit_streamed(Forgetful(), Blocks(range(5)), VALIDATION, max_epochs=1, window_rows=4)
    assert alive == [0] * 5


@pytest.mark.parametrize("sparse", [False, True])
def test_rows_stay_with_their_targets(sparse):
    parts = numbered()
    if sparse:
        parts = [(scipy.sparse.csr_array(X), y) for X, y in parts]
    X, y = join_shuffled(parts, np.random.RandomState(0))
    X = X.toarray() if sparse else X
    assert (2 * X.ravel() == y).all() and sorted(y) == list(range(0, 24, 2)) and y.tolist() != sorted(y)
    X, y = join_shuffled(numbered())
    assert y.tolist() == list(range(0, 24, 2))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_network_learns_as_well_as_from_all_samples(early_stopping):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(6_000, 2))
    y = np.array(["out", "in"])[(np.hypot(*X.T) < 1).astype(int)]
    blocks = [(X[i : i + 700], y[i : i + 700]) for i in range(0, 5_000, 700)]
    network = MLPClassifier((16,), learning_rate_init=0.01, random_state=0, early_stopping=early_stopping)
    fit = fit_streamed(network, blocks, (X[5_000:], y[5_000:]), window_rows=1_000, random_state=0)
    assert fit.estimator.score(X[5_000:], y[5_000:]) > 0.97
    assert not hasattr(network, "classes_")
    assert all(score < 0 for score in fit.scores)  # the negative log loss


def test_regression_is_scored_by_r2_and_other_scorers_may_be_named():
    X = np.random.default_rng(0).normal(size=(1_000, 2))
    y = X @ [1.0, -2.0]
    blocks = [(X[i : i + 100], y[i : i + 100]) for i in range(0, 800, 100)]
    fit = fit_streamed(
        MLPRegressor(hidden_layer_sizes=(), random_state=0, learning_rate_init=0.05), blocks, (X[800:], y[800:])
    )
    assert fit.scores[-1] == pytest.approx(1.0, abs=0.01)
    fit = fit_streamed(
        SGDRegressor(), blocks, (X[800:], y[800:]), scoring="neg_mean_squared_error", window_rows=1, random_state=0
    )
    assert -0.01 < fit.scores[-1] < 0


def test_a_line_for_each_epoch(capsys):
    fit_streamed(Recorder([-0.25, -0.125]), numbered(), VALIDATION, max_epochs=2, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(",")[0] for line in lines] == [
        "Epoch 1: 12 rows, score -0.2500",
        "Epoch 2: 12 rows, score -0.1250",
    ]


def test_wrong_arguments():
    with pytest.raises(ValueError, match="must have partial_fit, which MLPClassifier lacks"):
        fit_streamed(MLPClassifier(solver="lbfgs"), numbered(), VALIDATION)
    for name in ("max_epochs", "patience", "window_rows"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
            fit_streamed(Recorder(), numbered(), VALIDATION, **{name: 0})
    with pytest.raises(ValueError, match="contain no samples"):
        fit_streamed(Recorder(), [], VALIDATION)
