"""PyTorch with forward and backward pass compiled by ``torch.compile``, and its fused optimizer."""

import functools

import torch

from benchmarks.contenders import network_only
from benchmarks.contenders.torch import Network, criterion_for


def make(kind, **parameters):
    """Network of that kind."""
    network_only(kind, "PyTorch")
    return Compiled(**parameters)


class Compiled(Network):
    """The network, compiled once in a process and not once a fit, as a user who trains again would have it."""

    def evaluator(self):
        """Function that gives the loss of a batch."""
        layers = tuple(self.sizes_), self.activation, self.binary_, str(self.coefs_[0].dtype)
        network, evaluate = compiled(layers, self.network_)
        network.load_state_dict(self.network_.state_dict())
        self.network_ = network
        return evaluate


_compiled: dict = {}


def compiled(key, network):
    """Network and its compiled loss, the same for the same layers."""
    if key not in _compiled:
        criterion = criterion_for(key[2])
        _compiled[key] = network, torch.compile(functools.partial(loss_of, network, criterion), dynamic=False)
    return _compiled[key]


def loss_of(network, criterion, inputs, targets):
    """Loss of a batch."""
    return criterion(network(inputs), targets)
