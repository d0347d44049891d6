"""The perceptron rule, which updates the weights after each sample."""

from benchmarks.data import dense, text_like
from benchmarks.threads import ALL
from benchmarks.workload import FitPerceptron, against

# with two classes, no contender uses several threads
COMMON = {
    "kind": "Perceptron",
    "parameters": {"max_iter": 10, "tol": None, "random_state": 0},
    "threads": (ALL,),
}

WORKLOADS = [
    FitPerceptron(
        name="perceptron-dense-float64",
        title="Perceptron, 200,000 x 50, 10 epochs, float64",
        data=lambda quick: dense(20_000 if quick else 200_000, 50, 2, "float64"),
        entries=against("scikit_learn", "limit"),
        in_quick=True,
        **COMMON,
    ),
    FitPerceptron(
        name="perceptron-sparse-float64",
        title="Perceptron, 20,000 x 50,000 CSR, 10 epochs, float64",
        data=lambda quick: text_like(*((2_000, 5_000) if quick else (20_000, 50_000)), 100, 2, "float64"),
        entries=against("scikit_learn"),
        **COMMON,
    ),
]
