"""The perceptron rule, sample by sample."""

from benchmarks.data import dense
from benchmarks.workload import FitPerceptron, against

WORKLOADS = [
    FitPerceptron(
        name="perceptron-dense-float64",
        title="Perceptron, 200,000 x 50, 10 epochs, float64",
        data=lambda quick: dense(20_000 if quick else 200_000, 50, 2, "float64"),
        kind="Perceptron",
        parameters={"max_iter": 10, "tol": None, "random_state": 0},
        entries=against(scikit_learn=4.0),
        in_quick=True,
    )
]
