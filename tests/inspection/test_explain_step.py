"""A step explained: the classic example to its published digits, and other networks against training itself."""

import math
import re

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.curvature import gradient
from sknn_concepts.inspection import explain_step, network_from_weights
from sknn_concepts.inspection.step.rendering import as_latex
from sknn_concepts.pruning import MagnitudePruning, prune

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: The network of Mazur (2015); the digits come from decimal arithmetic with 40 digits.
COEFS = [np.array([[0.15, 0.25], [0.2, 0.3]]), np.array([[0.4, 0.5], [0.45, 0.55]])]
X, Y = [0.05, 0.1], [0.01, 0.99]
FORWARD = {
    "net_h1": 0.3775,
    "net_h2": 0.3925,
    "out_h1": 0.5932699921071872,
    "out_h2": 0.596884378259767,
    "net_o1": 1.1059059670597702,
    "net_o2": 1.2249214040964655,
    "out_o1": 0.7513650695523157,
    "out_o2": 0.7729284653214626,
    "E_o1": 0.27481108317615494,
    "E_o2": 0.023560025583847736,
    "E": 0.29837110876000267,
    "dE/dout_o1": 0.7413650695523157,
    "dE/dout_o2": -0.2170715346785374,
    "delta_o1": 0.13849856162855698,
    "delta_o2": -0.038098236516556215,
    "dE/dout_h1": 0.036350306393144675,
    "dE/dout_h2": 0.04137032264874472,
    "delta_h1": 0.008771354689486935,
    "delta_h2": 0.009954254705217202,
}
OF_WEIGHTS = [
    *(0.00043856773447434674, 0.0008771354689486935, 0.0004977127352608601, 0.0009954254705217202),
    *(0.08216704056423078, 0.08266762784753326, -0.02260254047747506, -0.022740242215978212),
]
OF_INTERCEPTS = {
    "per_unit": {
        "b_h1": 0.008771354689486935,
        "b_h2": 0.009954254705217202,
        "b_o1": 0.13849856162855698,
        "b_o2": -0.038098236516556215,
    },
    "shared": {"b1": 0.018725609394704135, "b2": 0.10040032511200075},
    "fixed": {},
}
#: Loss after 1, 2, 10 and 100 steps.
LOSSES = {
    (0.5, "fixed"): [0.29102777369359933, 0.28354713312241997, 0.22091859205390407, 0.020046828249425205],
    (0.5, "shared"): [0.2857508866992965, 0.27279726419999334, 0.17523801077512838, 0.009997164794094123],
    (0.5, "per_unit"): [0.28047144679143016, 0.2619076230693008, 0.12552703804413207, 0.006083131061206282],
    (0.3, "fixed"): [0.29397344251639546, 0.2895247860923293, 0.2525020826115598, 0.03995534472850808],
    (0.3, "shared"): [0.2908202715761282, 0.28313304050068194, 0.22070806089142206, 0.022836122758844647],
    (0.3, "per_unit"): [0.28767323130920075, 0.2767103397214393, 0.18684300149023808, 0.011916221163042853],
}


def classic(**parameters):
    options = {"activation": "logistic", "output_activation": "logistic", **parameters}
    return network_from_weights(COEFS, [0.35, 0.6], **options)


def values(step):
    """Values of a step by name."""
    frame = step.to_frame()
    return dict(zip(frame["quantity"].str.replace(r" \(.*\)", "", regex=True), frame["value"], strict=True))


@pytest.mark.parametrize("rate, intercepts", LOSSES)
def test_the_classic_example(rate, intercepts):
    pytest.importorskip("pandas")
    step = explain_step(classic(), X, Y, learning_rate=rate, intercepts=intercepts)
    found = values(step)
    wanted = {f"w{k}": g for k, g in enumerate(OF_WEIGHTS, start=1)} | OF_INTERCEPTS[intercepts]
    before = dict(zip(wanted, [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55], strict=False))
    before |= {name: 0.35 if name in ("b1", "b_h1", "b_h2") else 0.6 for name in OF_INTERCEPTS[intercepts]}
    for name, value in FORWARD.items():
        assert found[name] == pytest.approx(value, rel=1e-14), name
    for name, value in wanted.items():
        assert found[f"dE/d{name}"] == pytest.approx(value, rel=2e-14), name
        assert found[f"{name}_new"] == pytest.approx(before[name] - rate * value, rel=1e-15), name
    assert {name for name in found if name.endswith("_new")} == {f"{name}_new" for name in wanted} | {"E_new"}
    losses = {}
    for n_steps in range(1, 101):
        step = step if n_steps == 1 else explain_step(step.updated, X, Y, learning_rate=rate, intercepts=intercepts)
        losses[n_steps] = step.loss_after
    assert_allclose([losses[n] for n in (1, 2, 10, 100)], LOSSES[rate, intercepts], rtol=1e-12)


