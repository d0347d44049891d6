"""Logistic regression on dense samples: fits to the same objective, and a single evaluation of loss and gradient."""

from benchmarks.data import dense
from benchmarks.objectives import FitLogistic
from benchmarks.threads import ALL
from benchmarks.workload import Compute, Entry, against

PARAMETERS = {"C": 1.0, "max_iter": 10_000}

SHAPES = {"tall": (200_000, 50), "wide": (20_000, 500)}

# liblinear and snapml take 20 to 130 times as long
ENTRIES = (
    against("scikit_learn", "scikit_learn_intelex", "limit")
    | {
        f"scikit-learn, {solver}": Entry("scikit_learn", {"solver": solver}, all_threads_only=True)
        for solver in ("newton-cholesky", "newton-cg")
    }
    | {"sknn_concepts, auto": Entry("sknn_concepts", {"solver": "auto"})}
)


def _data(name):
    n_samples, n_features = SHAPES[name]
    return lambda quick: dense(n_samples // 10 if quick else n_samples, n_features, 2, "float64")


def _size(name):
    return "{:,} x {:,}".format(*SHAPES[name])


WORKLOADS = [
    *(
        FitLogistic(
            name=f"logistic-{name}-float64",
            title=f"LogisticRegression, {_size(name)}, l2, objective within 1e-8 of the smallest, float64",
            data=_data(name),
            kind="LogisticRegression",
            parameters=PARAMETERS,
            entries=ENTRIES,
            rounds=3,
            in_quick=name == "tall",
        )
        for name in SHAPES
    ),
    *(
        Compute(
            name=f"logistic-pass-{name}-float64",
            title=f"loss and gradient of a LogisticRegression, once, {_size(name)}, float64",
            data=_data(name),
            kind="LogisticPass",
            parameters={"C": 1.0},
            entries=against("limit"),
            threads=(ALL,),
        )
        for name in SHAPES
    ),
    FitLogistic(
        name="logistic-multinomial-float64",
        title="LogisticRegression, 60,000 x 784, 10 classes, objective within 1e-8 of the smallest, float64",
        data=lambda quick: dense(2_000 if quick else 60_000, 784, 10, "float64"),
        kind="LogisticRegression",
        parameters=PARAMETERS,
        reference={"solver": "lbfgs", "tol": 1e-9},
        entries=against("scikit_learn", "limit"),
        rounds=3,
        threads=(ALL,),  # a race takes a minute
    ),
]
