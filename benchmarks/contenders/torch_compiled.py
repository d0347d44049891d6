"""PyTorch with ``torch.compile`` for forward and backward pass, and with its fused optimizer."""

import functools

import torch

from benchmarks.contenders import network_only
from benchmarks.contenders.torch import Network, criterion_for


def make(kind, **parameters):
    """Create a network."""
    network_only(kind, "PyTorch")
    return Compiled(**parameters)


class Compiled(Network):
    """Multilayer perceptron that is compiled once per process, not in each fit."""

    def evaluator(self):
        """Return a function that computes the loss of a batch."""
        layers = tuple(self.sizes_), self.activation, self.binary_, str(self.coefs_[0].dtype)
        network, evaluate = compiled(layers, self.network_)
        network.load_state_dict(self.network_.state_dict())
        self.network_ = network
        return evaluate


_compiled: dict = {}


def compiled(key, network):
    """Return a network and its compiled loss, which are cached by layers."""
    if key not in _compiled:
        criterion = criterion_for(key[2])
        _compiled[key] = network, torch.compile(functools.partial(loss_of, network, criterion), dynamic=False)
    return _compiled[key]


def loss_of(network, criterion, inputs, targets):
    """Compute the loss of a batch."""
    return criterion(network(inputs), targets)