NAMES = {
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "relu'": lambda z: float(z > 0),
    "exp": math.exp,
    "log": math.log,
    "huber": lambda out, t: 0.5 * (out - t) ** 2 if abs(out - t) <= 1 else abs(out - t) - 0.5,
    "huber'": lambda out, t: max(-1.0, min(1.0, out - t)),
}


def evaluate(numbers):
    """Value of the numbers of a quantity."""
    code = re.sub(r"(\w+)'", r"\1_slope", numbers.replace("^", "**"))
    return eval(code, {name.replace("'", "_slope"): function for name, function in NAMES.items()})


IRIS = load_iris(return_X_y=True)


PLAIN = {"solver": "sgd", "momentum": 0.0, "max_iter": 5, "random_state": 0}
NETWORKS = {
    "regressor": MLPRegressor(hidden_layer_sizes=(3, 2), activation="tanh", loss="huber", **PLAIN),
    "two targets": MLPRegressor(hidden_layer_sizes=(3,), **PLAIN),
    "counts": MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", loss="poisson", **PLAIN),
    "two classes": MLPClassifier((3,), activation="logistic", class_weight=None, **PLAIN),
    "three classes": MLPClassifier((3, 2), **PLAIN),
    "without hidden layer": MLPClassifier((), **PLAIN),
    "one against the rest": MLPClassifier((3,), loss="squared_error", activation="silu", **PLAIN),
    "single precision": MLPClassifier((3,), dtype="float32", **PLAIN),
    "logistic regression": LogisticRegression(max_iter=5),
    "perceptron": Perceptron(),
}


def training_data(network):
    X, y = IRIS
    name = next(name for name, one in NETWORKS.items() if one is network)
    n_samples = 100 if name == "two classes" else 150
    targets = {"regressor": X[:, 3] / 2, "two targets": X[:, :2]}
    return X[:n_samples], targets.get(name, y)[:n_samples]


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    return NETWORKS[request.param].fit(*training_data(NETWORKS[request.param]))


def batch_for(network, n_samples):
    X, y = training_data(network)
    rows = np.linspace(20, len(X) - 1, n_samples).astype(int)
    return X[rows], y[rows]


@pytest.mark.parametrize("n_samples", [1, 3, 7])
def test_the_numbers_shown_give_the_values(network, n_samples):
    pytest.importorskip("pandas")
    X, y = batch_for(network, n_samples)
    frame = explain_step(network, X, y, learning_rate=0.1).to_frame(decimals=17)
    checked = 0
    for row in frame.itertuples():
        functions = set(re.findall(r"([a-z]\w*'?)\(", row.numbers))
        if row.numbers and "..." not in row.numbers and functions <= NAMES.keys():
            assert evaluate(row.numbers) == pytest.approx(row.value, rel=1e-4, abs=1e-7), row
            checked += 1
    assert checked > len(frame) / 2


@pytest.mark.parametrize("name, has_link", [("three classes", True), ("two classes", True), ("two targets", False)])
def test_a_prediction_by_the_loss_takes_the_place_of_the_output(name, has_link):
    network = NETWORKS[name].fit(*training_data(NETWORKS[name]))
    text = str(explain_step(network, *batch_for(network, 1), learning_rate=0.1))
    assert ("delta_o1 = p_o1 - t_o1" in text) == has_link
    assert ("out_o1" in text) != has_link and "dout_h" in text


def test_the_gradient_is_that_of_the_engine_and_of_finite_differences(network):
    X, y = batch_for(network, 7)
    step = explain_step(network, X, y, learning_rate=0.1)
    scale = network.n_outputs_ if getattr(network, "loss", "") in ("squared_error", "huber") else 1
    coefs, _ = gradient(network, X, y)
    coefs = [coefs.T] if hasattr(network, "coef_") else coefs
    for mine, engine in zip(step.coef_gradients, coefs, strict=True):
        assert_allclose(mine, engine * scale, rtol=1e-5, atol=1e-8)
    if step.coefs[0].dtype == np.float64 and not isinstance(network, Perceptron):
        direction = np.sum([np.sum(g**2) for g in (*step.coef_gradients, *step.intercept_gradients)])
        small = explain_step(network, X, y, learning_rate=1e-6)
        assert (small.loss - small.loss_after) / 1e-6 == pytest.approx(direction, rel=1e-3)


