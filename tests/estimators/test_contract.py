"""scikit-learn's own checks of estimators, without expected failures."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.activations import LeakyRelu
from sknn_concepts.pruning import MagnitudePruning, OptimalBrainSurgeon, UnitPruning
from sknn_concepts.validation import compat

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:A column-vector y was passed:sklearn.exceptions.DataConversionWarning",
    "ignore:Using the 'liblinear' solver for multiclass:FutureWarning",  # as scikit-learn 1.7 says itself
)


def classifier(**arguments):
    return MLPClassifier(**{"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "max_iter": 100, **arguments})


def regressor(**arguments):
    return MLPRegressor(**{"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "max_iter": 100, **arguments})


#: Where a penalty is asked for by name, `l1_ratio` alone is ignored with a warning.
ELASTIC_NET = {"l1_ratio": 0.5} | ({} if compat.PENALTY_IS_DEPRECATED else {"penalty": "elasticnet"})

ESTIMATORS = [
    MLPClassifier(),
    MLPRegressor(),
    # the penalty keeps probabilities of data that can be separated below exactly 1, as one check of multilabel wants
    classifier(solver="lbfgs", alpha=0.1, activation="tanh"),
    classifier(solver="sgd", learning_rate="adaptive", learning_rate_init=0.1),
    classifier(solver="adamw"),
    classifier(solver="rmsprop", class_weight="balanced"),
    classifier(solver="adagrad", learning_rate_init=0.1),
    classifier(solver="nadam", learning_rate="one_cycle"),
    classifier(loss="hinge", activation="gelu"),
    classifier(loss="smoothed_log_loss"),
    classifier(loss="focal", hidden_layer_sizes="12-8", activation=["elu", LeakyRelu(0.1)], max_norm=4.0),
    classifier(hidden_layer_sizes=(), alpha=0.01, l1_ratio=0.5, max_grad_norm=10.0, initializer="zeros"),
    classifier(pruning="obd"),
    classifier(pruning=MagnitudePruning(sparsity=0.4, n_steps=3, rewind="learning_rate"), connectivity=0.7),
    regressor(pruning=UnitPruning(sparsity=0.3, n_steps=2)),
    regressor(solver="lbfgs", activation="tanh"),
    regressor(solver="sgd", max_grad_norm=5.0),
    regressor(loss="huber", activation="silu", initializer="orthogonal"),
    regressor(output_activation="tanh", solver="rmsprop", learning_rate="cosine"),
    LogisticRegression(),
    LogisticRegression(solver="newton-cg"),
    LogisticRegression(solver="newton-cholesky", class_weight="balanced"),
    LogisticRegression(solver="sag"),
    LogisticRegression(solver="saga", **ELASTIC_NET),
    LogisticRegression(solver="liblinear"),
    LogisticRegression(solver="auto", activation="logistic"),
    LogisticRegression(solver="adam"),
    LogisticRegression(pruning=OptimalBrainSurgeon(sparsity=0.3, n_steps=2)),
    Perceptron(pruning=MagnitudePruning(sparsity=0.2, n_steps=2, retrain_epochs=100)),
]


@parametrize_with_checks(ESTIMATORS)
def test_contract(estimator, check):
    check(estimator)


WEIGHTS = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
PARTIAL = ("check_fit_score_takes_y", "check_n_features_in_after_fitting", "check_estimators_partial_fit_n_features")

#: Estimators for which some checks ask what cannot be.
OTHERS = {
    "float32: weights agree to seven digits, not to nine": (classifier(dtype="float32"), WEIGHTS),
    "dropout: masks are drawn for each sample, a repeated one has two": (classifier(dropout=0.1), WEIGHTS),
    "early stopping: repeated samples are split otherwise; partial_fit asks for X_val": (
        classifier(early_stopping=True, validation_fraction=0.4, early_stopping_scoring="loss"),
        WEIGHTS + PARTIAL,
    ),
    "poisson: the check's targets are negative": (regressor(loss="poisson"), ("check_regressor_multioutput",)),
}


def other_checks():
    for reason, (estimator, impossible) in OTHERS.items():
        for instance, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            if name not in impossible:
                yield pytest.param(instance, check, id=f"{reason.split(':')[0]}-{name}-{check.keywords}")


@pytest.mark.parametrize(("estimator", "check"), list(other_checks()))
def test_contract_of_others(estimator, check):
    check(estimator)
