"""scikit-learn's own checks of the encoders, without expected failures."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_concepts.tabular import (
    NormalScoreScaler,
    PeriodicEncoder,
    PiecewiseLinearEncoder,
    RobustClipScaler,
    TableEncoder,
)

ENCODERS = [
    RobustClipScaler(),
    RobustClipScaler(clip=None),
    NormalScoreScaler(),
    PiecewiseLinearEncoder(),
    PiecewiseLinearEncoder(n_bins=3, extrapolate=True),
    PeriodicEncoder(random_state=0),
    PeriodicEncoder(n_frequencies=2, include_input=True, random_state=0),
    TableEncoder(),
    TableEncoder(scaling="robust", embedding="piecewise_linear"),
    TableEncoder(scaling="quantile", embedding="periodic", random_state=0),
]


@parametrize_with_checks(ENCODERS)
def test_scikit_learn_finds_no_fault(estimator, check):
    check(estimator)
