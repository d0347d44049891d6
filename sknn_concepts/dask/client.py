"""The client of a fit."""

import distributed


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
    if client.status != "running":
        raise ValueError(f"client is not connected to a cluster (its status is {client.status!r}); create a new one.")
    if not client.nthreads():
        raise ValueError("The cluster of the client has no workers; add some, for example with cluster.scale(2).")
    return client
