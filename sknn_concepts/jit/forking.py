"""Forked processes, which inherit locks that other threads held and pools whose threads do not exist.

A child has one thread, the one that forked. A lock that another thread held at that moment is never released, and a
pool waits for threads that do not exist. Objects that hold them are registered here and renewed in each child.
"""

import os
import threading
import weakref

from numba.core.compiler_lock import global_compiler_lock

_registered: weakref.WeakSet = weakref.WeakSet()


def register_after_fork(thing):
    """Call ``thing.after_fork()`` in every forked process, as long as the object exists."""
    _registered.add(thing)


class Lock:
    """A lock that is free in a forked process, whoever held it in the parent."""

    def __init__(self):
        self.after_fork()
        register_after_fork(self)

    def after_fork(self):
        """Replace the lock by a new, unlocked one."""
        self._lock = threading.Lock()

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *exception):
        self._lock.release()


def _call_registered():
    for thing in list(_registered):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    # nobody forks while another thread compiles: Numba's lock would stay closed in the child, and LLVM's work half done
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
    os.register_at_fork(after_in_child=_call_registered)
