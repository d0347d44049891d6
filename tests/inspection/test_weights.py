"""Networks of given weights are fitted estimators: they predict, train further and can be pruned."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import load_iris

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.inspection import network_from_weights
from sknn_concepts.pruning import MagnitudePruning, prune

X, Y = load_iris(return_X_y=True)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("make, target", [(MLPClassifier, Y), (MLPClassifier, Y == 1), (MLPRegressor, X[:, :2])])
def test_it_is_the_network_whose_weights_were_given(make, target):
    trained = make(hidden_layer_sizes=(5, 3), activation="tanh", max_iter=20, random_state=0).fit(X, target)
    classes = {"classes": trained.classes_} if make is MLPClassifier else {}
    network = network_from_weights(
        trained.coefs_, trained.intercepts_, activation="tanh", random_state=0, max_iter=3, warm_start=True, **classes
    )
    assert isinstance(network, make) and network.out_activation_ == trained.out_activation_
    assert_allclose(network.predict(X), trained.predict(X))
    assert network.hidden_layer_sizes == (5, 3) and clone(network).get_params() == network.get_params()
    loss = network.partial_fit(X, target).loss_
    assert network.fit(X, target).loss_ < loss
    pruned = prune(network, X, target, MagnitudePruning(sparsity=0.5))
    assert np.mean([mask.mean() for mask in pruned.masks_]) < 0.7


def test_it_does_not_share_memory_with_what_was_given():
    w, b = np.ones((2, 1)), np.zeros(1)
    network = network_from_weights([w], [b], solver="sgd")
    network.partial_fit([[1.0, 2.0]], [0.0])
    assert w.tolist() == [[1.0], [1.0]] and b.tolist() == [0.0]
    assert network_from_weights([w.astype("f")], [b.astype("f")]).predict(np.ones((1, 2), "f")).dtype == np.float32
    assert network_from_weights([[[1], [2]]]).predict([[1.0, 1.0]]).tolist() == [3.0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([],), "coefs must be a list of matrices"),
        (([[1.0, 2.0]],), "coefs must be a list of matrices"),
        (([[[1.0]], [[1.0], [2.0]]],), "does not follow on a layer of 1 units"),
        (([[[1.0]]], [0.0, 0.0]), "1 matrices, and intercepts 2 vectors"),
        (([[[1.0]]], [[0.0, 0.0]]), r"intercepts_\[0\] has shape \(2,\)"),
        (([[[np.nan]]],), r"coefs.0. must be finite"),
    ],
)
def test_weights_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        network_from_weights(*arguments)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"classes": [1, 0]}, "sorted and distinct"),
        ({"classes": [0, 1, 2]}, "need 3 outputs; the weights lead to 1"),
        ({"activation": "rleu"}, "Did you mean 'relu'"),
        ({"alpha": -1.0}, "alpha"),
    ],
)
def test_parameters_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        network_from_weights([[[1.0]], [[1.0]]], **options)
