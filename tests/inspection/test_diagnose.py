"""Each finding of `diagnose`: where it is wrong, where its advice was followed, and not where all is well."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler, scale

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron, TabularClassifier
from sknn_concepts.callbacks import TrainingRecord
from sknn_concepts.initializers import Normal
from sknn_concepts.inspection import FINDINGS, diagnose
from sknn_concepts.inspection.health.data_rules import separable
from sknn_concepts.inspection.health.diagnosis import FOLLOWS, RULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DIGITS, NUMBERS = datasets.load_digits(return_X_y=True)
DIGITS, NUMBERS = scale(DIGITS)[:600], NUMBERS[:600]
CANCER = datasets.load_breast_cancer(return_X_y=True)
DIABETES = datasets.load_diabetes(return_X_y=True)
MOONS = datasets.make_moons(200, noise=0.1, random_state=0)


def classifier(sizes=(30,), **parameters):
    return MLPClassifier(sizes, **{"max_iter": 30, "random_state": 0, **parameters})


def found(estimator, X=DIGITS, y=NUMBERS, **validation):
    with TrainingRecord():
        estimator.fit(X, y)
    return diagnose(estimator, X, y, **validation)


DEEP = (20,) * 8
#: What is wrong: an estimator, and the one that follows the advice; samples are digits unless given.
CASES = {
    "vanishing gradients": [
        (
            classifier(DEEP, activation="logistic"),
            classifier(DEEP, activation="relu", initializer="he_normal", max_iter=100),
        ),
        (
            classifier(DEEP, activation="tanh", initializer=Normal(0.01)),
            classifier(DEEP, activation="tanh", initializer="glorot_normal"),
        ),
    ],
    "exploding gradients": [
        (
            classifier(DEEP, initializer=Normal(1.0), solver="sgd", learning_rate_init=1e-5),
            classifier(DEEP, initializer="he_normal", solver="sgd", learning_rate_init=0.03, max_grad_norm=1.0),
        ),
        (classifier(DEEP, initializer=Normal(1.0)), classifier(DEEP, initializer="he_normal", max_iter=100)),
    ],
    "dead units": [
        (
            classifier((50, 50), solver="sgd", learning_rate_init=5.0),
            classifier((50, 50), solver="sgd", learning_rate_init=0.05),
        ),
    ],
    "saturated units": [
        (
            classifier(activation="logistic", initializer=Normal(5.0)),
            classifier(activation="logistic", initializer="glorot_normal", max_iter=100),
        ),
        (
            classifier(activation="tanh", learning_rate_init=1.0),
            classifier(activation="tanh", learning_rate_init=0.01),
        ),
    ],
    "equal units": [
        (classifier(initializer="zeros"), classifier(initializer="auto", max_iter=60)),
        (
            classifier(initializer="constant", activation="tanh"),
            classifier(initializer="auto", activation="tanh", max_iter=60),
        ),
    ],
    "learning rate too high": [
        (classifier(activation="tanh", learning_rate_init=1.0), classifier(activation="tanh", learning_rate_init=0.01)),
        (
            classifier(solver="sgd", learning_rate_init=50.0),
            classifier(solver="sgd", learning_rate_init=0.05),
        ),
    ],
    "learning rate too low": [
        (classifier(solver="sgd", learning_rate_init=1e-5), classifier(solver="sgd", learning_rate_init=0.05)),
        (classifier(learning_rate_init=1e-6), classifier(learning_rate_init=1e-2)),
    ],
}


@pytest.mark.parametrize("name, ill, cured", [(name, *pair) for name, pairs in CASES.items() for pair in pairs])
def test_illness_and_cure(name, ill, cured):
    assert name in found(ill).names
    healthy = found(cured)
    assert not healthy, healthy


def test_inputs_not_scaled():
    X, y = CANCER
    network = classifier(max_iter=100, learning_rate_init=0.01)
    assert found(network, X, y).names[0] == "inputs not scaled"
    with TrainingRecord():
        pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    assert not diagnose(pipeline, X, y)
    assert not diagnose(LogisticRegression(solver="newton-cholesky", max_iter=1000).fit(X, y), X, y)
    assert "inputs not scaled" in diagnose(Perceptron().fit(X, y), X, y).names


@pytest.mark.parametrize("X", [1e-4 * DIGITS, 1e4 * DIGITS, DIGITS + 5000.0], ids=["small", "large", "shifted"])
def test_scales_of_inputs(X):
    assert "inputs not scaled" in found(classifier(max_iter=10), X).names


def test_targets_not_scaled():
    X, y = scale(DIABETES[0]), DIABETES[1] * 100
    network = MLPRegressor(hidden_layer_sizes=(10,), max_iter=100, learning_rate_init=0.01, random_state=0)
    assert "targets not scaled" in found(network, X, y).names
    with TrainingRecord():
        cured = TransformedTargetRegressor(network, transformer=StandardScaler()).fit(X, y)
    assert not diagnose(cured.regressor_, X, scale(y))


def test_overfitting_by_scores():
    X, y = datasets.make_classification(300, 20, n_informative=5, flip_y=0.2, random_state=0)
    X, X_val, y, y_val = train_test_split(scale(X), y, random_state=0)
    network = classifier((100,), max_iter=300, learning_rate_init=0.01)
    assert found(network, X, y, X_val=X_val, y_val=y_val).names == ["overfitting"]
    network = classifier((100,), max_iter=300, learning_rate_init=0.01, alpha=10.0)
    assert not found(network, X, y, X_val=X_val, y_val=y_val)


def test_overfitting_by_the_validation_loss():
    X, y = datasets.make_classification(300, 20, n_informative=5, flip_y=0.2, random_state=0)
    X, X_val, y, y_val = train_test_split(scale(X), y, random_state=0)
    network = classifier((100,), max_iter=200, learning_rate_init=0.01)
    assert diagnose(network.fit(X, y, X_val=X_val, y_val=y_val)).names == ["overfitting"]
    network.set_params(early_stopping=True)
    assert not diagnose(network.fit(X, y, X_val=X_val, y_val=y_val))


def test_a_class_that_is_never_predicted():
    rng = np.random.RandomState(0)
    y = (np.arange(1000) >= 950).astype(int)
    X = rng.normal(size=(1000, 2)) + 0.5 * y[:, None]
    network = classifier((10,), max_iter=50, learning_rate_init=0.01)
    diagnosis = found(network, X, y)
    assert diagnosis.names == ["class never predicted"] and "1 (50 of 1000 samples)" in str(diagnosis)
    assert not found(network.set_params(class_weight="balanced"), X, y)


def test_a_perceptron_without_a_separating_line():
    X, y = scale(MOONS[0]), MOONS[1]
    diagnosis = diagnose(Perceptron().fit(X, y), X, y)
    assert diagnosis.names == ["not linearly separable"]
    assert not found(classifier((30, 30), max_iter=200, learning_rate_init=0.01), X, y)
    X, y = datasets.make_moons(200, noise=0.0, random_state=0)
    assert diagnose(Perceptron().fit(scale(X), y), scale(X), y).names == ["not linearly separable"]
    cubic = scale(PolynomialFeatures(3, include_bias=False).fit_transform(X))
    assert not diagnose(Perceptron(tol=None, max_iter=2000).fit(cubic, y), cubic, y)


def test_a_perceptron_that_stopped_too_early():
    X, y = datasets.load_wine(return_X_y=True)
    X = scale(X)
    assert diagnose(Perceptron(max_iter=2).fit(X, y), X, y).names == ["stopped before it separated the classes"]
    assert not diagnose(Perceptron(max_iter=1000, tol=None).fit(X, y), X, y)


def test_separability():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert separable(X, np.array([False, False, False, True]))
    assert not separable(X, np.array([False, True, True, False]))


R = {"random_state": 0}
CLASSIFICATION = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast cancer": lambda: CANCER,
    "digits": lambda: (DIGITS, NUMBERS),
    "blobs": lambda: datasets.make_blobs(300, centers=4, **R),
    "moons": lambda: datasets.make_moons(300, noise=0.15, **R),
    "circles": lambda: datasets.make_circles(300, noise=0.08, factor=0.5, **R),
    "two classes": lambda: datasets.make_classification(600, 10, n_informative=5, **R),
    "three classes": lambda: datasets.make_classification(600, 12, n_informative=6, n_classes=3, **R),
    "rings of Gaussians": lambda: datasets.make_gaussian_quantiles(n_samples=600, n_features=3, n_classes=3, **R),
    "sphere": lambda: datasets.make_hastie_10_2(1500, **R),
    "imbalanced": lambda: datasets.make_classification(600, 8, weights=[0.85], class_sep=1.5, **R),
}
REGRESSION = {
    "diabetes": lambda: DIABETES,
    "physiology": lambda: datasets.load_linnerud(return_X_y=True),
    "linear": lambda: datasets.make_regression(300, 8, n_informative=4, noise=5, **R),
    "friedman 1": lambda: datasets.make_friedman1(400, noise=0.5, **R),
    "friedman 2": lambda: datasets.make_friedman2(400, noise=10, **R),
    "friedman 3": lambda: datasets.make_friedman3(400, noise=0.05, **R),
    "uncorrelated": lambda: datasets.make_sparse_uncorrelated(400, **R),
    "swiss roll": lambda: datasets.make_swiss_roll(400, **R),
    "S": lambda: datasets.make_s_curve(400, **R),
}
#: Settings that are sensible for all of these data sets.
HEALTHY = {
    "relu": {"max_iter": 150, "learning_rate_init": 0.005},
    "two layers, tanh": {"hidden_layer_sizes": (20, 20), "activation": "tanh", "max_iter": 150},
    "logistic": {"activation": "logistic", "max_iter": 150, "learning_rate_init": 0.05},
    "sgd, gelu": {"activation": "gelu", "solver": "sgd", "max_iter": 150, "learning_rate_init": 0.05},
    "lbfgs": {"solver": "lbfgs", "max_iter": 60, "alpha": 0.1},
    "early stopping": {"early_stopping": True, "max_iter": 150, "learning_rate_init": 0.01, "n_iter_no_change": 20},
}


@pytest.mark.parametrize("name", [*CLASSIFICATION, *REGRESSION])
def test_no_false_alarm(name):
    X, y = (CLASSIFICATION | REGRESSION)[name]()
    X, y = scale(X), y if name in CLASSIFICATION else scale(y)
    make = MLPClassifier if name in CLASSIFICATION else MLPRegressor
    alarms = {}
    for setting, parameters in HEALTHY.items():
        network = make(**{"hidden_layer_sizes": (50,), "random_state": 0, **parameters})
        alarms[setting] = found(network, X, y).names
    if name in CLASSIFICATION:
        alarms["logistic regression"] = diagnose(LogisticRegression().fit(X, y), X, y).names
    assert alarms == dict.fromkeys(alarms, [])


@pytest.mark.parametrize("name", ["iris", "wine", "breast cancer", "digits", "blobs", "moons", "circles", "imbalanced"])
def test_no_false_alarm_of_overfitting(name):
    X, y = CLASSIFICATION[name]()
    X, X_val, y, y_val = train_test_split(scale(X), y, stratify=y, random_state=0)
    assert not found(classifier((50,), learning_rate_init=0.01, max_iter=150), X, y, X_val=X_val, y_val=y_val)


def test_what_was_not_checked_is_said():
    network = classifier(max_iter=60).fit(DIGITS, NUMBERS)
    diagnosis = diagnose(network)
    assert not diagnosis and "Nothing wrong was found." in str(diagnosis)
    assert diagnosis.not_checked["dead units"] == "fit within TrainingRecord()"
    assert diagnosis.not_checked["inputs not scaled"] == "pass X and y"
    assert "not linearly separable" not in diagnosis.not_checked
    assert "Not checked: overfitting (pass X_val and y_val" in str(diagnosis)
    assert "Nothing wrong" in diagnosis._repr_html_()


def test_a_finding_is_told_in_words():
    diagnosis = found(classifier(initializer="zeros"))
    assert str(diagnosis).startswith("equal units\n  How it shows: In hidden layer 1, all units have the same weights")
    assert "What to change: Draw different initial weights" in str(diagnosis)
    assert "<td" in diagnosis._repr_html_() and bool(diagnosis) and repr(diagnosis) == "Diagnosis(['equal units'])"


def test_the_documented_thresholds_are_listed_for_every_finding():
    assert all(
        f"- {name}" in diagnose.__doc__ or f", {name}" in diagnose.__doc__ for name in RULES if name != "dead units"
    )
    assert set(FOLLOWS) | set().union(*FOLLOWS.values()) <= set(FINDINGS)


def test_sparse_samples():
    X = scipy.sparse.csr_array(np.where(DIGITS > 0, DIGITS, 0.0))
    assert not found(classifier(max_iter=60), X)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"X": DIGITS}, "X and y must be given together"),
        ({"X_val": DIGITS}, "X_val and y_val must be given together"),
    ],
)
def test_arguments_are_checked(arguments, message):
    network = classifier(max_iter=2).fit(DIGITS, NUMBERS)
    with pytest.raises(ValueError, match=message):
        diagnose(network, **arguments)
    network.record_ = {"dead": np.ones(3)}
    with pytest.raises(ValueError, match="record_ must be a dict of arrays"):
        diagnose(network)


def test_other_estimators_are_refused():
    with pytest.raises(ValueError, match="must be an MLPClassifier"):
        diagnose(TabularClassifier())
