"""The client of a fit, and its workers."""

import concurrent.futures
import contextlib
import time

import distributed

#: Seconds to wait for a new worker after a loss.
SECONDS_FOR_RESTART = 10.0

#: Seconds in which a client notices that its cluster is gone, after the first call has failed.
SECONDS_TO_NOTICE = 2.0


def find_client(client):
    """Return the client to work with: the given one, or else Dask's default client.

    Raises
    ------
    TypeError
        If it is something else than a client.
    ValueError
        If there is none, if it was closed, if it is asynchronous, or if its cluster has no workers.
    """
    if client is None:
        try:
            client = distributed.default_client()
        except ValueError:
            raise ValueError(
                "There is no Dask client. Create one first, for example client = distributed.Client(), or pass one as "
                "client=..."
            ) from None
    if not isinstance(client, distributed.Client):
        raise TypeError(f"client must be a distributed.Client or None; got a {type(client).__name__}.")
    if client.asynchronous:
        raise ValueError("client is asynchronous, but fits wait for their results; create it without asynchronous.")
    if not find_workers(client):
        raise ValueError("The cluster of the client has no workers; add some, for example with cluster.scale(2).")
    return client


def find_workers(client):
    """Return the addresses of the workers of a client; raise ValueError if it is not connected."""
    check_connected(client)
    return list(client.nthreads())


def check_connected(client):
    """Raise ValueError if a client is not connected."""
    if client.status != "running":
        raise ValueError(f"client is not connected to a cluster (its status is {client.status!r}); create a new one.")


@contextlib.contextmanager
def says_if_disconnected(client):
    """Raise ValueError instead of other errors if the client loses its connection within the context.

    These depend on what is under way at that moment: a call of an actor, a task, a question to the scheduler.
    """
    try:
        yield
    except (concurrent.futures.CancelledError, OSError, distributed.client.ClosedClientError):
        end = time.monotonic() + SECONDS_TO_NOTICE
        while client.status == "running" and time.monotonic() < end:
            time.sleep(0.05)
        check_connected(client)
        raise


def wait_for_workers(client, used=()):
    """Return the addresses of the workers when there is one that is not used yet, or after some seconds.

    Raises RuntimeError if there are none, and ValueError if the client is not connected.
    """
    end = time.monotonic() + SECONDS_FOR_RESTART
    while not set(workers := find_workers(client)) - set(used) and time.monotonic() < end:
        time.sleep(0.1)
    if not workers:
        raise RuntimeError("The cluster has lost all of its workers.")
    return workers


def cancel(client, futures, force=False):
    """Let the workers forget futures, unless the client is closed, with which they have forgotten them."""
    if client.status == "running":
        client.cancel(futures, force=force)
