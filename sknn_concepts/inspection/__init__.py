"""Pictures of networks and of their training; matplotlib is required.

Displays follow those of scikit-learn: a class method such as ``from_estimator`` computes what is shown and draws it,
``plot`` draws it again, and the attributes ``ax_`` and ``figure_`` are matplotlib's, for whatever else the picture
needs. Decision boundaries are drawn by :class:`sklearn.inspection.DecisionBoundaryDisplay`.
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
from sknn_concepts.inspection.stages import staged_fit

__all__ = [
    "ActivationDisplay",
    "CriteriaDisplay",
    "HistoryDisplay",
    "LossSurfaceDisplay",
    "NetworkGraphDisplay",
    "PruningPathDisplay",
    "SignalPropagationDisplay",
    "WeightsDisplay",
    "animate_boundary",
    "animate_units",
    "animate_weights",
    "staged_fit",
]
