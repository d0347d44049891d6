"""Types in saved models, for `skops.io`, which loads nothing but types that are trusted."""

from typing import Any

from sknn_concepts.activations import ACTIVATIONS
from sknn_concepts.curvature import HESSIAN_METHODS
from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.perceptron import Perceptron
from sknn_concepts.initializers import INITIALIZERS
from sknn_concepts.losses import LOSSES
from sknn_concepts.optimizers import OPTIMIZERS
from sknn_concepts.pruning.criteria import CRITERIA
from sknn_concepts.pruning.pruners import PRUNERS
from sknn_concepts.schedules import SCHEDULES
from sknn_concepts.tabular.classifier import TabularClassifier
from sknn_concepts.tabular.column_encoder import SCALERS, ColumnEncoder
from sknn_concepts.tabular.columns import ColumnReader
from sknn_concepts.tabular.ensemble.members import Member
from sknn_concepts.tabular.ensemble.settings import MemberSettings
from sknn_concepts.tabular.one_hot import OneHot
from sknn_concepts.tabular.periodic import PeriodicEncoder
from sknn_concepts.tabular.piecewise_linear import PiecewiseLinearEncoder
from sknn_concepts.tabular.reading.levels import Levels
from sknn_concepts.tabular.reading.parts import Part
from sknn_concepts.tabular.regressor import TabularRegressor
from sknn_concepts.tabular.table_encoder import TableEncoder
from sknn_concepts.training.result import OptimizerState
from sknn_concepts.training.stopping import StoppingRule

_REGISTRIES: tuple[dict[str, Any], ...] = (
    ACTIVATIONS,
    CRITERIA,
    HESSIAN_METHODS,
    INITIALIZERS,
    LOSSES,
    OPTIMIZERS,
    PRUNERS,
    SCHEDULES,
)

_STRATEGIES: set[Any] = {each for registry in _REGISTRIES for each in registry.values()}
_STRATEGIES |= {type(loss().multiclass()) for loss in _STRATEGIES if hasattr(loss, "multiclass")}

_SCALERS: set[Any] = {each for pair in SCALERS.values() for each in pair}

_OTHERS: set[Any] = {
    ColumnEncoder,
    ColumnReader,
    Levels,
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    Member,
    MemberSettings,
    OneHot,
    OptimizerState,
    Part,
    Perceptron,
    PeriodicEncoder,
    PiecewiseLinearEncoder,
    StoppingRule,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
}


def skops_types(*own: type) -> list[str]:
    """Return the names of the types that models of this package consist of, which `skops.io` may trust.

    Loading objects of these types runs no code of the file. Types of scikit-learn, NumPy and SciPy are trusted by skops
    itself.

    Parameters
    ----------
    *own : classes
        Strategies of your own that are parameters of the model.

    Returns
    -------
    names : list of str
        Argument `trusted` of ``skops.io.load`` and ``skops.io.loads``.

    Examples
    --------
    >>> from sknn_concepts.export import skops_types
    >>> "sknn_concepts.estimators.mlp_classifier.MLPClassifier" in skops_types()
    True

    To save and load a model::

        import skops.io
        skops.io.dump(model, "model.skops")
        model = skops.io.load("model.skops", trusted=skops_types())
    """
    ours = (each for each in _STRATEGIES | _SCALERS | _OTHERS if each.__module__.startswith("sknn_concepts."))
    return sorted(f"{each.__module__}.{each.__qualname__}" for each in (*ours, *own))
