"""The variants in which each of the three networks is trained: both data types, and other units against our own."""

from benchmarks.workload import NETWORKS, Entry, Fit, against


def variants(name, title, data, parameters, **others):
    """Workloads of a network: against others in float32 and float64, and with other units against our own.

    Parameters
    ----------
    name, title : str
        Beginnings of the names and titles.
    data : callable
        ``data(quick, dtype)`` gives X and y.
    parameters : dict
        Of the network.
    **others
        For all of the workloads.

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
            entries=against(*files),
            **common,
        )
        for dtype, files in races.items()
    ] + [
        Fit(
            name=f"{name}-units-{dtype}",
            title=f"{title}, {dtype}: ours with other units against ours with relu",
            data=given(dtype),
            entries=units,
            **common,
        )
        for dtype in races
    ]
