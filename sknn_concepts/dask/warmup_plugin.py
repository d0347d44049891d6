"""Kernels on the workers of a Dask cluster, before their first task."""

import asyncio
import inspect
import threading

from distributed import WorkerPlugin

from sknn_concepts._warmup import check_options, warmup

#: Warmup changes the filters of warnings for the time that it takes, and workers may be threads of one process.
_one_at_a_time = threading.Lock()


class WarmupPlugin(WorkerPlugin):
    """Compilation of kernels on each worker of a Dask cluster, before its first task.

    Registered with a client, it calls :func:`~sknn_concepts.warmup` on all workers, and waits for them. Workers that
    join later do so before they accept tasks. Workers that share a folder of compiled kernels load those that are
    there.

    Parameters
    ----------
    **options
        Keyword arguments of :func:`~sknn_concepts.warmup`, which select the kernels.

    Attributes
    ----------
    options : dict
        The given options.

    Raises
    ------
    TypeError
        If there is no option of such a name, or if a string is given for a sequence.
    ValueError
        If an option has a value that :func:`~sknn_concepts.warmup` does not accept.

    Examples
    --------
    >>> from distributed import Client
    >>> from sknn_concepts.dask import WarmupPlugin
    >>> client = Client(processes=False, n_workers=1, dashboard_address=":0")
    >>> plugin = WarmupPlugin(dtypes=["float64"], activations=["relu"], solvers=["adam"])
    >>> responses = client.register_plugin(plugin)
    >>> client.close()
    """

    #: A plugin replaces a registered one of this name.
    name = "sknn_concepts.WarmupPlugin"

    def __init__(self, **options):
        known = inspect.signature(warmup).parameters
        if unknown := sorted(options.keys() - known.keys()):
            raise TypeError(f"warmup has no option {unknown[0]!r}; it has {list(known)}.")
        check_options(**options)
        self.options = options

    async def setup(self, worker):
        """Compile or load kernels, in a thread, so that the worker still answers the scheduler.

        Parameters
        ----------
        worker : distributed.Worker
            The worker that the plugin was added to.
        """
        await asyncio.to_thread(self._warm_up)

    def _warm_up(self):
        with _one_at_a_time:
            warmup(**self.options)
