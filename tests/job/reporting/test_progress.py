"""Tests of the progress bar, which counts the fits of all processes, and of Ctrl-C."""

import io
import os
import signal
import sys
import time

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts.job.reporting import progress as module
from sknn_concepts.job.reporting.progress import (
    INTERRUPTED,
    CountingScorer,
    Progress,
    final_estimator,
    reached_max_iter,
    remember_interrupt,
)

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


class Terminal(io.StringIO):
    """A stderr that claims to be a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("jobs", [1, 2])
def test_fits_are_counted_in_any_process(jobs):
    with Progress(5) as progress:
        tally = CountingScorer(get_scorer("accuracy"), progress.path)
        scores = cross_val_score(LogisticRegression(), X, Y, scoring=tally, cv=5, n_jobs=jobs)
        assert progress.count() == (5, 0)
    assert scores.tolist() == cross_val_score(LogisticRegression(), X, Y, cv=5).tolist()
    assert not os.path.exists(progress.path)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fits_that_used_up_their_iterations_are_counted():
    assert reached_max_iter(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1, solver="saga")).fit(X, Y))
    assert not reached_max_iter(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y))
    assert not reached_max_iter(LinearRegression().fit(X, Y))


def test_last_step_of_a_regression():
    model = make_pipeline(StandardScaler(), TransformedTargetRegressor(LinearRegression())).fit(X, Y)
    assert isinstance(final_estimator(model), LinearRegression)


@pytest.mark.parametrize("kind", ["rich", "plain"])
def test_bar_on_a_terminal(monkeypatch, kind):
    if kind == "plain":
        monkeypatch.setattr(module, "_RichBar", module._PlainBar)
    else:
        pytest.importorskip("rich")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(module, "INTERVAL", 0.01)
    with Progress(7) as progress:
        progress.text = "round 1"
        tally = CountingScorer(lambda *arguments: 1.0, progress.path)
        for _ in range(3):
            tally(LinearRegression(), X, Y)
        end = time.monotonic() + 20.0
        while not {"3/7", "round 1"} <= set_of(sys.stderr.getvalue()) and time.monotonic() < end:
            time.sleep(0.02)
    assert {"3/7", "round 1"} <= set_of(sys.stderr.getvalue())


def set_of(text):
    """Return which of the expected words a bar has drawn."""
    return {word for word in ("3/7", "round 1") if word in text}


def test_silent_where_stderr_is_no_terminal(capsys):
    with Progress(7) as progress:
        progress.say("a line")
    assert capsys.readouterr() == ("a line\n", "")


def test_an_interrupt_that_an_estimator_swallowed_is_remembered():
    with Progress(1) as progress, remember_interrupt():
        tally = CountingScorer(get_scorer("accuracy"), progress.path)
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5.0)
        except KeyboardInterrupt:
            pass  # as an estimator's fit does
        with pytest.raises(KeyboardInterrupt):
            tally(LogisticRegression().fit(X, Y), X, Y)
        assert INTERRUPTED.is_set()
    assert not INTERRUPTED.is_set()
