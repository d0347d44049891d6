"""The contenders, one file each.

A contender is a module with a function ``make(kind, **parameters)``, which returns an unfitted object with ``fit``,
``predict`` and whatever else its workloads ask for. `kind` is the name of a scikit-learn estimator and the parameters
are that estimator's. The module imports its library at the top: where that fails, or where `make` raises ImportError,
the contender is left out and named. A module with ``JUDGED = False`` finds nothing that could be judged.
"""

import importlib

#: File of each contender and its name in tables; the first is what the others are compared with.
CONTENDERS = {
    "sknn_concepts": "sknn_concepts",
    "fast_path": "sknn_concepts, predictor()",
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

#: Files of those that are this library.
OURS = ("sknn_concepts", "fast_path")

#: Name of what no contender can beat: the arithmetic, or the reading, that the work cannot do without.
LIMIT = CONTENDERS["limit"]


def load(file):
    """Module of a contender; raises ImportError where its library is not installed."""
    return importlib.import_module(f"benchmarks.contenders.{file}")


def network_only(kind, library):
    """Raise ImportError unless the kind is a multilayer perceptron for classes."""
    if kind != "MLPClassifier":
        raise ImportError(f"{library} has no {kind}")


def logistic_only(kind, library):
    """Raise ImportError unless the kind is a logistic regression."""
    if kind != "LogisticRegression":
        raise ImportError(f"the {library} contender has no {kind}")
