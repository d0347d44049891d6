"""Numbers that all contenders of a race need and that take long to compute: the first to ask computes them."""

import json
import os
import pathlib

#: Environment variable with the folder of the race.
SHARED = "SKNN_CONCEPTS_BENCHMARK_FOLDER"


def shared(name, compute):
    """Number that ``compute()`` returns, computed once a race.

    Parameters
    ----------
    name : str
        Of a file.
    compute : callable
    """
    folder = os.environ.get(SHARED)
    if folder is None:
        return compute()
    path = pathlib.Path(folder) / f"{name}.json"
    if not path.exists():
        path.write_text(json.dumps(compute()))
    return json.loads(path.read_text())
