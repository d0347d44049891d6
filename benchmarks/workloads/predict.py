"""Predictions for one row, where input validation takes most of the time, and for many rows.

No contender uses several threads for one row.
"""

from benchmarks.data import dense, digits
from benchmarks.threads import ALL
from benchmarks.workload import WITH_ONE_THREAD, Predict, against, network_parameters

WORKLOADS = [
    Predict(
        name="predict-row-mlp",
        title="predict, one row, MLP 64-100-10, float64",
        data=lambda quick: digits("float64"),
        kind="MLPClassifier",
        parameters=network_parameters((100,), epochs=10, batch_size=200),
        entries=against("fast_path", "scikit_learn", "torch", "onnxruntime"),
        rows=1,
        in_quick=True,
        threads=(ALL,),
    ),
    Predict(
        name="predict-row-logistic",
        title="predict, one row, LogisticRegression, 50 features, float64",
        data=lambda quick: dense(2_000, 50, 2, "float64"),
        kind="LogisticRegression",
        parameters={},
        entries=against("fast_path", "scikit_learn"),
        rows=1,
        threads=(ALL,),
    ),
    Predict(
        name="predict-rows-mlp",
        title="predict, 10,000 rows, MLP 784-300-100-10, float32",
        data=lambda quick: dense(10_000, 784, 10, "float32"),
        kind="MLPClassifier",
        parameters=network_parameters((300, 100), epochs=1, batch_size=128),
        entries=against("scikit_learn", "torch", "jax", "onnxruntime", "pruned", "limit") | WITH_ONE_THREAD,
        rows=10_000,
    ),
]
