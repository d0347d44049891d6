"""The contenders, each in its own file.

A contender is a module with a function ``make(kind, **parameters)`` that returns an unfitted object with ``fit``,
``predict`` and the other methods that its workloads call. `kind` is the name of a scikit-learn estimator, and the
parameters are those of that estimator. The module imports its library at the top. If that fails, or if `make` raises
ImportError, the contender is left out and the reason is reported. A module with ``JUDGED = False`` has no loss and no
score.
"""

import importlib

#: Name of each contender in tables, by file. The others are compared with the first.
CONTENDERS = {
    "sknn_concepts": "sknn_concepts",
    "fast_path": "sknn_concepts, predictor()",
    "pruned": "sknn_concepts, 90 % pruned",
    "scikit_learn": "scikit-learn",
    "scikit_learn_intelex": "scikit-learn-intelex",
    "torch": "PyTorch",
    "torch_compiled": "PyTorch, compiled",
    "skorch": "skorch",
    "jax": "JAX",
    "skglm": "skglm",
    "snapml": "snapml",
    "onnxruntime": "onnxruntime",
    "backpack": "BackPACK",
    "limit": "limit",
}

#: Files of the contenders that use this library.
OURS = ("sknn_concepts", "fast_path", "pruned")

#: Label of our entry with one thread in races with all threads.
ONE_OF_OURS = "sknn_concepts, one thread"

#: Name of the lower bound of the time: the arithmetic or the reading that the work requires.
LIMIT = CONTENDERS["limit"]


def load(file):
    """Import the module of a contender. Raise ImportError if its library is not installed."""
    return importlib.import_module(f"benchmarks.contenders.{file}")


def network_only(kind, library):
    """Raise ImportError unless the kind is MLPClassifier."""
    if kind != "MLPClassifier":
        raise ImportError(f"{library} has no {kind}")


def logistic_only(kind, library):
    """Raise ImportError unless the kind is LogisticRegression."""
    if kind != "LogisticRegression":
        raise ImportError(f"the {library} contender has no {kind}")
