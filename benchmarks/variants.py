"""Variants of the workloads of networks: both data types, and other activations compared with relu."""

from benchmarks.threads import ALL
from benchmarks.workload import NETWORKS, WITH_ONE_THREAD, Entry, Fit, against


def variants(name, title, data, parameters, **others):
    """Build the workloads of a network: comparisons with other libraries, and of other activations with relu.

    Parameters
    ----------
    name, title : str
        Beginnings of the names and titles of the workloads.
    data : callable
        Function ``data(quick, dtype)`` that returns X and y.
    parameters : dict
        Parameters of the network.
    **others
        Additional attributes of all workloads.

    Returns
    -------
    workloads : list of Fit
    """
    common = {"kind": "MLPClassifier", "parameters": parameters} | others

    def given(dtype):
        return lambda quick: data(quick, dtype)

    races = {"float32": NETWORKS, "float64": ("scikit_learn", "torch", "jax", "limit")}
    units = {"sknn_concepts": Entry("sknn_concepts")} | {
        f"sknn_concepts, {unit}": Entry("sknn_concepts", {"activation": unit}) for unit in ("tanh", "logistic")
    }
    return [
        Fit(
            name=f"{name}-relu-{dtype}",
            title=f"{title}, relu, {dtype}",
            data=given(dtype),
            entries=against(*files) | (WITH_ONE_THREAD if dtype == "float32" else {}),
            **common,
        )
        for dtype, files in races.items()
    ] + [
        Fit(
            name=f"{name}-units-{dtype}",
            title=f"{title}, {dtype}: tanh and logistic relative to relu",
            data=given(dtype),
            entries=units,
            threads=(ALL,),
            **common,
        )
        for dtype in races
    ]
