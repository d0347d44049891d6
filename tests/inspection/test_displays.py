"""Displays of activations, signals, histories, graphs, weights and pruning: the data in their axes, and errors."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor
from sknn_concepts.activations import Activation, LeakyRelu
from sknn_concepts.curvature import gradient, hessian_diagonal
from sknn_concepts.inspection import (
    ActivationDisplay,
    CriteriaDisplay,
    HistoryDisplay,
    NetworkGraphDisplay,
    PruningPathDisplay,
    SignalPropagationDisplay,
    WeightsDisplay,
)
from sknn_concepts.pruning import MagnitudePruning, OptimalBrainDamage, prune, pruning_path

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def moons():
    return make_moons(100, noise=0.2, random_state=0)


@pytest.fixture(scope="module")
def network(moons):
    return MLPClassifier((6, 4), activation="tanh", learning_rate_init=0.02, max_iter=60, random_state=0).fit(*moons)


@pytest.fixture(scope="module")
def pruned(network, moons):
    return prune(network, *moons, MagnitudePruning(sparsity=0.6))


# Activations


def test_activations_are_their_formulas():
    display = ActivationDisplay.from_strategies(["logistic", "tanh"], z=np.linspace(-3, 3, 13))
    z = display.z
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    expected = [{"logistic": s, "tanh": t}, {"logistic": s * (1 - s), "tanh": 1 - t**2}]
    expected += [{"logistic": s * (1 - s) * (1 - 2 * s), "tanh": -2 * t * (1 - t**2)}]
    assert len(display.ax_) == 3
    for panel, curves in zip(display.ax_, expected, strict=True):
        drawn = {line.get_label(): line.get_ydata() for line in panel.lines}
        assert drawn.keys() == curves.keys()
        for name, curve in curves.items():
            np.testing.assert_allclose(drawn[name], curve, atol=1e-14)


def test_an_activation_in_one_axes():
    _, ax = plt.subplots()
    display = ActivationDisplay.from_strategies(LeakyRelu(negative_slope=0.2), z=[-1.0, 2.0], ax=ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert [line.get_ydata().tolist() for line in ax.lines] == [[-0.2, 2.0], [0.2, 1.0], [0.0, 0.0]]
    assert len({line.get_linestyle() for line in ax.lines}) == 3


class Cube(Activation):
    """An activation without a second derivative."""

    def value(self, z):
        return z * z * z

    def slope(self, z):
        return 3.0 * z * z


def test_an_own_activation_has_the_derivatives_that_it_defines():
    display = ActivationDisplay.from_strategies({"cube": Cube()}, z=[1.0, 2.0])
    assert display.values["cube"].tolist() == [1.0, 8.0] and display.slopes["cube"].tolist() == [3.0, 12.0]
    assert [len(panel.lines) for panel in display.ax_] == [1, 1, 0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"activations": "rleu"}, "'activations' parameter has no 'rleu'"),
        ({"activations": []}, "activations must not be empty"),
        ({"activations": ["relu", "relu"]}, "not distinct"),
        ({"z": [np.inf]}, "z must be a vector of finite numbers"),
        ({"quantities": ["values"]}, "quantities must be one of"),
        ({"ax": [1, 2, 3]}, "ax must be None or an array of 3 Axes"),
    ],
)
def test_errors_of_activations(arguments, message):
    with pytest.raises(ValueError, match=message):
        ActivationDisplay.from_strategies(**arguments)


# Signals


def test_signals_follow_the_variances_of_the_initializers():
    """Linear units: variances are multiplied by fan_in var(w) forwards, and by fan_out var(w) backwards."""
    initializers = {"small": lambda rng, n, m: rng.normal(scale=0.5 / np.sqrt(n), size=(n, m)), "lecun": "lecun_normal"}
    display = SignalPropagationDisplay.from_strategies(
        initializers, "identity", depth=10, n_units=300, n_samples=100, random_state=0
    )
    layers = np.arange(11)
    np.testing.assert_allclose(display.values["small"], 0.5**layers, rtol=0.15)
    np.testing.assert_allclose(display.gradients["small"], 0.5 ** (10 - layers[1:]), rtol=0.15)
    np.testing.assert_allclose(display.values["lecun"], 1.0, rtol=0.15)
    values, gradients = display.ax_
    assert values.lines[0].get_xdata().tolist() == layers.tolist()
    np.testing.assert_array_equal(gradients.lines[0].get_ydata(), display.gradients["small"])
    assert values.get_yscale() == "log"


def test_signals_of_several_activations_and_of_weights_of_zero():
    display = SignalPropagationDisplay.from_strategies(["zeros", "he_normal"], ["relu", "tanh"], depth=2, n_units=5)
    assert list(display.values) == ["relu, zeros", "relu, he_normal", "tanh, zeros", "tanh, he_normal"]
    assert display.values["relu, zeros"][1:].tolist() == [0.0, 0.0]


def test_signals_of_a_fitted_network(network, moons):
    display = SignalPropagationDisplay.from_estimator(network, *moons)
    values = display.values["MLPClassifier"]
    hidden = [network.transform(moons[0], layer=k) for k in range(2)]
    np.testing.assert_allclose(values[:3], [moons[0].std(), hidden[0].std(), hidden[1].std()])
    # the derivative of the log loss with respect to the raw prediction is p - y
    errors = network.predict_proba(moons[0])[:, 1] - moons[1]
    np.testing.assert_allclose(display.gradients["MLPClassifier"][-1], errors.std())


@pytest.mark.parametrize("name, value", [("depth", 0), ("n_units", 2.5), ("n_samples", True)])
def test_errors_of_signals(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number"):
        SignalPropagationDisplay.from_strategies(**{name: value})


# Histories


def test_history_draws_losses_and_scores(moons):
    network = MLPClassifier((5,), early_stopping=True, max_iter=8, random_state=0).fit(*moons)
    losses, scores = HistoryDisplay.from_estimator(network).ax_
    drawn = {line.get_label(): line.get_ydata() for line in losses.lines}
    assert drawn.keys() == {"training loss", "validation loss"}
    np.testing.assert_array_equal(drawn["training loss"], network.loss_curve_)
    np.testing.assert_array_equal(drawn["validation loss"], network.validation_loss_curve_)
    np.testing.assert_array_equal(scores.lines[0].get_ydata(), network.validation_scores_)
    assert losses.lines[0].get_xdata()[0] == 1


def test_history_of_several_fits(network, moons):
    linear = LogisticRegression().fit(*moons)
    display = HistoryDisplay.from_estimator({"network": network, "linear": linear}, log=True)
    assert [line.get_label() for line in display.ax_.lines] == ["network", "linear"]
    assert len(display.ax_.lines[1].get_xdata()) == len(linear.history_["loss"])
    assert display.ax_.get_yscale() == "log"
    display.plot(panels=["learning_rate"])
    np.testing.assert_array_equal(display.ax_.lines[0].get_ydata(), network.history_["learning_rate"])


def test_errors_of_histories(network):
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(MLPClassifier())
    with pytest.raises(ValueError, match="must be an MLPClassifier"):
        HistoryDisplay.from_estimator(KNeighborsClassifier())
    with pytest.raises(ValueError, match="'score', which none of the fits has measured"):
        HistoryDisplay.from_estimator(network, panels=["score"])
    with pytest.raises(ValueError, match="panels must be one of"):
        HistoryDisplay.from_estimator(network, panels=["accuracy"])


# Graphs


def segments(display):
    return [lines.get_segments() for lines in display.connections_]


def test_graph_has_a_line_for_each_weight_that_is_left(network, pruned):
    full, sparse = (NetworkGraphDisplay.from_estimator(one) for one in (network, pruned))
    assert [len(lines) for lines in segments(full)] == [w.size for w in network.coefs_]
    assert [len(lines) for lines in segments(sparse)] == [np.count_nonzero(mask) for mask in pruned.masks_]
    assert sum(map(len, segments(sparse))) == pruned.n_weights_


def test_graph_shows_size_and_sign_of_weights():
    regressor = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    regressor.coefs_ = [np.array([[1.0, -4.0]]), np.array([[2.0], [0.0]])]
    display = NetworkGraphDisplay.from_estimator(regressor)
    first, second = display.connections_
    assert first.get_linewidths()[1] > second.get_linewidths()[0] > first.get_linewidths()[0]
    assert len(second.get_segments()) == 1
    colors = [matplotlib.colors.to_hex(color[:3]).upper() for color in first.get_colors()]
    assert colors == ["#0072B2", "#D55E00"]
    # the unit that leads nowhere is drawn apart
    units = [points for points in display.ax_.collections if points not in display.connections_]
    assert sum(len(points.get_offsets()) for points in units) == 4
    assert sum(len(points.get_offsets()) for points in units if points.get_linestyle()[0][1] is not None) == 1


def test_graph_abbreviates_large_layers_and_says_so(moons):
    network = MLPClassifier((50,), max_iter=1, random_state=0).fit(*moons)
    display = NetworkGraphDisplay.from_estimator(network, max_units=11)
    assert display.shown_[1].tolist() == [0, 1, 2, 3, 4, 5, 45, 46, 47, 48, 49]
    assert [len(lines) for lines in segments(display)] == [22, 11]
    texts = [text.get_text() for text in display.ax_.texts]
    assert "hidden layer\n50 units,\n11 shown" in texts and "input\n2 units" in texts


def test_graph_of_a_linear_model_has_its_names():
    data = load_iris()
    model = LogisticRegression(max_iter=500).fit(data.data, data.target_names[data.target])
    display = NetworkGraphDisplay.from_estimator(model, feature_names=data.feature_names)
    texts = [text.get_text() for text in display.ax_.texts]
    assert {*data.feature_names, "setosa", "versicolor", "virginica"} <= set(texts)
    assert [len(lines) for lines in segments(display)] == [12]
    with pytest.raises(ValueError, match="feature_names must have 4 names; got 1"):
        NetworkGraphDisplay.from_estimator(model, feature_names=["length"])
    with pytest.raises(ValueError, match="max_units must be a whole number of at least 2"):
        NetworkGraphDisplay.from_estimator(model, max_units=1)


# Weights


def counts(display):
    """Numbers of weights in the histograms, from the areas that are drawn."""
    return [patch.get_xy()[:, 1] for patch in display.ax_.patches]


def test_histograms_count_the_weights_that_are_left(pruned, moons):
    display = WeightsDisplay.from_estimator(pruned, bins=10)
    for numbers, w, mask, heights in zip(
        display.numbers.values(), pruned.coefs_, pruned.masks_, counts(display), strict=True
    ):
        np.testing.assert_array_equal(np.sort(numbers), np.sort(w[mask]))
        assert (
            heights.max()
            == np.histogram(numbers, np.histogram_bin_edges(np.concatenate(list(display.numbers.values())), 10))[
                0
            ].max()
        )
    assert f"to output ({np.count_nonzero(pruned.masks_[-1])})" in display.ax_.get_legend_handles_labels()[1]


@pytest.mark.parametrize("quantity", ["gradient", "second_derivative", "saliency"])
def test_histograms_of_derivatives(network, moons, quantity):
    display = WeightsDisplay.from_estimator(network, *moons, quantity=quantity)
    h, g = hessian_diagonal(network, *moons)[0], gradient(network, *moons)[0]
    saliencies = [a * w**2 / 2 for a, w in zip(h, network.coefs_, strict=True)]
    expected = {"gradient": g, "second_derivative": h, "saliency": saliencies}[quantity]
    for numbers, array in zip(display.numbers.values(), expected, strict=True):
        np.testing.assert_array_equal(numbers, array.ravel())
    assert display.ax_.get_xscale() == ("log" if quantity == "saliency" else "linear")


def test_histograms_of_a_linear_model(moons):
    model = LogisticRegression().fit(*moons)
    display = WeightsDisplay.from_estimator(model, *moons, quantity="second_derivative")
    np.testing.assert_array_equal(display.numbers["to output"], hessian_diagonal(model, *moons)[0].ravel())


def test_errors_of_histograms(network):
    with pytest.raises(ValueError, match="quantity must be one of"):
        WeightsDisplay.from_estimator(network, quantity="weights")
    with pytest.raises(ValueError, match="quantity='saliency' is computed from samples"):
        WeightsDisplay.from_estimator(network, quantity="saliency")
    with pytest.raises(ValueError, match="bins must be"):
        WeightsDisplay.from_estimator(network, bins=0)
    with pytest.raises(ValueError, match="set log=False"):
        WeightsDisplay({"layer": np.array([-1.0])}).plot(log=True)


# Pruning


def test_pruning_paths_are_drawn_as_they_are(network, moons):
    path = pruning_path(network, *moons, OptimalBrainDamage(sparsity=0.8, retrain_epochs=0))
    display = PruningPathDisplay.from_path(path, measure="loss")
    measured, increases = display.ax_
    np.testing.assert_array_equal(measured.lines[0].get_xydata(), np.column_stack([path["sparsity"], path["loss"]]))
    drawn = {line.get_label(): line.get_ydata() for line in increases.lines}
    np.testing.assert_array_equal(drawn["actual"], path["actual_increase"][1:])
    np.testing.assert_array_equal(drawn["predicted"], path["predicted_increase"][1:])
    computed = PruningPathDisplay.from_estimator(
        network, *moons, {"OBD": OptimalBrainDamage(sparsity=0.8, retrain_epochs=0), "size": "magnitude"}
    )
    np.testing.assert_array_equal(computed.paths["OBD"]["loss"], path["loss"])
    labels = computed.ax_[1].get_legend_handles_labels()[1]
    assert labels == ["OBD, actual", "OBD, predicted", "size, actual"]  # magnitudes predict nothing


def test_errors_of_pruning_paths(network, moons):
    with pytest.raises(ValueError, match="must come from pruning_path"):
        PruningPathDisplay.from_path({"sparsity": np.zeros(2)})
    with pytest.raises(ValueError, match="'pruners' parameter has no 'odb'"):
        PruningPathDisplay.from_estimator(network, *moons, "odb")
    with pytest.raises(ValueError, match="measure must be one of"):
        PruningPathDisplay.from_estimator(network, *moons, measure="accuracy")


def test_criteria_score_the_weights_that_are_left(pruned, moons):
    display = CriteriaDisplay.from_estimator(pruned, *moons, ["magnitude", "obd", "gradient"])
    left = np.concatenate([w[mask] for w, mask in zip(pruned.coefs_, pruned.masks_, strict=True)])
    h = np.concatenate([a[m] for a, m in zip(hessian_diagonal(pruned, *moons)[0], pruned.masks_, strict=True)])
    np.testing.assert_array_equal(display.scores["magnitude"], np.abs(left))
    np.testing.assert_allclose(display.scores["obd"], h * left**2 / 2, atol=1e-300)
    from scipy.stats import spearmanr

    expected = spearmanr(display.scores["magnitude"], display.scores["obd"]).statistic
    assert display.correlations[0, 1] == pytest.approx(expected)
    np.testing.assert_array_equal(display.ax_.images[0].get_array(), display.correlations)
    assert display.plot(kind="ranks").ax_.shape == (3,)
    assert len(display.ax_[0].collections[0].get_offsets()) == pruned.n_weights_


@pytest.mark.parametrize(
    "criteria, message",
    [
        ("obb", "criteria has no 'obb'"),
        ("units", "scores units rather than weights"),
        ("karnin", "needs a record of the training"),
        (3, "criteria must be some of"),
        ([], "criteria must not be empty"),
    ],
)
def test_errors_of_criteria(network, moons, criteria, message):
    with pytest.raises(ValueError, match=message):
        CriteriaDisplay.from_estimator(network, *moons, criteria)


def test_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'sknn_concepts\[plot\]'"):
        ActivationDisplay.from_strategies("relu")
