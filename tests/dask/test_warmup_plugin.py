"""Kernels on the workers of a cluster before their first task."""

import asyncio
import re
import threading
import time

import joblib
import pytest
from buffers import needs_jit
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

import sknn_concepts
from sknn_concepts import MLPClassifier

distributed = pytest.importorskip("distributed")
WarmupPlugin = pytest.importorskip("sknn_concepts.dask").WarmupPlugin
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
OPTIONS = {"dtypes": ["float64"], "activations": [], "solvers": ["adam"]}

#: Seconds by which the first tasks of a worker may be slower; to load the kernels takes longer.
TOLERANCE = 0.5


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def wait_for(condition):
    while not condition():
        time.sleep(0.05)


def search():
    network = MLPClassifier((8,), max_iter=10, random_state=0)
    grid = {"learning_rate_init": [0.001, 0.01, 0.1], "alpha": [0.0, 0.1]}
    with joblib.parallel_config("dask"):
        GridSearchCV(network, grid, cv=2, refit=False).fit(X, Y)


def make_task():
    """Return a fit that measures its seconds, imports included: workers do not import this module to unpickle it."""

    def fit(folder=None):
        import os
        import time

        start = time.perf_counter()
        if folder is not None:
            os.environ["NUMBA_CACHE_DIR"] = folder
        from sklearn.datasets import load_iris

        from sknn_concepts import MLPClassifier

        MLPClassifier((8,), max_iter=10, random_state=0).fit(*load_iris(return_X_y=True))
        return time.perf_counter() - start

    return fit


def test_the_first_tasks_of_all_workers_are_as_fast_as_later_ones(fresh_client):
    fresh_client.register_plugin(WarmupPlugin(**OPTIONS))
    first, *later = (seconds(search) for _ in range(4))
    assert first <= max(later) + TOLERANCE

    # a worker that joins later, while tasks are waiting for it
    fresh_client.cluster.scale(0)
    wait_for(lambda: not fresh_client.nthreads())
    fits = [fresh_client.submit(make_task(), pure=False) for _ in range(4)]
    fresh_client.cluster.scale(1)
    first, *later = fresh_client.gather(fits)
    assert first <= max(later) + TOLERANCE


@needs_jit
def test_a_first_task_that_compiles_is_noticed(fresh_client, tmp_path):
    tasks = [fresh_client.submit(make_task(), str(tmp_path), workers=[0], pure=False) for _ in range(4)]
    first, *later = fresh_client.gather(tasks)
    assert first > max(later) + TOLERANCE


def test_kernels_are_compiled_in_a_thread_and_waited_for(monkeypatch):
    """So that a worker sends its heartbeats, and accepts no task."""
    plugin, calls = WarmupPlugin(**OPTIONS), []

    def note(**options):
        calls.append((options, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr("sknn_concepts.dask.warmup_plugin.warmup", note)
    asyncio.run(plugin.setup(worker=None))
    assert calls == [(OPTIONS, False)]


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"solver": ["adam"]}, TypeError, "warmup has no option 'solver'; it has ['dtypes', "),
        ({"activations": ["rellu"]}, ValueError, "Did you mean 'relu'?"),
        ({"solvers": [3]}, ValueError, "'solver' parameter of MLPClassifier must be an instance of 'str' or"),
        ({"dtypes": ["float16"]}, ValueError, "must be float32, float64 or None. Got 'float16'"),
        ({"dtypes": "float32"}, TypeError, "dtypes must be a list of names; got the string 'float32'."),
    ],
)
def test_wrong_options(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        WarmupPlugin(**options)
    if "solver" not in options:
        with pytest.raises(error, match=re.escape(message)):
            sknn_concepts.warmup(**options)
