"""The number of threads that joblib and the environment allow an estimator."""

import multiprocessing
import threading

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads


def allowed_threads(n_jobs=None):
    """Return the number of threads that this process may use.

    `n_jobs` is that of joblib; None is that of joblib's context, or all processors where there is none.

    This is the number in joblib's context, but not more than OpenMP may use, which is how processes started by joblib
    share the cores. Threads started by joblib and processes of multiprocessing do not know their share: they get one
    thread, since all of them together are already as many as the user asked for.
    """
    nested = bool(get_active_backend()[0].nesting_level)
    if nested and (
        threading.current_thread() is not threading.main_thread() or multiprocessing.current_process().daemon
    ):
        return 1
    of_openmp = _openmp_effective_n_threads()
    if of_openmp == 1:
        return 1  # without asking joblib, which warns in workers of Dask that they cannot start processes
    n_jobs = get_active_backend()[1] or -1 if n_jobs is None else n_jobs
    return max(1, min(effective_n_jobs(n_jobs), of_openmp))
