"""Training of the networks of an ensemble by the workers of a Dask cluster."""

import contextlib
import dataclasses
import queue
import time
import uuid

from joblib.parallel import get_active_backend

from sknn_concepts.tabular.ensemble.deadline import MIN_SECONDS, Deadline, Grace
from sknn_concepts.tabular.ensemble.members import no_warnings_of_networks

#: Seconds after the end of the time until which networks that were trained may come back.
SECONDS_TO_RETURN = 5.0

#: What is said of others.
TOO_LATE = f"a worker has not returned it {SECONDS_TO_RETURN:g} s after the end of the time"

#: Seconds after which the client looks at the clock, and a worker asks whether it should stop.
SECONDS_BETWEEN_LOOKS = 0.5

#: Times that the table is sent to the workers, which lose it if all that hold it die.
MAX_ATTEMPTS = 4

#: What is said then.
WORKERS_LOST = (
    f"all workers were lost {MAX_ATTEMPTS} times. Look into their logs; workers that exceed their memory limit are "
    "killed"
)


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


class ClusterTraining:
    """Training of networks as tasks of the cluster.

    Times are compared by the clocks of the machines, because a task may wait for its turn. The observer is told of a
    network when it is there. After a stop or an interruption, what the workers are training is dropped.

    Parameters
    ----------
    table : TrainingTable
        Data, which the workers get at the first call.
    """

    def __init__(self, table):
        self._table, self._on_workers = table, None
        self._backend = get_active_backend()[0]

    def __call__(self, jobs, begin_until, deadline, observer):
        """Train networks, and return the errors of those that could not be trained."""
        errors, waiting, n_attempts = [], jobs, 0
        try:
            while waiting and not (deadline.stopped or deadline.interrupted or _is_over(jobs, deadline)):
                if n_attempts == MAX_ATTEMPTS:
                    errors += [RuntimeError(WORKERS_LOST)] * len(waiting)
                    break
                tasks = Tasks(self._backend, waiting, begin_until, deadline)
                try:
                    tasks.begin(self._send)
                    waiting = _collect(tasks, deadline, observer, errors)
                finally:
                    tasks.end()
                self._on_workers = None if waiting else self._on_workers
                n_attempts += 1
        except KeyboardInterrupt:
            deadline.interrupted = True
        except ClusterGone as error:  # what was trained before is still of use
            errors += [error.__cause__] * len(waiting)
        return errors

    def _send(self):
        """Return the table on the workers."""
        if self._on_workers is None:
            self._backend.effective_n_jobs(-1)  # raises if no worker comes
            self._on_workers = self._backend.client.scatter(self._table, broadcast=True, hash=False)
        return self._on_workers


def _is_over(jobs, deadline, seconds=0.0):
    """Return whether the time was up some seconds ago, and there is a network."""
    return time.monotonic() >= deadline.end + seconds and any(member.networks for member, _ in jobs)


def _collect(tasks, deadline, observer, errors):
    """Collect networks; append errors, and return the jobs that were lost together with the table."""
    lost = []
    while tasks.waiting:
        try:
            future = tasks.next()
        except TimeoutError as error:
            errors += [error] * len(tasks.waiting)
            break
        member, fold = job = tasks.waiting.pop(future)
        try:
            trained = tasks.result(future)
        except Exception as error:  # for example MemoryError: the other members are still of use
            if future.cancelled():
                lost.append(job)
            else:
                errors.append(error)
            continue
        if trained is not None:
            observer.begin(member, fold)
            member.adopt(trained)
            if observer.end(member, fold, deadline.interrupted):
                deadline.stopped = True
                break
    return lost


class ClusterGone(Exception):
    """No tasks can be sent to the cluster, for a reason that is the cause of this error."""


class Tasks:
    """Tasks of a cluster that train networks.

    Parameters
    ----------
    backend : DaskDistributedBackend
        Backend of joblib, which has a client and options of tasks.
    jobs : list of tuple of (Member, int)
        Networks to train, as members and folds.
    begin_until : float
        Time until which networks are begun.
    deadline : Deadline
        End of the training.

    Attributes
    ----------
    waiting : dict of distributed.Future to tuple of (Member, int)
        Tasks that have not returned, and their jobs.
    """

    def __init__(self, backend, jobs, begin_until, deadline):
        self.waiting = {}
        self._backend, self._jobs, self._begin_until, self._deadline = backend, jobs, begin_until, deadline
        self._returned, self._stop = queue.SimpleQueue(), None

    def begin(self, send_table):
        """Send the tasks to the cluster."""
        try:
            self._submit(send_table())
        except Exception as error:
            raise ClusterGone from error

    def _submit(self, table):
        from distributed import Event

        client, options = self._backend.client, {**self._backend.submit_kwargs, "pure": False}
        self._stop = Event(f"stop-{uuid.uuid4()}", client)
        clock = time.time() - time.monotonic()
        begin_by, end_by = self._begin_until + clock, self._deadline.end + clock
        for number, (member, fold) in enumerate(self._jobs):
            times = begin_by, end_by, MIN_SECONDS if number == fold == 0 else 0.0
            future = client.submit(_fit, _without_networks(member), fold, table, *times, self._stop, **options)
            self.waiting[future] = member, fold
            future.add_done_callback(self._returned.put)

    def next(self):
        """Return the next task that is done; raise TimeoutError if none is in time, but the first network."""
        while not _is_over(self._jobs, self._deadline, SECONDS_TO_RETURN):
            with contextlib.suppress(queue.Empty):
                return self._returned.get(timeout=SECONDS_BETWEEN_LOOKS)
        raise TimeoutError(TOO_LATE)

    def result(self, future):
        """Return the result of a task; raise TimeoutError as :meth:`next`, because a worker may hang."""
        left = self._deadline.end + SECONDS_TO_RETURN - time.monotonic()
        may_wait = left == float("inf") or not any(member.networks for member, _ in self._jobs)
        try:
            return future.result(None if may_wait else max(left, SECONDS_BETWEEN_LOOKS))
        except TimeoutError:
            raise TimeoutError(TOO_LATE) from None

    def end(self):
        """Stop the tasks that have not returned."""
        if self.waiting:
            with contextlib.suppress(Exception):  # of a client that was closed
                self._stop.set()
                self._backend.client.cancel(list(self.waiting))


def _without_networks(member):
    """Return a copy of a member without its networks, which would have to be sent."""
    return dataclasses.replace(member, networks={}, summaries={}, seconds=0.0)


def _fit(member, fold, table, begin_by, end_by, grace, stop):
    """Train the network of a fold, and return the member; return None if it is too late to begin."""
    wall = time.time()
    if wall >= begin_by and not grace:
        return None
    with no_warnings_of_networks():
        member.fit(fold, table, Either(Grace(Deadline(end_by - wall), grace), stop))
    return member


class Either:
    """The end of a deadline, or an event of the cluster, with the interface of an event.

    Parameters
    ----------
    deadline : Deadline or Grace
        Deadline.
    event : distributed.Event
        Event that the client sets. Asking for it takes a round trip to the scheduler, so that it is not asked often.
    """

    def __init__(self, deadline, event):
        self._deadline, self._event = deadline, event
        self._next_look, self._stopped = time.monotonic(), False

    def is_set(self):
        """Return whether the time is up or the event is set."""
        if not self._stopped and time.monotonic() >= self._next_look:
            self._stopped = self._event.is_set()
            self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        return self._stopped or self._deadline.is_set()
