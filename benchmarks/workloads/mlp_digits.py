"""A small network on the handwritten digits, where overhead matters as much as arithmetic."""

from benchmarks.data import digits
from benchmarks.variants import variants
from benchmarks.workload import network_parameters

WORKLOADS = variants(
    "mlp-digits",
    "MLP 64-100-10, digits, batch 200, adam",
    lambda quick, dtype: digits(dtype),
    network_parameters((100,), epochs=20, batch_size=200),
    peers=("torch_compiled", "skorch"),
)
WORKLOADS[0].in_quick = True
