"""Small networks ready to run on made-up samples, for the tests of the engine."""

import numpy as np
import scipy.sparse

from sknn_concepts.activations import Identity
from sknn_concepts.network.compiled import CompiledNetwork
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.network.layout import layer_views
from sknn_concepts.network.minibatch import Regularization
from sknn_concepts.optimizers import SGD
from sknn_concepts.validation.fitted_network import FittedNetwork

PLAIN = Regularization(0.0, 0.0, 1.0, 1.0, 0.0, 0.0)


def targets(loss, n_samples, n_outputs, seed=0):
    """Targets that a loss can be given: classes, counts or numbers."""
    rng = np.random.RandomState(seed)
    if loss.link == "softmax":
        return np.eye(n_outputs)[rng.randint(0, n_outputs, n_samples)]
    if "regression" not in loss.tasks:
        return rng.randint(0, 2, (n_samples, n_outputs)).astype(float)
    return rng.poisson(2.0, (n_samples, n_outputs)).astype(float)


class Network:
    """A machine with its samples and parameters; `activations` are those of the hidden layers."""

    def __init__(
        self, sizes, activations, loss, *, n_samples=30, sparse=False, dtype="float64", batch_size=7, **options
    ):
        rng = np.random.RandomState(len(sizes))
        X = rng.normal(size=(n_samples, sizes[0])) * (rng.rand(n_samples, sizes[0]) < 0.8)
        X = options.get("X", scipy.sparse.csr_array(X) if sparse else X)
        self.X = X.toarray() if scipy.sparse.issparse(X) else X
        self.y = options.get("y", targets(loss, len(self.X), sizes[-1]))
        self.weights = options.get("weights", rng.randint(0, 4, len(self.X)).astype(float))
        self.loss = loss
        self.activations = [*activations, options.get("output", Identity())]
        self.optimizer = options.get("optimizer", SGD(momentum=0.0, nesterovs_momentum=False))
        dataset = make_dataset(X, self.y, self.weights)
        options = {"batch_size": batch_size, "optimizer": self.optimizer, "needs_gradients": True}
        self.machine = CompiledNetwork(sizes, self.activations, loss, dtype, dataset, **options)
        self.theta = rng.normal(0, 0.7, self.machine.n_parameters).astype(dtype)
        self.layers = layer_views(self.theta, self.machine.layout)
        self.rows = np.arange(len(self.X))

    def loss_gradient(self, theta=None, rules=PLAIN):
        """Mean loss of all samples and its gradient."""
        theta = self.theta if theta is None else theta
        gradient = np.full_like(theta, np.nan)
        total = len(self.X) if self.weights is None else self.weights.sum()
        return self.machine.loss_gradient(theta, gradient, self.rows, total, rules), gradient

    def train(self, theta, rates, rules=PLAIN, order=None, slots=None, seeds=None, first_step=1):
        """One pass with a rate for each batch, in place; what `CompiledNetwork.train` returns."""
        rates, steps = np.asarray(rates, float), first_step + np.arange(len(rates))
        slots = np.zeros((max(1, self.optimizer.slots), theta.size), theta.dtype) if slots is None else slots
        seeds = np.zeros(len(rates), np.uint32) if seeds is None else seeds
        plan = self.optimizer.coefficients(rates, steps), self.optimizer.shrinkage(rates)
        order = self.rows if order is None else order
        return self.machine.train(self.machine.make_step(theta, slots, rules), order, 0, len(rates), *plan, seeds)


def fitted_network(net, theta=None, **options):
    """A network and its samples as curvature and pruning see them."""
    total = float(len(net.X) if net.weights is None else net.weights.sum())
    theta = net.theta if theta is None else theta
    sizes, dataset = net.machine.layout[:, 0], net.machine.dataset
    return FittedNetwork(theta, sizes, net.activations, net.loss, dataset, total, **options)
