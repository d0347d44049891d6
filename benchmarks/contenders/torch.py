"""PyTorch, eager, with its fused optimizer and its default number of threads."""

import math

import torch
from sklearn.utils import gen_batches

from benchmarks import networks
from benchmarks.contenders import network_only

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "logistic": torch.nn.Sigmoid}


def make(kind, **parameters):
    """Network of that kind."""
    network_only(kind, "PyTorch")
    return Network(**parameters)


class Network(networks.Network):
    """The network in PyTorch."""

    def train(self, X, codes, orders):
        """Train."""
        inputs, targets = torch.from_numpy(X), torch.from_numpy(codes)
        if self.binary_:
            targets = targets.to(inputs.dtype)[:, None]
        self.network_ = build(self.coefs_, self.intercepts_, self.activation)
        evaluate = self.evaluator()
        optimizer = make_optimizer(self.network_, self.learning_rate_init)
        steps = 0
        for order in orders:
            rows = torch.from_numpy(order)
            for batch in gen_batches(len(codes), self.batch_size):
                chosen = rows[batch]
                steps += 1
                adapt(optimizer, steps, self.alpha / len(chosen))
                optimizer.zero_grad(set_to_none=True)
                evaluate(inputs[chosen], targets[chosen]).backward()
                optimizer.step()

    def evaluator(self):
        """Function that gives the loss of a batch."""
        criterion = criterion_for(self.binary_)
        return lambda inputs, targets: criterion(self.network_(inputs), targets)

    def raw(self, X):
        """Outputs before the last unit."""
        with torch.inference_mode():
            return self.network_(torch.from_numpy(X)).numpy()


def build(coefs, intercepts, activation):
    """Network with these weights and no unit behind the output layer."""
    layers = []
    for w, b in zip(coefs, intercepts, strict=True):
        layer = torch.nn.utils.skip_init(torch.nn.Linear, *w.shape, dtype=torch.from_numpy(w).dtype)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w.T))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


def criterion_for(binary):
    """Mean log loss of raw outputs."""
    return torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()


def make_optimizer(network, learning_rate):
    """Adam with a group for the weights, which are penalized, and one for the intercepts."""
    groups = [{"params": [p for p in network.parameters() if p.ndim == ndim]} for ndim in (2, 1)]
    return torch.optim.Adam(groups, lr=learning_rate, fused=True)


def adapt(optimizer, step, penalty):
    """Make the next step that of scikit-learn's Adam.

    It divides the penalty by the samples of the batch, and adds epsilon to the root of the second moment before its
    bias is taken out.
    """
    optimizer.param_groups[0]["weight_decay"] = penalty
    for group in optimizer.param_groups:
        group["eps"] = networks.EPSILON / math.sqrt(1.0 - networks.BETA_2**step)
