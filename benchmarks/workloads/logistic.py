"""Logistic regression to the same objective."""

from benchmarks.data import dense
from benchmarks.workload import Entry, FitLogistic, against

WORKLOADS = [
    FitLogistic(
        name="logistic-dense-float64",
        title="LogisticRegression, 200,000 x 50, l2, objective within 1e-8 of the smallest, float64",
        data=lambda quick: dense(20_000 if quick else 200_000, 50, 2, "float64"),
        kind="LogisticRegression",
        parameters={"C": 1.0, "max_iter": 10_000},
        entries=against(scikit_learn=4.0)
        | {
            "scikit-learn, newton-cholesky": Entry("scikit_learn", {"solver": "newton-cholesky"}),
            "sknn_concepts, auto": Entry("sknn_concepts", {"solver": "auto"}),
        },
        in_quick=True,
    )
]
