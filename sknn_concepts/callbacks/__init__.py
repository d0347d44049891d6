"""Checkpoints of fits, for every version of scikit-learn, and an adapter of its own callbacks."""

from sknn_concepts.callbacks.checkpoint import Checkpoint

__all__ = ["Checkpoint"]
