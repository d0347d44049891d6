"""A large network on generated images of 28 x 28 pixels, where matrix products take nearly all the time."""

from benchmarks.data import dense
from benchmarks.variants import variants
from benchmarks.workload import network_parameters

WORKLOADS = variants(
    "mlp-wide",
    "MLP 784-300-100-10, 60,000 rows, batch 128, adam",
    lambda quick, dtype: dense(5_000 if quick else 60_000, 784, 10, dtype),
    network_parameters((300, 100), epochs=1, batch_size=128),
    rounds=3,
    peers=("torch_compiled",),
    one_thread=("float32", "float64"),
    units=False,  # products take nearly all the time
)
