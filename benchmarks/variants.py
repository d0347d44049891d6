"""Variants of the workloads of networks: both data types, and other activations compared with relu.

So that a whole run takes half an hour, few of the possible races take place with one thread.
"""

from benchmarks.threads import ALL, ONE
from benchmarks.workload import WITH_ONE_THREAD, Entry, Fit, against


def variants(name, title, data, parameters, *, peers=(), units=True, one_thread=("float32",), **others):
    """Build the workloads of a network: comparisons with other libraries, and of other activations with relu.

    Parameters
    ----------
    name, title : str
        Beginnings of the names and titles of the workloads.
    data : callable
        Function ``data(quick, dtype)`` that returns X and y.
    parameters : dict
        Parameters of the network.
    peers : tuple of str, default=()
        Files of contenders in float32 other than scikit-learn, PyTorch and JAX.
    units : bool, default=True
        Whether to compare other activations with relu.
    one_thread : tuple of str, default=("float32",)
        Data types with races with one thread.
    **others
        Additional attributes of all workloads.

    Returns
    -------
    workloads : list of Fit
    """
    common = {"kind": "MLPClassifier", "parameters": parameters} | others

    def given(dtype):
        return lambda quick: data(quick, dtype)

    entries = {
        "float32": against("scikit_learn", "torch", *peers, "jax", "limit") | WITH_ONE_THREAD,
        "float64": against("scikit_learn", "torch", "jax", "limit", all_threads_only=("torch", "jax")),
    }
    of_units = {"sknn_concepts": Entry("sknn_concepts")} | {
        f"sknn_concepts, {unit}": Entry("sknn_concepts", {"activation": unit}) for unit in ("tanh", "logistic")
    }
    return [
        Fit(
            name=f"{name}-relu-{dtype}",
            title=f"{title}, relu, {dtype}",
            data=given(dtype),
            entries=entries[dtype],
            threads=(ALL, ONE) if dtype in one_thread else (ALL,),
            **common,
        )
        for dtype in entries
    ] + [
        Fit(
            name=f"{name}-units-{dtype}",
            title=f"{title}, {dtype}: tanh and logistic relative to relu",
            data=given(dtype),
            entries=of_units,
            threads=(ALL,),
            **common | {"rounds": 3},
        )
        for dtype in entries
        if units
    ]
