"""A network on many rows of few features, like most tables."""

from benchmarks.data import dense
from benchmarks.variants import variants
from benchmarks.workload import network_parameters

WORKLOADS = variants(
    "mlp-tall",
    "MLP 28-64-64-2, 100,000 rows, batch 256, adam",
    lambda quick, dtype: dense(10_000 if quick else 100_000, 28, 2, dtype),
    network_parameters((64, 64), epochs=1, batch_size=256),
)
