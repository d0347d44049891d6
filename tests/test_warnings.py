"""Where warnings point, and how they are silenced."""

import subprocess
import sys

import pytest

SCRIPT = """
import concurrent.futures, multiprocessing, pathlib, sys, warnings
import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sknn_concepts import LogisticRegression, MLPClassifier, Perceptron

X = np.random.RandomState(0).normal(size=(40, 3))
y = X[:, 0] > 0
network = MLPClassifier((3,), max_iter=2)


def fit(network=network):
    network.fit(X, y)  # the user's line


def everywhere():
    fit()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(fit).result()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(network.fit, X, y).result()
    with joblib.parallel_config("threading"):
        cross_val_score(network, X, y, n_jobs=2, cv=2)
    for estimator in (network, Perceptron(max_iter=1), LogisticRegression(max_iter=1)):
        cross_val_score(estimator, X, y, n_jobs=2, cv=2)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.apply(network.fit, (X, y))


if __name__ == "__main__":
    warnings.simplefilter(sys.argv[1], ConvergenceWarning)
    everywhere()
"""


def places(result):
    """Names of the files that warnings on stderr point at."""
    return {line.split(":")[0].rpartition("/")[2] for line in result.splitlines() if "ConvergenceWarning" in line}


@pytest.mark.parametrize("action", ["always", "ignore"])
def test_workers_point_at_the_estimator(tmp_path, action):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, tmp_path / "script.py", action], capture_output=True, text=True, check=True)
    ours = {"script.py", "base.py", "perceptron.py", "logistic.py"}
    assert places(done.stderr) == (ours if action == "always" else set())
