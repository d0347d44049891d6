"""Benchmarks: the same work done by this library and by what a user would pick instead.

``python -m benchmarks`` runs them and renders the tables; ``--list`` tells what there is. One file a contender, one
file a workload: a new contender is a file in ``contenders`` and a line in its registry, a new workload is a file.
"""

import pathlib

#: Folder that processes are started in, so that they measure this copy of the library.
ROOT = pathlib.Path(__file__).resolve().parent.parent
