"""What networks do: a step of training explained number by number."""

from sknn_concepts.inspection.step.explanation import ExplainedStep, explain_step
from sknn_concepts.inspection.weights import network_from_weights

__all__ = ["ExplainedStep", "explain_step", "network_from_weights"]