@pytest.mark.parametrize(
    "network, y",
    [
        (MLPClassifier((4, 3), activation="tanh"), IRIS[1]),
        (MLPClassifier((4,), loss="focal", activation="gelu"), IRIS[1]),
        (MLPRegressor(hidden_layer_sizes=(4,), loss="squared_error"), IRIS[0][:, :2]),
    ],
    ids=["log loss", "focal", "squared error"],
)
def test_a_step_is_a_step_of_training(network, y):
    plain = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "learning_rate_init": 0.05, "batch_size": 150}
    network.set_params(**plain, random_state=0)
    classes = {"classes": np.unique(y)} if isinstance(network, MLPClassifier) else {}
    network.partial_fit(IRIS[0], y, **classes)
    step = explain_step(network, IRIS[0], y, learning_rate=0.05)
    network.partial_fit(IRIS[0], y)
    for mine, trained in zip(
        (*step.new_coefs, *step.new_intercepts), (*network.coefs_, *network.intercepts_), strict=True
    ):
        assert_allclose(mine, trained, rtol=1e-10, atol=1e-14)
    assert_allclose(step.updated.predict(IRIS[0]), network.predict(IRIS[0]), rtol=1e-10)


def test_the_network_stays_as_it_is_and_removed_weights_stay_away():
    X, y = IRIS
    network = MLPClassifier((4,), solver="lbfgs", max_iter=20, random_state=0).fit(X, y)
    pruned = prune(network, X, y, MagnitudePruning(sparsity=0.5, n_steps=1, retrain_epochs=0))
    before = [w.copy() for w in pruned.coefs_]
    step = explain_step(pruned, X, y, learning_rate=0.1)
    for w, old, mask, updated in zip(pruned.coefs_, before, pruned.masks_, step.updated.coefs_, strict=True):
        assert_array_equal(w, old)
        assert not updated[~mask].any() and (updated[mask] != old[mask]).any()
    n_left = sum(int(mask.sum()) for mask in pruned.masks_)
    assert str(step).count("_new = w") == min(n_left, 40)


def test_sparse_samples_and_large_batches():
    X, y = IRIS
    network = MLPClassifier((4,), max_iter=2, random_state=0).fit(X, y)
    dense = explain_step(network, np.tile(X, (4, 1)), np.tile(y, 4), learning_rate=0.1)
    sparse = explain_step(network, scipy.sparse.csr_array(np.tile(X, (4, 1))), np.tile(y, 4), learning_rate=0.1)
    assert dense.net_inputs[0].shape == (600, 4)
    for a, b in zip(dense.deltas + dense.outputs, sparse.deltas + sparse.outputs, strict=True):
        assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    assert_allclose(dense.outputs[1], network.transform(np.tile(X, (4, 1))))
    assert len(str(dense).splitlines()) < 250


@pytest.mark.parametrize(
    "options, message",
    [
        ({"learning_rate": 0.0}, "learning_rate must be a number in"),
        ({"learning_rate": "fast"}, "learning_rate must be a number in"),
        ({"learning_rate": 0.1, "intercepts": "free"}, "intercepts must be one of"),
    ],
)
def test_arguments_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        explain_step(classic(), X, Y, **options)


def test_shared_intercepts_are_equal():
    network = network_from_weights(COEFS, [[0.1, 0.2], 0.6], activation="logistic")
    with pytest.raises(ValueError, match="those of layer 1 are"):
        explain_step(network, X, Y, learning_rate=0.1, intercepts="shared")
    with pytest.raises(ValueError, match="features"):
        explain_step(network, [0.1], Y, learning_rate=0.1)


def test_html_and_latex_have_every_line():
    step = explain_step(classic(), X, Y, learning_rate=0.5, intercepts="shared")
    lines = [line for line in str(step).splitlines() if line.startswith("  ")]
    assert step._repr_html_().count("<tr><td") == len(lines) == 44
    assert "&lt;" not in step.to_html() and "0.298371109" in step.to_html()
    assert step.to_latex().count(" &= ") == len(lines)
    assert step.to_latex().count("{") == step.to_latex().count("}")


@pytest.mark.parametrize(
    "text, latex",
    [
        ("dE/dw5", r"\frac{\partial E}{\partial w_{5}}"),
        ("dout_h2_1/dnet_h2_1", r"\frac{\partial \mathrm{out}_{h2,1}}{\partial \mathrm{net}_{h2,1}}"),
        ("w12_new", "w_{12}^{+}"),
        ("delta_o1 * w5", r"\delta_{o1} \cdot w_{5}"),
        ("log(1 + exp(out_o1))", r"\log(1 + \exp(\mathrm{out}_{o1}))"),
        ("1.5e-07 * 3", r"1.5 \cdot 10^{-7} \cdot 3"),
        ("huber'(out_o1, t_o1)", r"\mathrm{huber'}(\mathrm{out}_{o1}, t_{o1})"),
    ],
)
def test_latex_of_names(text, latex):
    assert as_latex(text) == latex
