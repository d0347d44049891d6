"""A barrier at which the threads of one compiled loop meet.

Each thread has a cache line of its own, in which it alone writes how many barriers it has reached; the others read it.
Reaching a barrier is a store, without a lock. A thread that has to wait looks again and again for a while, because the
others are usually there within microseconds, and then sleeps until it is woken: if other programs use the processors, a
thread that only looks would keep the one it waits for from running. After it had to sleep it looks for a shorter time.

Threads can meet on Linux only, whose ``futex`` lets a thread sleep until a number in memory changes.
"""

import platform
import sys
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from sknn_concepts.jit.decorator import COMPILED, kernel
from sknn_concepts.jit.memory import empty_lines

#: Number of the system call `futex`, by processor.
_FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine()) if sys.platform == "linux" else None
#: Its operations on memory of one process.
_FUTEX_WAIT, _FUTEX_WAKE, _EVERYBODY = 128, 129, 2**31 - 1

#: Whether threads can meet in this process.
CAN_MEET = COMPILED and _FUTEX is not None

#: Numbers of the line of a thread: two cache lines, because processors load them in pairs.
LINE_CELLS = 16
#: Cells of the line of a thread: barriers that it has reached; threads that sleep until it reaches the next one;
#: and how many times less often than MOST_LOOKS it looks before it sleeps.
REACHED, SLEEPING, LOOKS_LESS = 0, 1, 2
#: The longest sleep as seconds and nanoseconds, in a line after those of the threads.
LONGEST_SLEEP = 0, 10_000_000

#: Looks before a thread sleeps: half a millisecond at most, some fifty microseconds after it had to sleep.
MOST_LOOKS, FEWEST_LOOKS = 30_000, 4_000


class Team(NamedTuple):
    """Threads that meet at barriers.

    Attributes
    ----------
    n_threads : int
        Number of threads.
    cells : ndarray of int64
        A line for each thread, and one that all of them read.
    stop : ndarray of int64 of shape (1,)
        Not zero if all threads shall return from the barrier at which they wait, or from the next one.
    """

    n_threads: int
    cells: np.ndarray
    stop: np.ndarray


def make_team(n_threads, stop=None):
    """Return a team of threads that have not reached a barrier yet."""
    cells = empty_lines((n_threads + 1, LINE_CELLS), np.int64)
    cells[:] = 0
    cells[-1, : len(LONGEST_SLEEP)] = LONGEST_SLEEP
    return Team(n_threads, cells.reshape(-1), np.zeros(1, np.int64) if stop is None else stop)


def _place(context, builder, array_type, array, index):
    return builder.gep(make_array(array_type)(context, builder, array).data, [index])


@intrinsic
def _load(typing_context, cells, index):
    """Read a cell before anything that is read after it."""

    def code(context, builder, signature, values):
        return builder.load_atomic(_place(context, builder, cells, *values), "acquire", 8)

    return types.int64(cells, types.intp), code


def _change(operation, cells):
    """Signature and code of an atomic change of a cell: after all that was written, before all that is read later."""

    def code(context, builder, signature, values):
        builder.atomic_rmw(operation, _place(context, builder, cells, *values[:2]), values[2], "seq_cst")
        return context.get_dummy_value()

    return types.void(cells, types.intp, types.int64), code


@intrinsic
def _store(typing_context, cells, index, value):
    """Write a cell."""
    return _change("xchg", cells)


@intrinsic
def _add(typing_context, cells, index, value):
    """Add to a cell that several threads write."""
    return _change("add", cells)


@intrinsic
def _pause(typing_context):
    """Tell the processor that this is a loop that waits."""
    x86 = platform.machine() in ("x86_64", "AMD64")

    def code(context, builder, signature, values):
        word = ir.IntType(32)
        name, arguments = ("llvm.x86.sse2.pause", []) if x86 else ("llvm.aarch64.hint", [word(1)])
        function_type = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
        builder.call(builder.module.declare_intrinsic(name, [], function_type), arguments)
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def _futex(typing_context, cells, index, operation, value, timeout):
    """Sleep while a cell has a value, but no longer than the time in the cells at `timeout`; or wake who sleeps."""

    def code(context, builder, signature, values):
        word = ir.IntType(64)
        addresses = [builder.ptrtoint(_place(context, builder, cells, values[0], values[i]), word) for i in (1, 4)]
        numbers = [word(_FUTEX), addresses[0], values[2], values[3], addresses[1], word(0), word(0)]
        function_type = ir.FunctionType(word, [word] * 7)
        function = builder.module.globals.get("syscall") or ir.Function(builder.module, function_type, "syscall")
        builder.call(function, numbers)
        return context.get_dummy_value()

    return types.void(cells, types.intp, types.int64, types.int64, types.intp), code


@kernel(internal=True)
def meet(team, me):
    """Wait until all threads have come here; return False if all threads shall return.

    Parameters
    ----------
    team : Team
    me : int
        Number of the calling thread.
    """
    if team.n_threads == 1:
        return True
    return _meet(team, me) if CAN_MEET else False


@kernel(internal=True)
def _meet(team, me):
    cells = team.cells
    mine, longest_sleep = me * LINE_CELLS, team.n_threads * LINE_CELLS
    reached = cells[mine + REACHED] + 1
    _store(cells, mine + REACHED, reached)
    if _load(cells, mine + SLEEPING) > 0:
        _futex(cells, mine + REACHED, _FUTEX_WAKE, _EVERYBODY, longest_sleep)
    looks_left, slept = MOST_LOOKS - cells[mine + LOOKS_LESS], False
    for other in range(team.n_threads):
        theirs = other * LINE_CELLS
        looks = looks_left
        while _load(cells, theirs + REACHED) < reached:
            if looks > 0:
                looks -= 1
                _pause()
                continue
            if _load(team.stop, 0) != 0:
                return False
            slept = True
            _add(cells, theirs + SLEEPING, 1)
            seen = _load(cells, theirs + REACHED)
            if seen < reached:
                _futex(cells, theirs + REACHED, _FUTEX_WAIT, seen, longest_sleep)
            _add(cells, theirs + SLEEPING, -1)
    looks_left = max(FEWEST_LOOKS, looks_left // 2) if slept else min(MOST_LOOKS, looks_left + looks_left // 16 + 1)
    cells[mine + LOOKS_LESS] = MOST_LOOKS - looks_left
    return _load(team.stop, 0) == 0
