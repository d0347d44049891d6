"""Types of the arguments of the estimators that select strategies: a name, or an instance."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sknn_concepts.activations import Activation
from sknn_concepts.losses import Loss
from sknn_concepts.optimizers import Optimizer
from sknn_concepts.pruning.pruner import Pruner
from sknn_concepts.schedules import Schedule

ActivationLike: TypeAlias = str | Activation | Sequence[str | Activation]
InitializerLike: TypeAlias = Any  # a name, an Initializer, or a function
LossLike: TypeAlias = str | Loss
OptimizerLike: TypeAlias = str | Optimizer
PrunerLike: TypeAlias = str | Pruner | None
ScheduleLike: TypeAlias = str | Schedule
