"""A cross-validated grid search in two processes, on which users of scikit-learn spend most of their time."""

from benchmarks.data import digits
from benchmarks.workload import Search, against, network_parameters

WORKLOADS = [
    Search(
        name="search-digits-float64",
        title="GridSearchCV, MLP on digits, 20 candidates x 5 folds, 10 epochs, n_jobs=2, float64",
        data=lambda quick: digits("float64"),
        kind="MLPClassifier",
        parameters=network_parameters((100,), epochs=10, batch_size=200),
        grid={
            "hidden_layer_sizes": [(25,), (50,), (100,), (50, 50)],
            "alpha": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
        },
        entries=against("scikit_learn"),
        rounds=3,
    )
]
