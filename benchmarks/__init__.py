"""Benchmarks of this library against the libraries that a user could choose instead.

``python -m benchmarks`` runs them and renders the tables, and ``--list`` lists the workloads. Each contender and each
workload has its own file. A new contender needs a file in ``contenders`` and a line in its registry; a new workload
needs a file in ``workloads`` and a line in its list.
"""

import pathlib

#: Working directory of the measured processes, so that they import this copy of the library.
ROOT = pathlib.Path(__file__).resolve().parent.parent
