"""Our own library."""

import sknn_concepts


def make(kind, **parameters):
    """Estimator of that name."""
    estimator = getattr(sknn_concepts, kind, None)
    if estimator is None:
        raise ImportError(f"sknn_concepts {sknn_concepts.__version__} has no {kind}")
    return estimator(**parameters)
