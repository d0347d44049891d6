"""A tiny network, where overhead takes most of the time."""

from benchmarks.data import dense
from benchmarks.workload import WITH_ONE_THREAD, Fit, against, network_parameters

WORKLOADS = [
    Fit(
        name="mlp-tiny-float32",
        title="MLP 4-8-3, 3,200 rows, batch 32, adam, relu, float32",
        data=lambda quick: dense(3_200, 4, 3, "float32"),
        kind="MLPClassifier",
        parameters=network_parameters((8,), epochs=20, batch_size=32),
        entries=against("scikit_learn", "torch", "jax", "limit", all_threads_only=("torch",)) | WITH_ONE_THREAD,
        in_quick=True,
    )
]
