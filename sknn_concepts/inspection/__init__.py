"""What networks do: pictures of networks and of training, a step of training number by number, diagnosis of fits.

Displays, which require matplotlib, follow those of scikit-learn: a class method such as ``from_estimator`` computes
what is shown and draws it, ``plot`` draws it again, and the attributes ``ax_`` and ``figure_`` are matplotlib's, for
whatever else the picture needs. Decision boundaries are drawn by :class:`sklearn.inspection.DecisionBoundaryDisplay`.
"""

from sknn_concepts.inspection.animation import animate_boundary, animate_units, animate_weights
from sknn_concepts.inspection.displays.activations import ActivationDisplay
from sknn_concepts.inspection.displays.criteria import CriteriaDisplay
from sknn_concepts.inspection.displays.graph import NetworkGraphDisplay
from sknn_concepts.inspection.displays.histograms import WeightsDisplay
from sknn_concepts.inspection.displays.history import HistoryDisplay
from sknn_concepts.inspection.displays.propagation import SignalPropagationDisplay
from sknn_concepts.inspection.displays.pruning import PruningPathDisplay
from sknn_concepts.inspection.displays.surface import LossSurfaceDisplay
from sknn_concepts.inspection.health.case import Finding
from sknn_concepts.inspection.health.diagnosis import FINDINGS, Diagnosis, diagnose
from sknn_concepts.inspection.health.display import TrainingHealthDisplay
from sknn_concepts.inspection.stages import staged_fit
from sknn_concepts.inspection.step.explanation import ExplainedStep, explain_step
from sknn_concepts.inspection.weights import network_from_weights

__all__ = [
    "FINDINGS",
    "ActivationDisplay",
    "CriteriaDisplay",
    "Diagnosis",
    "ExplainedStep",
    "Finding",
    "HistoryDisplay",
    "LossSurfaceDisplay",
    "NetworkGraphDisplay",
    "PruningPathDisplay",
    "SignalPropagationDisplay",
    "TrainingHealthDisplay",
    "WeightsDisplay",
    "animate_boundary",
    "animate_units",
    "animate_weights",
    "diagnose",
    "explain_step",
    "network_from_weights",
    "staged_fit",
]
