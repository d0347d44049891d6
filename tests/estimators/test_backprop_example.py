"""The classic 2-2-2 network of Matt Mazur, A Step by Step Backpropagation Example (2015), to the last digit.

Two inputs, two hidden and two output units, all logistic, one sample, E = sum (t - o)^2 / 2. The digits below come from
decimal arithmetic with 40 digits. It agrees with all that the article prints, except the error after one step
(0.291027924 there) and what is left after 10,000 steps, where the article is off in the sixth decimal.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn_concepts import MLPRegressor
from sknn_concepts.activations import Logistic
from sknn_concepts.losses import SquaredError
from sknn_concepts.network.compiled import CompiledNetwork
from sknn_concepts.network.dataset import make_dataset

X, Y = np.array([[0.05, 0.1]]), np.array([[0.01, 0.99]])
#: w1 w3 / w2 w4, then w5 w7 / w6 w8: columns are units, as in coefs_.
COEFS = [np.array([[0.15, 0.25], [0.2, 0.3]]), np.array([[0.4, 0.5], [0.45, 0.55]])]
INTERCEPTS = [np.array([0.35, 0.35]), np.array([0.6, 0.6])]

HIDDEN = [0.5932699921071872, 0.596884378259767]
OUTPUT = [0.7513650695523157, 0.7729284653214626]
ERROR = 0.29837110876000267
GRADIENT = [
    *(0.00043856773447434674, 0.0004977127352608601, 0.0008771354689486935, 0.0009954254705217202),
    *(0.08216704056423078, -0.02260254047747506, 0.08266762784753326, -0.022740242215978212),
    *(0.008771354689486935, 0.009954254705217202, 0.13849856162855698, -0.038098236516556215),
]
#: Weights after one step with rate 0.5.
STEPPED = [
    [[0.14978071613276284, 0.24975114363236958], [0.19956143226552564, 0.29950228726473915]],
    [[0.3589164797178846, 0.5113012702387375], [0.4086661860762334, 0.5613701211079891]],
]
#: Error after so many steps with rate 0.5: the article's way, with biases left alone, and with every bias trained.
ERRORS_FIXED = {
    1: 0.29102777369359933,
    2: 0.28354713312241997,
    10: 0.22091859205390407,
    100: 0.020046828249425205,
    1000: 0.0011143494537337393,
    10000: 3.510187782978846e-05,
}
ERRORS_TRAINED = {
    1: 0.28047144679143016,
    2: 0.2619076230693008,
    10: 0.12552703804413207,
    100: 0.006083131061206282,
    1000: 0.0002707045878957419,
    10000: 2.4475622359322855e-06,
}


def regressor(**arguments):
    """The network as an estimator, ready for steps of plain descent."""
    arguments = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "learning_rate_init": 0.5, **arguments}
    arguments |= {"activation": "logistic", "output_activation": "logistic", "hidden_layer_sizes": (2,)}
    network = MLPRegressor(batch_size=1, shuffle=False, **arguments).partial_fit(X, Y)
    network.coefs_, network.intercepts_ = [w.copy() for w in COEFS], [b.copy() for b in INTERCEPTS]
    return network


def error(network):
    return np.sum((Y - network.predict(X)) ** 2) / 2


def test_forward():
    network = regressor()
    assert_allclose(network.transform(X), [HIDDEN], rtol=4e-16)
    assert_allclose(network.predict(X), [OUTPUT], rtol=4e-16)
    assert error(network) == pytest.approx(ERROR, rel=1e-15)


@pytest.fixture
def machine():
    return CompiledNetwork(
        (2, 2, 2), [Logistic(), Logistic()], SquaredError(), "float64", make_dataset(X, Y), needs_gradients=True
    )


def start():
    return np.concatenate([array.ravel() for array in COEFS + INTERCEPTS])


def test_backward(machine):
    gradient = np.empty(12)
    assert machine.loss_gradient(start(), gradient, np.array([0]), 1) == pytest.approx(ERROR, rel=1e-15)
    assert_allclose(gradient, GRADIENT, rtol=2e-14)


def test_one_step():
    network = regressor().partial_fit(X, Y)
    assert_allclose(network.coefs_, STEPPED, rtol=4e-16)
    # the estimator reports the mean over the outputs, as scikit-learn does
    assert network.loss_ == pytest.approx(ERROR / 2, rel=1e-15)
    assert error(network) == pytest.approx(ERRORS_TRAINED[1], rel=1e-14)


@pytest.mark.parametrize("n_steps", ERRORS_TRAINED)
def test_many_steps(n_steps):
    """As one pass over copies of the sample."""
    network = regressor().partial_fit(X.repeat(n_steps, axis=0), Y.repeat(n_steps, axis=0))
    assert error(network) == pytest.approx(ERRORS_TRAINED[n_steps], rel=1e-12)


def test_many_steps_with_fixed_biases(machine):
    theta, gradient = start(), np.empty(12)
    for n_steps in range(1, 10001):
        machine.loss_gradient(theta, gradient, np.array([0]), 1)
        theta[:8] -= 0.5 * gradient[:8]
        if n_steps in ERRORS_FIXED:
            error = machine.loss_gradient(theta, gradient, np.array([0]), 1)
            assert error == pytest.approx(ERRORS_FIXED[n_steps], rel=1e-12)
    assert_allclose(machine.predict(theta, np.array([0])), [[0.015913620443550627, 0.9840642735146238]], rtol=1e-13)
