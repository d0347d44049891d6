"""The process of a contender, which fits one split of one table: ``python -m benchmarks.tables.worker REQUEST``.

The request is JSON. The answer is one line of JSON on stdout.
"""

import json
import os
import sys
import time
import warnings

import numpy as np
import pandas

from benchmarks.tables.contenders import load
from benchmarks.tables.data import find_tables, make_table, split

#: Bound of the probabilities of which the logarithm is taken.
SMALLEST_PROBABILITY = 1e-7

#: Rows of a timed prediction, and its repetitions, of which the fastest counts.
N_PREDICTED, N_REPEATS = 1000, 3


def measure(table, make, number, max_rows):
    """Fit a split of a table and judge the predictions of its test rows.

    Parameters
    ----------
    table : Table
        Table.
    make : callable
        Function of a contender that creates an estimator.
    number : int
        Number of the split, which is also the seed of the contender.
    max_rows : int or None
        Maximum number of training rows, and of test rows.

    Returns
    -------
    record : dict
        Error, log loss (of classifications), CPU seconds of the fit, and CPU milliseconds of the prediction of 1,000
        rows.
    """
    training, test = split(table, number, max_rows)
    classes, y = table.y[training], table.y[training]
    if table.is_classification:  # a class may be missing in the training rows
        classes, y = np.unique(y, return_inverse=True)
    model = make(table.is_classification, number)
    start = time.process_time()
    model.fit(table.X.iloc[training], y)
    seconds = time.process_time() - start
    predict = model.predict_proba if table.is_classification else model.predict
    predicted, truth = np.asarray(predict(table.X.iloc[test])), table.y[test]
    if not np.all(np.isfinite(predicted)):
        raise ValueError("predictions are not finite")
    if table.is_classification:
        judged = judge_classes(predicted, classes[np.asarray(model.classes_, dtype=int)], truth)
    else:
        judged = judge_numbers(predicted.ravel(), truth)
    more = table.X.iloc[np.resize(test, N_PREDICTED)]
    milliseconds = 1e3 * min(_time(predict, more) for _ in range(N_REPEATS))
    sizes = {"task": table.task, "n_training": len(training), "n_test": len(test), "n_columns": table.X.shape[1]}
    return sizes | judged | {"fit_seconds": seconds, "predict_milliseconds": milliseconds}


def judge_classes(probabilities, classes, truth):
    """Return 1 - accuracy and the log loss. A class without a column has probability 0."""
    columns = np.full(max(classes.max(), truth.max()) + 1, -1)
    columns[classes] = np.arange(len(classes))
    places = columns[truth]
    found = np.where(places >= 0, probabilities[np.arange(len(truth)), places], 0.0)
    error = np.mean(classes[probabilities.argmax(axis=1)] != truth)
    log_loss = -np.mean(np.log(np.clip(found, SMALLEST_PROBABILITY, 1.0)))
    return {"error": float(error), "log_loss": float(log_loss)}


def judge_numbers(predicted, truth):
    """Return the RMSE divided by the standard deviation of the test targets."""
    return {"error": float(np.sqrt(np.mean((predicted - truth) ** 2)) / np.std(truth)), "log_loss": None}


def warm_up(make):
    """Fit and predict small tables of both tasks, so that compiled code is on disk."""
    rng = np.random.default_rng(0)
    X = pandas.DataFrame(rng.normal(size=(300, 4))).assign(level=rng.choice(["a", "b", "c"], 300))
    for task, y in (("classification", rng.integers(2, size=300)), ("regression", rng.normal(size=300))):
        measure(make_table("random", task, X.copy(), pandas.Series(y)), make, 0, None)
    measure(make_table("random", "classification", X, pandas.Series(rng.integers(3, size=300))), make, 0, None)
    return {}


def _time(predict, X):
    start = time.process_time()
    predict(X)
    return time.process_time() - start


def answer(contender, table=None, folder=None, split=None, rows=None):
    """Answer a request: with a table, measure a split of it; without one, load the contender and warm it up."""
    try:
        module = load(contender)
    except ImportError as error:
        return {"left_out": str(error)}
    try:
        if table is not None:
            return measure(find_tables(folder)[table](), module.make, split, rows)
        return warm_up(module.make) if getattr(module, "COMPILES", False) else {}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}


def main(request):
    """Answer one request."""
    # output of libraries is redirected to stderr, because stdout carries the answer
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    print(json.dumps(answer(**json.loads(request))), file=stdout, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
