"""skorch, a scikit-learn interface to PyTorch, with PyTorch's fused optimizer."""

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback

from benchmarks import networks
from benchmarks.contenders import network_only
from benchmarks.contenders.torch import adapt, build, criterion_for, make_optimizer


def make(kind, **parameters):
    """Create a network."""
    network_only(kind, "skorch")
    return Network(**parameters)


class Network(networks.Network):
    """Multilayer perceptron in skorch."""

    def train(self, X, codes, orders):
        """Train."""
        self.net_ = Net(
            build(self.coefs_, self.intercepts_, self.activation),
            type(criterion_for(self.binary_)),
            lr=self.learning_rate_init,
            max_epochs=self.max_iter,
            batch_size=self.batch_size,
            iterator_train__sampler=Given(orders, len(codes)),
            iterator_train__shuffle=False,
            train_split=None,
            verbose=0,
            callbacks=[Adapt(self.alpha)],
        )
        self.net_.fit(X, codes.astype(X.dtype)[:, None] if self.binary_ else codes)

    def raw(self, X):
        """Return outputs before the last activation."""
        return np.asarray(self.net_.forward(X).numpy())


class Net(NeuralNet):
    """Network with a penalty on its weights only."""

    def initialize_optimizer(self, *_, **__):
        """Create the optimizer."""
        self.optimizer_ = make_optimizer(self.module_, self.lr)
        return self


class Given(torch.utils.data.Sampler):
    """Sampler with a given order of the samples for each epoch."""

    def __init__(self, orders, n_samples):
        self.orders, self.n_samples = orders, n_samples

    def __iter__(self):
        """Iterate over the rows of the next epoch."""
        return iter(next(self.orders).tolist())

    def __len__(self):
        """Return the number of rows in an epoch."""
        return self.n_samples


class Adapt(Callback):
    """Callback that adapts Adam to that of scikit-learn before each step."""

    def __init__(self, alpha):
        self.alpha = alpha
        self.steps = 0

    def on_batch_begin(self, net, batch=None, training=False, **_):
        """Set the coefficients of the next step."""
        if training:
            self.steps += 1
            adapt(net.optimizer_, self.steps, self.alpha / len(batch[0]))
