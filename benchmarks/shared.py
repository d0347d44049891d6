"""Numbers that take long to compute and that several contenders or races need. The first process computes them."""

import json
import os
import pathlib

#: Environment variable with the folder of the workload.
SHARED = "SKNN_CONCEPTS_BENCHMARK_FOLDER"


def shared(name, compute):
    """Return the result of ``compute()``, which is called once for all races of a workload.

    Parameters
    ----------
    name : str
        Name of the file that stores the result.
    compute : callable
        Function without arguments.
    """
    folder = os.environ.get(SHARED)
    if folder is None:
        return compute()
    path = pathlib.Path(folder) / f"{name}.json"
    if not path.exists():
        path.write_text(json.dumps(compute()))
    return json.loads(path.read_text())
