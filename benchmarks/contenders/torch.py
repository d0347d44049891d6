"""PyTorch in eager mode, with its fused optimizer."""

import math

import torch
from sklearn.utils import gen_batches

from benchmarks import networks
from benchmarks.contenders import network_only

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "logistic": torch.nn.Sigmoid}


def make(kind, **parameters):
    """Create a network."""
    network_only(kind, "PyTorch")
    return Network(**parameters)


class Network(networks.Network):
    """Multilayer perceptron in PyTorch."""

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
        """Return a function that computes the loss of a batch."""
        criterion = criterion_for(self.binary_)
        return lambda inputs, targets: criterion(self.network_(inputs), targets)

    def raw(self, X):
        """Return outputs before the last activation."""
        with torch.inference_mode():
            return self.network_(torch.from_numpy(X)).numpy()


def build(coefs, intercepts, activation):
    """Build a network with the given weights and without an activation of the output layer."""
    layers = []
    for w, b in zip(coefs, intercepts, strict=True):
        layer = torch.nn.utils.skip_init(torch.nn.Linear, *w.shape, dtype=torch.from_numpy(w).dtype)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w.T))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


def criterion_for(binary):
    """Return the mean log loss of raw outputs as a PyTorch criterion."""
    return torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()


def make_optimizer(network, learning_rate):
    """Create Adam with a parameter group for the weights, which are penalized, and one for the intercepts."""
    groups = [{"params": [p for p in network.parameters() if p.ndim == ndim]} for ndim in (2, 1)]
    return torch.optim.Adam(groups, lr=learning_rate, fused=True)


def adapt(optimizer, step, penalty):
    """Adapt the coefficients of the next step to scikit-learn's Adam.

    scikit-learn divides the penalty by the number of samples in the batch, and adds epsilon to the square root of the
    second moment before the bias correction.
    """
    optimizer.param_groups[0]["weight_decay"] = penalty
    for group in optimizer.param_groups:
        group["eps"] = networks.EPSILON / math.sqrt(1.0 - networks.BETA_2**step)
