"""Many rows of few features: what most tables look like."""

from benchmarks.data import dense
from benchmarks.workload import Fit, against, network_parameters


def _workload(dtype, entries):
    return Fit(
        name=f"mlp-tall-{dtype}",
        title=f"MLP 28-64-64-2, 100,000 rows, batch 256, adam, relu, {dtype}",
        data=lambda quick: dense(10_000 if quick else 100_000, 28, 2, dtype),
        kind="MLPClassifier",
        parameters=network_parameters((64, 64), epochs=1, batch_size=256),
        entries=entries,
    )


WORKLOADS = [
    _workload("float32", against(scikit_learn=8.0, torch=5.0)),
    _workload("float64", against(scikit_learn=4.0, torch=None)),
]
