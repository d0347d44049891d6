"""What a forked process inherits: locks that other threads held, pools whose threads are gone.

A child has one thread, the one that forked. A lock that another thread held at that moment is never released, and a
pool waits for threads that do not exist. So what holds such things is registered here, and made anew in each child.
"""

import os
import threading
import weakref

from numba.core.compiler_lock import global_compiler_lock

_registered: weakref.WeakSet = weakref.WeakSet()


def renew_in_children(thing):
    """Have ``thing.renew()`` called in every forked process, as long as somebody holds the thing."""
    _registered.add(thing)


class Lock:
    """A lock that is free in a forked process, whoever held it in the parent."""

    def __init__(self):
        self.renew()
        renew_in_children(self)

    def renew(self):
        """Release it, for good."""
        self._lock = threading.Lock()

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *exception):
        self._lock.release()


def _renew_all():
    for thing in list(_registered):
        thing.renew()


if hasattr(os, "register_at_fork"):
    # nobody forks while another thread compiles: Numba's lock would stay closed in the child, and LLVM's work half done
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
    os.register_at_fork(after_in_child=_renew_all)
