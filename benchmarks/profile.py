"""Where the time of a network's fit goes: ``python -m benchmarks --profile --only WORKLOAD``.

Training calls the kernels of its parts by address. Here each address is exchanged for that of a small kernel that reads
the processor's clock, calls the part, and reads the clock again, so that all parts are timed at once, in a real fit, in
the caches as they are. The rest of training (column sums, dropout, the loop itself) is what no part accounts for, and
Python is what passes outside of training. A fit without clocks tells what the clocks themselves cost.
"""

import functools
import time
import warnings
from unittest import mock

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from benchmarks.contenders.sknn_concepts import make
from benchmarks.render import table
from benchmarks.workloads import WORKLOADS
from sknn_concepts.estimators import multilayer
from sknn_concepts.jit import dispatch as strategy
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import OPTIONS
from sknn_concepts.jit.dispatch import call
from sknn_concepts.network import compiled as engine
from sknn_concepts.network import layers as network
from sknn_concepts.network.compiled import CompiledNetwork

#: Names of the plugs of a network, and of those of each layer.
NETWORK = {network.GATHER: "gathering", network.LOSS: "loss and its gradient", network.OPTIMIZER: "optimizer"}
LAYER = {
    network.PRODUCT: "products forward",
    network.ACTIVATE: "activations forward",
    network.SCALE: "activations backward",
    network.GRADIENT: "products, gradients of weights",
    network.BACK: "products backward",
}


@intrinsic
def ticks(typing_context):
    """The processor's clock."""

    def code(context, builder, signature, values):
        word, name = ir.IntType(64), "llvm.readcyclecounter"
        module = builder.module
        return builder.call(module.globals.get(name) or ir.Function(module, ir.FunctionType(word, []), name), [])

    return types.int64(), code


@intrinsic
def add_at(typing_context, place, amount):
    """Add to the integer at an address: the arrays of an ArrayStruct are read-only."""

    def code(context, builder, signature, values):
        pointer = builder.inttoptr(values[0], values[1].type.as_pointer())
        builder.store(builder.add(builder.load(pointer), values[1]), pointer)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), code


@numba.njit
def now():
    """Return the clock."""
    return ticks()


# One a number of arguments, for a plug is called with as many as its part takes.


@numba.njit(**OPTIONS)
def timed_3(clock, a, b, c):
    """Call a part of three arguments and add up the ticks that it takes."""
    start = ticks()
    result = call(clock.plug, 0, (a, b, c))
    add_at(clock.place[0], ticks() - start)
    return result


@numba.njit(**OPTIONS)
def timed_4(clock, a, b, c, d):
    """The same for four arguments."""
    start = ticks()
    result = call(clock.plug, 0, (a, b, c, d))
    add_at(clock.place[0], ticks() - start)
    return result


@numba.njit(**OPTIONS)
def timed_5(clock, a, b, c, d, e):
    """The same for five arguments."""
    start = ticks()
    result = call(clock.plug, 0, (a, b, c, d, e))
    add_at(clock.place[0], ticks() - start)
    return result


@numba.njit(**OPTIONS)
def timed_8(clock, a, b, c, d, e, f, g, h):
    """The same for eight arguments."""
    start = ticks()
    result = call(clock.plug, 0, (a, b, c, d, e, f, g, h))
    add_at(clock.place[0], ticks() - start)
    return result


TIMED = {3: timed_3, 4: timed_4, 5: timed_5, 8: timed_8}


class TimedMachine(CompiledNetwork):
    """A machine with clocks, which adds up the time of training as a whole.

    Attributes
    ----------
    seconds, ticks : float
        Passed in training.
    """

    def __init__(self, *arguments, **options):
        self.seconds, self.ticks = 0.0, 0
        super().__init__(*arguments, **options)
        _made.append(self)

    def train(self, *arguments):
        """Train, and add up the time."""
        return self._time(super().train, arguments)

    def loss_gradient(self, *arguments):
        """Sum gradients, and add up the time."""
        return self._time(super().loss_gradient, arguments)

    def _time(self, work, arguments):
        start, first = time.perf_counter(), now()
        result = work(*arguments)
        self.ticks += now() - first
        self.seconds += time.perf_counter() - start
        return result


_made: list = []  # all timed machines
_clocks: list = []  # all clocks: table of plugs, number of the plug, its ticks, and what has to live as long


def plug_timed(table, index, kernel, subject, dtype=None, argument_types=()):
    """Plug a kernel in as `sknn_concepts.jit.dispatch.bind` does, behind a clock."""
    kept = strategy.bind(table, index, kernel, subject, dtype, argument_types)
    if len(argument_types) in TIMED:
        passed = np.zeros(1, np.int64)
        clock = ArrayStruct(plug=table[index : index + 1].copy(), place=np.array([passed.ctypes.data]))
        table[index] = _address(clock.type, tuple(argument_types)), clock.description.ctypes.data
        _clocks.append((table, index, passed, (clock, kept)))
    return kept


@functools.cache
def _address(clock, argument_types):
    return strategy.address(TIMED[len(argument_types)], (clock, *argument_types))


def profile(name, quick=False):
    """Seconds of each part of a fit.

    Parameters
    ----------
    name : str
        Of a workload that fits an MLPClassifier.
    quick : bool, default=False
        Fit the smaller data.

    Returns
    -------
    parts : dict of str to float
        By the name of the part, "all" for the whole fit.
    without : float
        Seconds of a fit without clocks.
    """
    workload = WORKLOADS[name]
    if getattr(workload, "kind", None) != "MLPClassifier":
        raise ValueError(f"{name} does not fit an MLPClassifier.")
    workload.load(quick)

    def fit():
        start = time.perf_counter()
        make(workload.kind, **workload.parameters).fit(workload.X, workload.y)
        return time.perf_counter() - start

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit()  # compiles
        without = min(fit() for _ in range(3))
        with (
            mock.patch.object(multilayer, "CompiledNetwork", TimedMachine),
            mock.patch.object(engine, "bind", plug_timed),
        ):
            fit()
            whole, machine = min(((fit(), _made[-1]) for _ in range(3)), key=lambda found: found[0])
    return {"all": whole} | _parts(machine, whole), without


def _parts(machine, whole):
    second = machine.ticks / machine.seconds
    parts: dict = {}
    for bound, index, passed, _ in _clocks:
        if bound is not machine.table:
            continue
        place = index - network.LAYERS
        what = NETWORK[index] if place < 0 else LAYER[place % network.PLUGS]
        parts[what] = parts.get(what, 0.0) + int(passed[0]) / second
    parts["other training (column sums, the loop)"] = machine.seconds - sum(parts.values())
    parts["Python (checks, shuffling, books)"] = whole - machine.seconds
    return parts


def show(name, quick=False):
    """Table of the parts of a fit, in Markdown."""
    parts, without = profile(name, quick)
    whole = parts.pop("all")
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    rows = [[what, f"{1e3 * seconds:.2f} ms", f"{seconds / whole:.1%}"] for what, seconds in ranked]
    title = f"{WORKLOADS[name].title}: {1e3 * whole:.1f} ms with clocks, {1e3 * without:.1f} ms without"
    return f"{title}\n\n{table(['part', 'time', 'share'], rows)}"
