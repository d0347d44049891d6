"""Models of networks and linear models: onnxruntime predicts what the estimators predict."""

import numpy as np
import pytest
import scipy.sparse
from runtime import assert_close, run
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.activations import ACTIVATIONS, Activation, Elu, Gelu, LeakyRelu, Tanh
from sknn_concepts.export import to_onnx
from sknn_concepts.export.graph import Graph
from sknn_concepts.export.model import make_model
from sknn_concepts.losses import LOSSES, LogLoss, SoftmaxFocal, SoftmaxLogLoss
from sknn_concepts.pruning import MagnitudePruning, UnitPruning

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = StandardScaler().fit_transform(IRIS_X)
DTYPES = "float32", "float64"

#: Net inputs of all magnitudes, at the edges of formulas too.
Z = np.concatenate([np.linspace(-120.0, 120.0, 4001), np.linspace(-4.0, 4.0, 801), [-1e4, -1e-3, -1e-7, 1e-7, 1e4]])


def evaluate(formula, rows, dtype):
    """Values of a formula at rows, by a graph that consists of it."""
    graph = Graph()
    graph.output("value", formula(graph.input("z", dtype, rows.shape[1])), rows.shape[1])
    return run(make_model(graph, "formula"), rows.astype(dtype))["value"]


def assert_predicts_alike(estimator, X, dtype="float32"):
    """Compare labels and probabilities, scores or numbers for X as the dtype."""
    X = np.asarray(X, dtype)
    outputs = run(to_onnx(estimator, X[:1]), X)
    if "variable" in outputs:
        assert_close(outputs["variable"], estimator.predict(X), dtype)
        return outputs
    labels = estimator.predict(X)
    assert outputs["label"].shape == labels.shape and (outputs["label"] == labels).all()
    scores = outputs.get("scores")
    if scores is None:
        assert_close(outputs["probabilities"], estimator.predict_proba(X), dtype)
    else:
        assert_close(scores, estimator.decision_function(X), dtype)
    return outputs


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "activation", [*(make() for make in ACTIVATIONS.values()), LeakyRelu(-0.3), Elu(1.7)], ids=repr
)
def test_activations(activation, dtype):
    values = evaluate(activation.onnx, Z[:, None], dtype).ravel()
    expected = [activation.value(float(z)) for z in Z.astype(dtype)]
    assert_close(values, expected, "float32" if isinstance(activation, Gelu) else dtype)  # Erf is in single precision


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOSSES)
def test_links_of_losses(name, dtype):
    loss = LOSSES[name]()
    z = Z[abs(Z) < 80.0]
    assert_close(evaluate(loss.onnx, z[:, None], dtype).ravel(), [loss.inverse_link(float(one)) for one in z], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [SoftmaxLogLoss(), SoftmaxFocal()], ids=repr)
def test_links_of_losses_that_couple_outputs(loss, dtype):
    rows = np.random.RandomState(0).normal(0.0, 40.0, (50, 4)).astype(dtype)
    rows[0] = 1e4, -1e4, 1e4, 0.0
    expected = rows.astype(float)
    for row in expected:
        loss.inverse_link_row(row)
    assert_close(evaluate(loss.onnx, rows, dtype), expected, dtype)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "step"])
def test_activations_of_trained_networks(name):
    X = IRIS_X.astype(np.float32)
    network = MLPClassifier((8, 5), activation=[name, "tanh"], max_iter=20, random_state=0).fit(X, IRIS_Y)
    assert_predicts_alike(network, X)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("loss", [name for name, make in LOSSES.items() if "classification" in make().tasks])
def test_losses_of_classifiers(loss, kind):
    if kind == "multilabel":
        X, y = make_multilabel_classification(80, n_classes=3, random_state=0)
    else:
        X, y = make_classification(80, n_classes=3 if kind == "multiclass" else 2, n_informative=4, random_state=0)
    network = MLPClassifier((6,), loss=loss, max_iter=30, random_state=0).fit(X, y)
    outputs = assert_predicts_alike(network, X)
    assert ("probabilities" in outputs) == hasattr(network, "predict_proba")


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", [name for name, make in LOSSES.items() if "regression" in make().tasks])
def test_losses_of_regressors(loss, n_outputs):
    y = np.abs(IRIS_X[:, :n_outputs]).squeeze()
    network = MLPRegressor(loss=loss, hidden_layer_sizes=(6,), max_iter=30, random_state=0).fit(IRIS_X[:, 1:], y)
    assert assert_predicts_alike(network, IRIS_X[:, 1:])["variable"].shape == (150, n_outputs)


