"""The exact diagonal of the Hessian of a network's loss, which Optimal Brain Damage requires."""

from benchmarks.data import dense
from benchmarks.workload import Compute, against, network_parameters


def _workload(activation, rows):
    return Compute(
        name=f"curvature-{activation}-float32",
        title=f"exact diagonal of the Hessian, MLP 784-300-100-10, {rows:,} rows, {activation}, float32",
        data=lambda quick: dense(1_000 if quick else 5_000, 784, 10, "float32"),
        kind="HessianDiagonal",
        parameters=network_parameters((300, 100), epochs=1, batch_size=128, activation=activation),
        entries=against("backpack"),
        rows=rows,
        rounds=3,
    )


WORKLOADS = [_workload("relu", 1_000), _workload("logistic", 200)]
