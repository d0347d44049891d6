"""PyTorch, eager, with its fused optimizer and its default number of threads."""

import math

import numpy as np
import torch
from sklearn.utils import gen_batches, shuffle

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "logistic": torch.nn.Sigmoid}

#: Of Adam, in scikit-learn and in PyTorch.
BETA_2, EPSILON = 0.999, 1e-8


def make(kind, **parameters):
    """Network of that kind."""
    if kind != "MLPClassifier":
        raise ImportError(f"PyTorch has no {kind}")
    return Network(**parameters)


class Network:
    """Multilayer perceptron with the initial weights, batches, penalty, Adam and number of epochs of scikit-learn's.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
    activation : {"relu", "tanh", "logistic"}
    batch_size : int
    max_iter : int
        Epochs; all are made, so `tol` and `n_iter_no_change` mean nothing here.
    random_state : int
    solver : {"adam"}
    alpha, learning_rate_init : float
        As in scikit-learn.
    """

    def __init__(
        self,
        hidden_layer_sizes,
        activation,
        batch_size,
        max_iter,
        random_state,
        solver="adam",
        alpha=1e-4,
        learning_rate_init=1e-3,
        tol=0.0,
        n_iter_no_change=1,
    ):
        if solver != "adam":
            raise ImportError(f"the PyTorch contender has no solver {solver!r}")
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.random_state = random_state
        self.alpha = alpha
        self.learning_rate_init = learning_rate_init

    def fit(self, X, y):
        """Train for `max_iter` epochs."""
        random_state = np.random.RandomState(self.random_state)
        self.classes_, codes = np.unique(y, return_inverse=True)
        binary = len(self.classes_) == 2
        inputs = torch.from_numpy(X)
        targets = torch.from_numpy(codes)
        criterion = torch.nn.CrossEntropyLoss()
        if binary:
            targets, criterion = targets.to(inputs.dtype)[:, None], torch.nn.BCEWithLogitsLoss()
        sizes = [X.shape[1], *self.hidden_layer_sizes, 1 if binary else len(self.classes_)]
        self.network_ = self._build(sizes, inputs.dtype, random_state)
        weights = [parameter for parameter in self.network_.parameters() if parameter.ndim == 2]
        intercepts = [parameter for parameter in self.network_.parameters() if parameter.ndim == 1]
        groups = [{"params": weights}, {"params": intercepts}]
        optimizer = torch.optim.Adam(groups, lr=self.learning_rate_init, fused=True)
        order = np.arange(len(y))
        steps = 0
        for _ in range(self.max_iter):
            order = shuffle(order, random_state=random_state)
            rows = torch.from_numpy(order)
            for batch in gen_batches(len(y), self.batch_size):
                chosen = rows[batch]
                steps += 1
                # scikit-learn divides the penalty by the samples of the batch, and adds epsilon to the root of the
                # second moment before its bias is taken out
                optimizer.param_groups[0]["weight_decay"] = self.alpha / len(chosen)
                for group in optimizer.param_groups:
                    group["eps"] = EPSILON / math.sqrt(1.0 - BETA_2**steps)
                optimizer.zero_grad(set_to_none=True)
                criterion(self.network_(inputs[chosen]), targets[chosen]).backward()
                optimizer.step()
        return self

    def _build(self, sizes, dtype, random_state):
        """Network with the weights that scikit-learn draws."""
        layers = []
        for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
            bound = np.sqrt((2.0 if self.activation == "logistic" else 6.0) / (fan_in + fan_out))
            layer = torch.nn.utils.skip_init(torch.nn.Linear, fan_in, fan_out, dtype=dtype)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(random_state.uniform(-bound, bound, (fan_in, fan_out)).T))
                layer.bias.copy_(torch.from_numpy(random_state.uniform(-bound, bound, fan_out)))
            layers += [layer, ACTIVATIONS[self.activation]()]
        return torch.nn.Sequential(*layers[:-1])

    def predict(self, X):
        """Most probable classes."""
        raw = self._raw(X)
        return self.classes_[(raw[:, 0] > 0).long() if raw.shape[1] == 1 else raw.argmax(dim=1)]

    def predict_proba(self, X):
        """Probabilities of the classes."""
        raw = self._raw(X)
        if raw.shape[1] == 1:
            raw = torch.hstack([torch.zeros_like(raw), raw])
        return torch.softmax(raw, dim=1).numpy()

    def _raw(self, X):
        with torch.inference_mode():
            return self.network_(torch.from_numpy(X))
