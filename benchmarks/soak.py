"""Test for leaks over thousands of fits: ``python -m benchmarks.soak [FITS]``.

All fits run in one process. Each uses one of the four estimators with random parameters: solver, activation, sparse
samples, threads, pruning, early stopping. Each model then predicts, also in several threads at once, and is pickled,
copied and trained further. Memory, threads and open files are printed at intervals. Memory has to stay constant once
all combinations are compiled: the exit code is 1 if it grows by more than 5 % in the second half.
"""

import argparse
import concurrent.futures
import copy
import os
import pathlib
import pickle
import statistics
import threading
import time
import warnings

import numpy as np
import scipy.sparse

from benchmarks.memory import memory_in_use
from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.curvature import gradient
from sknn_concepts.pruning import MagnitudePruning

#: Maximum relative growth of memory in the second half.
MAX_GROWTH = 0.05


def main(arguments=None):
    """Run the fits, print the memory in use, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("fits", nargs="?", type=int, default=2_000)
    n_fits = parser.parse_args(arguments).fits
    warnings.simplefilter("ignore")
    rng, used, start = np.random.RandomState(0), [], time.perf_counter()
    every = max(1, n_fits // 40)
    for fit in range(1, n_fits + 1):
        fit_and_use(rng)
        if fit % every == 0:
            used.append(memory_in_use() / 2**20)
            print(
                f"{fit:6} fits  {time.perf_counter() - start:7.1f} s  {used[-1]:8.1f} MiB  "
                f"{threading.active_count():3} threads  {_open_files()} files",
                flush=True,
            )
    half = used[len(used) // 2 :]
    third = max(1, len(half) // 3)
    first, last = statistics.median(half[:third]), statistics.median(half[-third:])
    print(f"second half: from {first:.1f} to {last:.1f} MiB, {last / first - 1:+.2%}")
    return int(last / first - 1 > MAX_GROWTH)


def fit_and_use(rng):
    """Fit a model with random parameters, and use it in all usual ways."""
    n_samples, n_features = int(rng.randint(20, 300)), int(rng.randint(1, 30))
    X = rng.normal(size=(n_samples, n_features))
    y = np.arange(n_samples) % int(rng.randint(2, 5))
    samples = scipy.sparse.csr_array(X * (rng.uniform(size=X.shape) < 0.3)) if rng.uniform() < 0.3 else X
    model = MAKERS[rng.randint(len(MAKERS))](rng)
    model.fit(samples, y)
    model.predict(samples)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(model.predict, [samples] * 4))
    ask = model.predictor()
    ask(X), ask(X[:1])
    again = pickle.loads(pickle.dumps(model))
    again.sparsify().predict(X)
    other = copy.deepcopy(model).set_params(warm_start=True, max_iter=2)
    other.fit(samples, y)
    if rng.uniform() < 0.2:
        gradient(model, samples, y)


def _pick(rng, *choices):
    return choices[rng.randint(len(choices))]


def _network_parameters(rng):
    solver = _pick(rng, "adam", "sgd", "lbfgs", "rmsprop")
    early = solver != "lbfgs" and rng.uniform() < 0.3
    prunes = not early and rng.uniform() < 0.2
    return {
        "hidden_layer_sizes": tuple(int(size) for size in rng.randint(1, 40, size=rng.randint(1, 4))),
        "activation": _pick(rng, "relu", "tanh", "logistic"),
        "solver": solver,
        "early_stopping": early,
        "pruning": MagnitudePruning(sparsity=0.8, retrain_epochs=1) if prunes else None,
        "batch_size": _pick(rng, "auto", 16, 64),
        "n_jobs": _pick(rng, None, 2),
        "max_iter": 5,
        "random_state": 0,
    }


def _logistic(rng):
    return LogisticRegression(
        solver=_pick(rng, "lbfgs", "newton-cg", "saga", "adam"), C=_pick(rng, 0.1, 1.0), max_iter=5
    )


def _perceptron(rng):
    return Perceptron(
        penalty=_pick(rng, None, "l2", "l1"), average=_pick(rng, True, False), n_jobs=_pick(rng, None, 2), max_iter=5
    )


MAKERS = [
    lambda rng: MLPClassifier(**_network_parameters(rng)),
    lambda rng: MLPRegressor(**_network_parameters(rng)),
    _logistic,
    _perceptron,
]


def _open_files():
    folder = pathlib.Path("/proc/self/fd")
    return len(os.listdir(folder)) if folder.exists() else "unknown"


if __name__ == "__main__":
    raise SystemExit(main())
