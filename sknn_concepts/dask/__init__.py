"""Fits whose samples are on the workers of a Dask cluster, and kernels on those workers.

The package needs ``dask`` and ``distributed``: ``pip install "sknn_concepts[dask]"``.
"""

try:
    import distributed as _distributed  # noqa: F401
except ImportError as error:
    raise ImportError(
        'sknn_concepts.dask needs the packages dask and distributed: pip install "sknn_concepts[dask]".'
    ) from error

from sknn_concepts.dask.logistic import DaskLogisticRegression
from sknn_concepts.dask.multilayer import DaskMLPClassifier, DaskMLPRegressor
from sknn_concepts.dask.warmup_plugin import WarmupPlugin

__all__ = ["DaskLogisticRegression", "DaskMLPClassifier", "DaskMLPRegressor", "WarmupPlugin"]
