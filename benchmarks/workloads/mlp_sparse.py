"""A network on sparse rows like those of texts."""

from benchmarks.data import text_like
from benchmarks.workload import Fit, against, network_parameters

WORKLOADS = [
    Fit(
        name="mlp-sparse-float32",
        title="MLP 50,000-64-4, 20,000 CSR rows of about 100 nonzeros, batch 200, adam, relu, float32",
        data=lambda quick: text_like(*((1_000, 5_000) if quick else (20_000, 50_000)), 100, 4, "float32"),
        kind="MLPClassifier",
        parameters=network_parameters((64,), epochs=1, batch_size=200),
        entries=against("scikit_learn"),
        rounds=3,
    )
]
