"""BackPACK, which extends PyTorch's backward pass: the diagonal of the Hessian."""

import torch
from backpack import backpack, extend
from backpack.extensions import DiagHessian

from benchmarks.contenders.torch import Network


def make(kind, **parameters):
    """Diagonal of a network's Hessian."""
    if kind != "HessianDiagonal":
        raise ImportError(f"BackPACK has no {kind}")
    return HessianDiagonal(**parameters)


class HessianDiagonal:
    """Diagonal of the Hessian of a fitted network's loss.

    Parameters
    ----------
    **parameters
        Of the network.
    """

    #: Samples at once: more take more memory and no less time.
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
        """Trace of the Hessian of the mean loss, from its diagonal."""
        diagonal = [torch.zeros_like(p) for p in self.network.parameters()]
        for inputs, targets in zip(
            torch.from_numpy(X).split(self.BATCH), torch.from_numpy(y).split(self.BATCH), strict=True
        ):
            with backpack(DiagHessian()):
                self.criterion(self.network(inputs), targets).backward()
            for part, parameter in zip(diagonal, self.network.parameters(), strict=True):
                part += parameter.diag_h
        return sum(float(part.sum()) for part in diagonal) / len(y)
