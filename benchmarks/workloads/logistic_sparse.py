"""Logistic regression on sparse rows like those of texts, without an intercept because some solvers penalize it."""

from benchmarks.data import text_like
from benchmarks.objectives import FitLogistic
from benchmarks.workload import Entry, against

PARAMETERS = {"max_iter": 10_000, "fit_intercept": False}

#: Solvers of scikit-learn for each penalty. saga is far slower than liblinear at this precision.
SOLVERS = {"l2": ("newton-cg", "liblinear"), "l1": ("liblinear",)}

OTHERS = {"l2": ("scikit_learn", "snapml"), "l1": ("skglm", "snapml")}

REFERENCES = {"l2": {"solver": "newton-cg", "tol": 1e-10}, "l1": {"solver": "liblinear", "tol": 1e-8}}

#: Inverse penalties. The L1 penalty selects some hundreds of the features.
C = {"l2": 1.0, "l1": 10.0}


def _workload(penalty):
    lasso = {"l1_ratio": 1.0} if penalty == "l1" else {}
    entries = against(*OTHERS[penalty]) | {
        f"scikit-learn, {solver}": Entry("scikit_learn", {"solver": solver}) for solver in SOLVERS[penalty]
    }
    # the best solvers of scikit-learn for these data are compared with solver="auto" if our default is not the best
    label = "sknn_concepts" if penalty == "l1" else "sknn_concepts, auto"
    entries[label] = Entry("sknn_concepts", {"solver": "auto"})
    return FitLogistic(
        name=f"logistic-sparse-{penalty}-float64",
        title=f"LogisticRegression, 20,000 x 50,000 CSR, {penalty}, objective within 1e-8 of the smallest, float64",
        data=lambda quick: text_like(*((2_000, 5_000) if quick else (20_000, 50_000)), 100, 2, "float64"),
        kind="LogisticRegression",
        parameters=PARAMETERS | {"C": C[penalty]} | lasso,
        reference=REFERENCES[penalty],
        entries=entries,
        rounds=3,
    )


WORKLOADS = [_workload("l2"), _workload("l1")]
