"""The contenders, one file each.

A contender is a module with a function ``make(kind, **parameters)``, which returns an unfitted object with ``fit``,
``predict`` and whatever else its workloads ask for. `kind` is the name of a scikit-learn estimator and the parameters
are that estimator's. The module imports its library at the top: where that fails, or where `make` raises ImportError,
the contender is left out and named.
"""

import importlib

#: File of each contender and its name in tables; the first is what the others are compared with.
CONTENDERS = {
    "sknn_concepts": "sknn_concepts",
    "scikit_learn": "scikit-learn",
    "torch": "PyTorch",
}


def load(file):
    """Module of a contender; raises ImportError where its library is not installed."""
    return importlib.import_module(f"benchmarks.contenders.{file}")
