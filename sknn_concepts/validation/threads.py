"""How many threads an estimator may start, where joblib or the environment limits them."""

import multiprocessing
import threading

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads


def allowed_threads(n_jobs=-1):
    """Threads within the budget of the process.

    That is what joblib's context says, at most as many as OpenMP may have: processes that joblib starts share the
    cores in this way. Threads that joblib starts, and processes of multiprocessing, are not told their share; there it
    is one, for all of them together already have as many as the user asked for.

    Parameters
    ----------
    n_jobs : int or None, default=-1
        As joblib takes it.

    Returns
    -------
    n_threads : int
    """
    nested = bool(get_active_backend()[0].nesting_level)
    if nested and (
        threading.current_thread() is not threading.main_thread() or multiprocessing.current_process().daemon
    ):
        return 1
    return max(1, min(effective_n_jobs(n_jobs), _openmp_effective_n_threads()))
