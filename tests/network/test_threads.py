"""Threads that share work: order, errors, Ctrl-C and forks."""

import functools
import os
import signal
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_concepts.network.threads import WorkerThreads

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")


def in_child(work):
    """Exit status of a forked process that does something; it is ended after a while."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    deadline = time.monotonic() + 120.0  # it may have to compile, on a busy machine
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hangs"


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_results_come_in_order(n_threads):
    threads = WorkerThreads(n_threads)
    for _ in range(2):
        assert threads.share(lambda a, b: (a, b), range(7), "abcdefg") == list(enumerate("abcdefg"))


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("n_parts", [1, 2, 7])
def test_arrays_are_added_up_in_order(n_threads, n_parts):
    """Floating-point sums depend on the order; the arrays are not zero when they are handed out."""
    numbers = np.random.default_rng(0).normal(size=(n_parts, 5)) * 10.0 ** np.arange(n_parts)[:, None]

    def fill(number, word, out):
        time.sleep(0.002 * (n_parts - number))  # the first end last
        out[:] = numbers[number]
        return word

    total = np.full(5, np.nan)
    results = WorkerThreads(n_threads).add_up(fill, total, range(n_parts), "abcdefg"[:n_parts])
    assert results == list("abcdefg"[:n_parts])
    assert_array_equal(total, functools.reduce(np.add, numbers))


def test_threads_share():
    meeting = threading.Barrier(2, timeout=10)
    WorkerThreads(2).share(lambda _: meeting.wait(), range(2))


def test_an_error_stops_the_others():
    threads, begun = WorkerThreads(2), []

    def work(part):
        begun.append(part)
        if part == 0:
            raise ValueError("the first")
        while not threads.stopped:
            time.sleep(0.001)

    with pytest.raises(ValueError, match="the first"):
        threads.share(work, range(50))
    assert len(begun) < 5
    assert threads.share(lambda part: part, range(3)) == [0, 1, 2] and not threads.stopped


def interrupt_soon():
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


@pytest.fixture
def ctrl_c():
    """Ctrl-C raises KeyboardInterrupt, even where a shell has had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_waits_for_the_parts_under_way_only(ctrl_c):
    threads, begun, ended, timers = WorkerThreads(2), [], [], []

    def work(part):
        begun.append(part)
        if len(begun) == 2:
            timers.append(interrupt_soon())
        deadline = time.monotonic() + 20
        while not threads.stopped and time.monotonic() < deadline:
            time.sleep(0.001)
        ended.append(part)

    with pytest.raises(KeyboardInterrupt):
        threads.share(work, range(50))
    timers[0].join()
    assert len(begun) == 2 and len(ended) == 1  # Ctrl-C interrupts the calling thread itself


@pytest.mark.parametrize("n_threads", [1, 2])
def test_with_an_event_ctrl_c_ends_all_parts_and_keeps_what_they_have(n_threads, ctrl_c):
    threads, stop_event = WorkerThreads(n_threads), threading.Event()

    def work(part):
        done, deadline = 0, time.monotonic() + 20
        while not stop_event.is_set() and time.monotonic() < deadline:
            time.sleep(0.001)
            done += 1
        return part, done

    timer = interrupt_soon()
    results = threads.share(work, range(4), stop_event=stop_event)
    timer.join()
    assert stop_event.is_set() and [part for part, _ in results] == [0, 1, 2, 3]
    assert results[-1][1] == 0  # it had not begun


@forks
def test_a_forked_process_has_threads_of_its_own():
    threads = WorkerThreads(2)
    threads.share(time.sleep, [0.0] * 4)

    def work():
        assert threads.share(lambda part: part, range(4)) == [0, 1, 2, 3]

    assert in_child(work) == 0 and threads.share(lambda part: part, range(3)) == [0, 1, 2]
