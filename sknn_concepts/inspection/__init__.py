"""What networks do: a step of training explained number by number, and what is wrong with a fit."""

from sknn_concepts.inspection.health.case import Finding
from sknn_concepts.inspection.health.diagnosis import FINDINGS, Diagnosis, diagnose
from sknn_concepts.inspection.health.display import TrainingHealthDisplay
from sknn_concepts.inspection.step.explanation import ExplainedStep, explain_step
from sknn_concepts.inspection.weights import network_from_weights

__all__ = [
    "FINDINGS",
    "Diagnosis",
    "ExplainedStep",
    "Finding",
    "TrainingHealthDisplay",
    "diagnose",
    "explain_step",
    "network_from_weights",
]
