"""A large network on images of 28 x 28 pixels, generated: matrix products take nearly all the time."""

from benchmarks.data import dense
from benchmarks.workload import Fit, against, network_parameters


def _workload(dtype, entries):
    return Fit(
        name=f"mlp-wide-{dtype}",
        title=f"MLP 784-300-100-10, 60,000 rows, batch 128, adam, relu, {dtype}",
        data=lambda quick: dense(5_000 if quick else 60_000, 784, 10, dtype),
        kind="MLPClassifier",
        parameters=network_parameters((300, 100), epochs=1, batch_size=128),
        entries=entries,
        rounds=3,
    )


WORKLOADS = [
    _workload("float32", against(scikit_learn=4.0, torch=2.4)),
    _workload("float64", against(scikit_learn=4.0, torch=None)),
]
