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
from benchmarks.tables.judging import judge_classes, judge_numbers

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
        Error, log losses (of classifications), CPU seconds of the fit, and CPU milliseconds of the prediction of 1,000
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
