"""Measurement of start-up times in a fresh process: ``python -m benchmarks.probe WHAT [ARGUMENT ...]``."""

import importlib
import json
import os
import sys
import time
import warnings


def main(what, *arguments):
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # also for the processes that are started
    probes = {"import": probe_import, "fit": probe_fit, "types": probe_types, "worker": probe_worker}
    print(json.dumps(probes[what](*arguments)))


def probe_import():
    """Time the import of the library after scikit-learn's modules of the same estimators."""
    import sklearn.linear_model  # noqa: F401
    import sklearn.neural_network  # noqa: F401

    start = time.perf_counter()
    import sknn_concepts  # noqa: F401

    return {"seconds": time.perf_counter() - start}


def probe_fit(kind, *dtypes):
    """Time the first and the second fit of an estimator with each data type, by default with float64 only."""
    import sknn_concepts
    from benchmarks.data import digits

    estimator = getattr(sknn_concepts, kind)(max_iter=5)
    return {dtype: _first_and_second(estimator, *digits(dtype)) for dtype in dtypes or ("float64",)}


def probe_worker():
    """Time the first and the second fit in a new loky worker, as the process sees it that sends them.

    The worker has started and has imported the library.
    """
    from joblib.externals.loky import get_reusable_executor

    from benchmarks.data import digits
    from sknn_concepts import MLPClassifier

    X, y = digits("float64")
    model = MLPClassifier(max_iter=5)
    executor = get_reusable_executor(max_workers=1)
    executor.submit(importlib.import_module, "sknn_concepts.estimators.mlp_classifier").result()
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        executor.submit(model.fit, X, y).result()
        seconds.append(time.perf_counter() - start)
    executor.shutdown()
    return {"first": seconds[0], "second": seconds[1]}


def probe_types(family):
    """Time the first and the second fit with each type of a family, after a fit with the default types.

    Parameters
    ----------
    family : {"activation", "loss", "optimizer"}

    Returns
    -------
    found : dict of str to dict
        Seconds by the name of the type.
    """
    from benchmarks.data import digits
    from sknn_concepts import MLPClassifier, MLPRegressor

    X, y = digits("float64")
    regressor = MLPRegressor(max_iter=2)
    for default in (MLPClassifier(max_iter=2), *([regressor] if family == "loss" else [])):
        default.fit(X, y)
    types = {"activation": _activations, "loss": _losses, "optimizer": _optimizers}[family]()
    return {
        name: _first_and_second((MLPClassifier if classifies else MLPRegressor)(max_iter=2, **parameter), X, y)
        for name, parameter, classifies in types
    }


def _activations():
    from sknn_concepts.activations import ACTIVATIONS

    return [
        (name, {"activation": name}, True)
        for name, make in ACTIVATIONS.items()
        if hasattr(make, "slope") and name != "relu"
    ]


def _losses():
    from sknn_concepts.losses import LOSSES

    return [
        (name, {"loss": name}, "classification" in make().tasks)
        for name, make in LOSSES.items()
        if name not in ("log_loss", "squared_error")
    ]


def _optimizers():
    from sknn_concepts.optimizers import OPTIMIZERS

    return [(name, {"solver": name}, True) for name in [*OPTIMIZERS, "lbfgs"] if name != "adam"]


def _first_and_second(estimator, X, y):
    start = time.perf_counter()
    estimator.fit(X, y)
    middle = time.perf_counter()
    estimator.fit(X, y)
    return {"first": middle - start, "second": time.perf_counter() - middle}


if __name__ == "__main__":
    main(*sys.argv[1:])
