"""Numbers that take long to compute and that all contenders of a race need. The first contender computes them."""

import json
import os
import pathlib

#: Environment variable with the folder of the race.
SHARED = "SKNN_CONCEPTS_BENCHMARK_FOLDER"


def shared(name, compute):
    """Return the result of ``compute()``, which is called once per race.

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
