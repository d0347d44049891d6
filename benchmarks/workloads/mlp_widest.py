"""A larger network on generated images, whose layers are wide enough for many threads."""

from benchmarks.data import dense
from benchmarks.workload import WITH_ONE_THREAD, Fit, against, network_parameters

WORKLOADS = [
    Fit(
        name="mlp-widest-relu-float32",
        title="MLP 784-1024-1024-10, 5,120 rows, batch 256, adam, relu, float32",
        data=lambda quick: dense(1_024 if quick else 5_120, 784, 10, "float32"),
        kind="MLPClassifier",
        parameters=network_parameters((1024, 1024), epochs=1, batch_size=256),
        entries=against("scikit_learn", "torch", "jax", "limit") | WITH_ONE_THREAD,
    )
]
