"""Checkpoints and records of fits, for every version of scikit-learn, and an adapter of its own callbacks."""

from sknn_concepts.callbacks.checkpoint import Checkpoint
from sknn_concepts.callbacks.training_record import TrainingRecord

__all__ = ["Checkpoint", "TrainingRecord"]
