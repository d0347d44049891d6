"""A small network on the handwritten digits: overhead counts as much as arithmetic."""

from benchmarks.data import digits
from benchmarks.workload import Entry, Fit, against, network_parameters

PARAMETERS = network_parameters((100,), epochs=20, batch_size=200)


def _workload(activation, dtype, entries, in_quick=False):
    return Fit(
        name=f"mlp-digits-{activation}-{dtype}",
        title=f"MLP 64-100-10, digits, batch 200, adam, {activation}, {dtype}",
        data=lambda quick: digits(dtype),
        kind="MLPClassifier",
        parameters=PARAMETERS | {"activation": activation},
        entries=entries,
        in_quick=in_quick,
    )


WORKLOADS = [
    _workload("relu", "float32", against(scikit_learn=6.0, torch=5.0), in_quick=True),
    _workload("relu", "float64", against(scikit_learn=4.0, torch=None)),
    _workload("tanh", "float32", against(scikit_learn=None, torch=None)),
    _workload("logistic", "float32", against(scikit_learn=None, torch=None)),
    Fit(
        name="mlp-digits-units",
        title="MLP 64-100-10, digits, float32: our time with other units against our own with relu",
        data=lambda quick: digits("float32"),
        kind="MLPClassifier",
        parameters=PARAMETERS,
        entries={
            "sknn_concepts": Entry("sknn_concepts"),
            "sknn_concepts, tanh": Entry("sknn_concepts", {"activation": "tanh"}, aim=1.15),
            "sknn_concepts, logistic": Entry("sknn_concepts", {"activation": "logistic"}, aim=1.15),
        },
    ),
]
