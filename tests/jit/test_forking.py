"""Locks in forked processes."""

import os
import threading

import pytest
from numba.core.compiler_lock import global_compiler_lock

from sknn_concepts.jit.forking import Lock

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")


def fork_while_held(held, try_to_take):
    """Whether a child that is forked while another thread holds a lock can take it; it waits a second at most."""
    taken, release = threading.Event(), threading.Event()

    def hold():
        with held:
            taken.set()
            release.wait(1.0)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    pid = os.fork()
    if pid == 0:
        os._exit(not try_to_take())
    release.set()
    holder.join()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def taken_within_a_second(lock):
    return lock.acquire(timeout=1.0)


def test_a_lock_is_free_in_a_child_whoever_held_it():
    lock, plain = Lock(), threading.Lock()
    assert fork_while_held(lock, lambda: taken_within_a_second(lock._lock))
    assert not fork_while_held(plain, lambda: taken_within_a_second(plain))
    with lock:
        pass


def test_nobody_forks_while_a_kernel_is_compiled():
    assert fork_while_held(global_compiler_lock, lambda: taken_within_a_second(global_compiler_lock._lock))
