"""Threads of the contenders: as many as each library uses by default, or one."""

import contextlib
import os

#: Choices, which records and tables name.
ALL, ONE = "all threads", "one thread"

#: Environment variables with which the libraries use one thread.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
) | {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}

_VARIABLES = ", ".join(f"`{name}={value}`" for name, value in ONE_THREAD.items())

#: Description for the page of results.
SETTINGS = f"""\
All contenders but *sknn_concepts, one thread* use the number of threads that they choose themselves. PyTorch, skorch,
BackPACK, scikit-learn and its BLAS, scikit-learn-intelex, JAX, onnxruntime (`intra_op_num_threads=0`) and sknn_concepts
count the processors, and no variable that limits threads is passed to them; snapml, which would use one thread, is told
to use as many as OpenMP (`n_jobs`). For *sknn_concepts, one thread*, `n_jobs=1`. The limit has as many threads as
OpenMP, except for the Perceptron, whose updates depend on one another. A grid search starts two processes, which share
the threads. In rows with one thread, each contender's process may use one processor only (its affinity is set before it
starts, where the system can), with the environment variables {_VARIABLES}. PyTorch, scikit-learn,
sknn_concepts and the limit obey `OMP_NUM_THREADS`, scikit-learn-intelex
the affinity, JAX the affinity and `XLA_FLAGS`; snapml (`n_jobs`) and onnxruntime (`intra_op_num_threads`) are told to
use one thread. The column *processors* is the processor time of the contender's process divided by the elapsed time;
threads that wait in a loop count as well."""


def usable_processors():
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@contextlib.contextmanager
def on_one_processor():
    """Let processes that start meanwhile run on one processor, if the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(usable)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)
