"""Hessian diagonals by BackPACK, an extension of PyTorch's backward pass."""

import torch
from backpack import backpack, extend
from backpack.extensions import DiagHessian

from benchmarks.contenders.torch import Network


def make(kind, **parameters):
    """Create the contender for Hessian diagonals."""
    if kind != "HessianDiagonal":
        raise ImportError(f"BackPACK has no {kind}")
    return HessianDiagonal(**parameters)


class HessianDiagonal:
    """Diagonal of the Hessian of the loss of a fitted network.

    Parameters
    ----------
    **parameters
        Parameters of the network.
    """

    #: Number of samples in a batch. Larger batches take more memory but not less time.
    BATCH = 500

    def __init__(self, **parameters):
        self.model = Network(**parameters)

    def fit(self, X, y):
        """Train the network."""
        self.model.fit(X, y)
        self.network = extend(self.model.network_)
        self.criterion = extend(torch.nn.CrossEntropyLoss(reduction="sum"))
        return self

    def compute(self, X, y):
        """Return the trace of the Hessian of the mean loss, computed from its diagonal."""
        diagonal = [torch.zeros_like(p) for p in self.network.parameters()]
        for inputs, targets in zip(
            torch.from_numpy(X).split(self.BATCH), torch.from_numpy(y).split(self.BATCH), strict=True
        ):
            with backpack(DiagHessian()):
                self.criterion(self.network(inputs), targets).backward()
            for part, parameter in zip(diagonal, self.network.parameters(), strict=True):
                part += parameter.diag_h
        return sum(float(part.sum()) for part in diagonal) / len(y)
