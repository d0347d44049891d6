"""Full-batch training by L-BFGS, stopped after the same number of loss evaluations."""

from benchmarks.data import dense
from benchmarks.workload import Fit, against

WORKLOADS = [
    Fit(
        name="mlp-lbfgs-float64",
        title="MLP 50-50-2, 2,000 rows, lbfgs, 100 evaluations, relu, float64",
        data=lambda quick: dense(2_000, 50, 2, "float64"),
        kind="MLPClassifier",
        parameters={
            "hidden_layer_sizes": (50,),
            "solver": "lbfgs",
            "max_fun": 100,
            "max_iter": 1000,
            "tol": 0.0,
            "random_state": 0,
        },
        entries=against("scikit_learn", "limit"),
    )
]
