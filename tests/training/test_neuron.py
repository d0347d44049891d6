"""The training of a neuron sample by sample: when it stops, what it leaves out, and Ctrl-C."""

import threading

import numpy as np
import pytest

from sknn_concepts.linear import sgd
from sknn_concepts.training.neuron import train_neuron
from sknn_concepts.training.result import CONVERGED, EXHAUSTED, INTERRUPTED
from sknn_concepts.training.stopping import StoppingRule

CONFIG = sgd.OnlineConfig(eta=1.0, alpha=0.0, l1_ratio=0.0, intercept_rate=1.0, average=0, delta_rule=False)


def problem():
    rng = np.random.RandomState(0)
    X = rng.randn(40, 7)
    y = np.where(X @ rng.randn(7) + rng.randn(40) > 0, 1.0, -1.0)
    return X, y, rng.uniform(0.5, 2.0, 40)


def train(data=None, tol=1e-3, patience=4, **options):
    """Neuron, losses of the epochs, and the reason why training stopped."""
    X, y, factors = problem() if data is None else data
    start = np.zeros(X.shape[1] + 1)
    neuron, samples = sgd.make_neuron(start, start, CONFIG), sgd.make_samples(X, y, factors, np.abs(X).max())
    stopping = StoppingRule(tol, patience, on_score="score" in options)
    options = {"seed": 1, "max_iter": 50, **options}
    table, _ = sgd.bind_loss()
    history, reason = train_neuron(samples, np.arange(len(y)), CONFIG, neuron, table, stopping, **options)
    return neuron, history.loss_curve, reason


def test_training_makes_all_epochs_without_tol():
    _, curve, reason = train(tol=-np.inf)
    assert len(curve) == 50 and reason == EXHAUSTED


def test_training_ends_when_nothing_improves():
    scores = iter([0.1, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.9])
    _, curve, reason = train(patience=2, score=lambda w, intercept: next(scores))
    assert len(curve) == 7 and reason == CONVERGED


def test_an_improvement_below_tol_is_none():
    scores = iter(np.arange(0.0, 1.0, 0.01))
    _, curve, _ = train(patience=2, tol=0.05, score=lambda w, intercept: next(scores))
    assert len(curve) == 4


def test_held_out_rows_are_not_trained_on():
    X, y, factors = problem()
    poisoned = X.copy()
    poisoned[5:9] = np.nan
    neuron, curve, _ = train(data=(poisoned, y, factors), held_out=np.arange(5, 9))
    assert np.isfinite(neuron.w).all() and np.isfinite(curve).all()
    assert neuron.state[sgd.TIME] == 1.0 + len(curve) * (len(y) - 4)


def test_overflow_is_told():
    X, y, factors = problem()
    told = pytest.raises(ValueError, match=r"Floating-point under-/overflow occurred at epoch #1\. Scaling")
    with told, np.errstate(all="ignore"):
        train(data=(np.full_like(X, 1e308), y, 100.0 * factors))


def test_interrupt_halts_and_keeps_the_weights(monkeypatch):
    shown, train_epoch = [], sgd.train_epoch

    def interrupted(*arguments):
        shown.append(train_epoch(*arguments))
        if len(shown) == 3:
            raise KeyboardInterrupt
        return shown[-1]

    monkeypatch.setattr(sgd, "train_epoch", interrupted)
    stop_event = threading.Event()
    neuron, curve, reason = train(tol=-np.inf, stop_event=stop_event)
    assert stop_event.is_set() and len(curve) == 2 and reason == INTERRUPTED
    expected, _, _ = train(tol=-np.inf, max_iter=3)
    assert np.array_equal(neuron.w, expected.w)
    assert train(stop_event=stop_event)[1:] == ([], INTERRUPTED)


def test_verbose_prints_each_epoch(capsys):
    _, curve, _ = train(verbose=True, max_iter=3)
    assert len(capsys.readouterr().out.splitlines()) == len(curve) == 3
