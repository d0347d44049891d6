"""Training of the networks of an ensemble by the workers of a Dask cluster."""

import dataclasses
import time

from joblib.parallel import get_active_backend

from sknn_concepts.tabular.ensemble.deadline import MIN_SECONDS, Deadline, Grace


def on_cluster():
    """Return whether joblib's context names a Dask cluster, and this is not one of the tasks of its workers.

    A task that waited for others would take the place of one of them.
    """
    if type(get_active_backend()[0]).__name__ != "DaskDistributedBackend":
        return False
    from distributed import get_worker

    try:
        get_worker()
    except ValueError:
        return True
    return False


def train_on_cluster(jobs, table, begin_until, deadline, observer):
    """Train networks as tasks of the cluster, and return the errors of those that could not be trained.

    Times are compared by the clocks of the machines, because a task may wait for its turn. The observer is told of a
    network when it is there. After a stop or an interruption, what the workers are training is dropped.
    """
    from distributed import as_completed

    if deadline.interrupted or deadline.stopped:
        return []
    backend = get_active_backend()[0]
    table = backend.client.scatter(table, broadcast=True, hash=False)
    now, wall = time.monotonic(), time.time()
    begin_by, end_by = begin_until - now + wall, deadline.end - now + wall
    job_of, errors = {}, []
    for number, (member, fold) in enumerate(jobs):
        grace = MIN_SECONDS if number == fold == 0 else 0.0
        arguments = _without_networks(member), fold, table, begin_by, end_by, grace
        job_of[backend.client.submit(_fit, *arguments, pure=False, **backend.submit_kwargs)] = member, fold
    try:
        for future in as_completed(list(job_of)):
            member, fold = job_of.pop(future)
            try:
                trained = future.result()
            except Exception as error:  # for example MemoryError: the other members are still of use
                errors.append(error)
                continue
            if trained is not None:
                observer.begin(member, fold)
                member.adopt(trained)
                if observer.end(member, fold, deadline.interrupted):
                    deadline.stopped = True
                    break
    except KeyboardInterrupt:
        deadline.interrupted = True
    finally:
        backend.client.cancel(list(job_of))
    return errors


def _without_networks(member):
    """Return a copy of a member without its networks, which would have to be sent."""
    return dataclasses.replace(member, networks={}, summaries={}, seconds=0.0)


def _fit(member, fold, table, begin_by, end_by, grace):
    """Train the network of a fold, and return the member; return None if it is too late to begin."""
    wall = time.time()
    if wall >= begin_by and not grace:
        return None
    member.fit(fold, table, Grace(Deadline(end_by - wall), grace))
    return member