@pytest.mark.parametrize("output_activation", ["logistic", "tanh", "softplus", "elu"])
def test_output_activations(output_activation):
    y = 1.0 / (1.0 + np.exp(IRIS_X[:, :2]))
    network = MLPRegressor(hidden_layer_sizes=(6,), output_activation=output_activation, max_iter=30, random_state=0)
    assert_predicts_alike(network.fit(IRIS_X, y), IRIS_X)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("parameters", [{}, {"loss": "log_loss", "activation": "logistic", "eta0": 0.1}], ids=repr)
def test_perceptrons(parameters, n_classes):
    X, y = IRIS_X[IRIS_Y < n_classes], IRIS_Y[IRIS_Y < n_classes]
    assert "scores" in assert_predicts_alike(Perceptron(**parameters).fit(X, y), X)


@pytest.mark.filterwarnings("ignore:.*multi_class.*:FutureWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("activation", ["softmax", "logistic"])
def test_logistic_regressions(activation, n_classes):
    X, y = IRIS_X[IRIS_Y < n_classes], IRIS_Y[IRIS_Y < n_classes]
    model = LogisticRegression(activation=activation).fit(X, y)
    assert_predicts_alike(model, X)
    model.intercept_ -= 40.0  # where the logistic function of all classes is tiny
    assert_predicts_alike(model, X)


@pytest.mark.parametrize("make", [MLPClassifier, LogisticRegression, Perceptron])
@pytest.mark.parametrize(
    "labels",
    [[-7, 300, 5], ["a", "ä", "cc"], [1.0, 2.0, 4.0], [False, True], np.array([1, 3, 2], np.uint8), ["no", "yes"]],
    ids=repr,
)
def test_labels(make, labels):
    labels = np.array(labels)
    y = labels[IRIS_Y % len(labels)]
    model = make(max_iter=200, random_state=0).fit(IRIS_X, y)
    label = assert_predicts_alike(model, IRIS_X)["label"]
    assert label.dtype.kind in {"U": "O", "u": "i"}.get(labels.dtype.kind, labels.dtype.kind)


def test_labels_as_objects():
    y = np.array(["x", "y", "z"], object)[IRIS_Y]
    assert_predicts_alike(MLPClassifier(max_iter=5, random_state=0).fit(IRIS_X, y), IRIS_X)


def test_one_class():
    network = MLPClassifier(max_iter=5, random_state=0).fit(IRIS_X, np.full(150, "only"))
    assert_predicts_alike(network, IRIS_X)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pruning", [UnitPruning(sparsity=0.8), MagnitudePruning(sparsity=0.9)], ids=repr)
def test_small_networks(pruning, dtype):
    X = IRIS_X.astype(dtype)
    network = MLPClassifier((80, 60), pruning=pruning, max_iter=30, random_state=0).fit(X, IRIS_Y)
    smaller = network.compact()
    assert smaller.coefs_[1].size < network.coefs_[1].size
    for one in (network, smaller, smaller.sparsify(), network.sparsify()):
        assert_predicts_alike(one, X, dtype)
    assert scipy.sparse.issparse(network.coefs_[1])


def test_sparsified_linear_models():
    assert_predicts_alike(LogisticRegression().fit(IRIS_X, IRIS_Y).sparsify(), IRIS_X)


def test_sparse_training_samples():
    X = np.where(abs(IRIS_X) > 0.5, IRIS_X, 0.0)
    network = MLPClassifier((8,), max_iter=30, random_state=0).fit(scipy.sparse.csr_matrix(X), IRIS_Y)
    assert_predicts_alike(network, X)
    model = to_onnx(network, scipy.sparse.csr_matrix(X))
    assert_close(run(model, X)["probabilities"], network.predict_proba(X), "float64")


def test_precision_follows_sample_and_weights():
    double = MLPRegressor(hidden_layer_sizes=(5,), max_iter=5, random_state=0).fit(IRIS_X, IRIS_Y)
    single = MLPRegressor(hidden_layer_sizes=(5,), max_iter=5, random_state=0).fit(IRIS_X.astype("f4"), IRIS_Y)
    for network, dtype, expected in (
        (double, "f8", "f8"),
        (double, "f4", "f4"),
        (double, "i8", "f8"),
        (single, "f8", "f4"),
        (single, "f4", "f4"),
        (single, "i4", "f4"),
    ):
        X = (10 * IRIS_X).astype(dtype)
        result = run(to_onnx(network, X), X)["variable"]
        assert result.dtype == expected
        assert_close(result, network.predict(X), "float64" if expected == "f8" else "float32")


def test_names_and_number_of_samples():
    network = MLPClassifier(max_iter=5, random_state=0).fit(IRIS_X, IRIS_Y)
    model = to_onnx(network, IRIS_X[:1], input_name="samples")
    assert [one.name for one in model.graph.input] == ["samples"]
    assert [one.name for one in model.graph.output] == ["label", "probabilities"]
    assert [len(run(model, IRIS_X[:n])["label"]) for n in (1, 7, 150)] == [1, 7, 150]
    assert {(opset.domain, opset.version) for opset in model.opset_import} == {("", 13)}
    taken = to_onnx(network, IRIS_X, input_name="label")
    assert [one.name for one in taken.graph.output] == ["output_label", "probabilities"]


def test_data_frames_of_numbers():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(IRIS_X, columns=list("abcd"))
    network = MLPClassifier(max_iter=5, random_state=0).fit(frame, IRIS_Y)
    assert_close(run(to_onnx(network, frame), IRIS_X)["probabilities"], network.predict_proba(frame), "float64")


class Scaled(Tanh):
    """2 tanh(z), whose class inherits the method onnx of another function."""

    def value(self, z):
        return 2.0 * np.tanh(z)


class Doubled(Scaled):
    """2 tanh(z)."""

    def onnx(self, z):
        return 2.0 * z.apply("Tanh")


class Unknown(Activation):
    """z, without a method onnx."""

    def value(self, z):
        return z

    def slope(self, z):
        return 1.0


class Invalid(Unknown):
    """z, with an operator that ONNX lacks."""

    def onnx(self, z):
        return z.apply("Arcsinus")


class Cauchy(LogLoss):
    """Log loss with another link."""

    def inverse_link(self, raw):
        return 0.5 + np.arctan(raw) / np.pi


def with_strategies(**strategies):
    network = MLPClassifier((4,), max_iter=2, random_state=0).fit(IRIS_X, IRIS_Y > 1)
    return network.set_params(**strategies)


@pytest.mark.parametrize(
    "strategies, named",
    [
        ({"activation": Scaled()}, r"Scaled\(\) cannot be converted.*onnx\(self, z\).*value"),
        ({"activation": Unknown()}, r"Unknown\(\) cannot be converted.*onnx\(self, z\).*value"),
        ({"loss": Cauchy()}, r"Cauchy\(.*inverse_link"),
    ],
)
def test_strategies_without_their_formula_are_refused(strategies, named):
    with pytest.raises(NotImplementedError, match=named):
        to_onnx(with_strategies(**strategies), IRIS_X)


def test_strategies_of_ones_own():
    network = with_strategies(activation=Doubled())
    assert_close(run(to_onnx(network, IRIS_X), IRIS_X)["probabilities"], network.predict_proba(IRIS_X), "float64")
    with pytest.raises(Exception, match="Arcsinus"):
        to_onnx(with_strategies(activation=Invalid()), IRIS_X)


def test_errors():
    network = MLPClassifier((4,), max_iter=2, random_state=0)
    with pytest.raises(NotFittedError):
        to_onnx(network, IRIS_X)
    network.fit(IRIS_X, IRIS_Y)
    with pytest.raises(ValueError, match=r"fitted with 4 features; .*X, have 3"):
        to_onnx(network, IRIS_X[:, :3])
    for name in ("", 3):
        with pytest.raises(ValueError, match="input_name must be a string that is not empty"):
            to_onnx(network, IRIS_X[:1], input_name=name)
    with pytest.raises(ValueError, match=r"two dimensions.*shape \(4,\)"):
        to_onnx(network, IRIS_X[0])
    with pytest.raises(ValueError, match="must contain numbers; got the dtype <U1"):
        to_onnx(network, np.full((1, 4), "a"))
    with pytest.raises(TypeError, match=r"got StandardScaler.*skl2onnx"):
        to_onnx(StandardScaler(), IRIS_X)
    network.classes_ = np.array([1, "b", None], object)
    with pytest.raises(ValueError, match="no labels like"):
        to_onnx(network, IRIS_X)


def test_nothing_is_computed_twice():
    graph = Graph()
    z = graph.input("z", "float32", 1)
    assert (1.0 + abs(z)).name == (1.0 + abs(z)).name and len(graph.nodes) == 2
    assert (2.0 + abs(z)).name != (1.0 + abs(z)).name and len(graph.constants) == 2
