"""Where the time of a network's fit goes: ``python -m benchmarks --profile --only WORKLOAD``.

Training calls the kernels of its parts by address. Here each address is replaced by that of a small kernel that reads
the clock of the processor, calls the part, and reads the clock again, so that all parts are timed at once, in a real
fit, in the caches as they are. The rest of training (column sums, dropout, the loop itself) is what no part accounts
for, and Python is the time outside of training. A fit without clocks shows what the clocks themselves cost.
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
from benchmarks.markdown import table
from benchmarks.workloads import WORKLOADS
from sknn_concepts.jit.array_struct import ArrayStruct
from sknn_concepts.jit.decorator import OPTIONS
from sknn_concepts.jit.dispatch import Calls, DispatchTable, address
from sknn_concepts.network import architecture, compiled, kernel_table
from sknn_concepts.network.compiled import CompiledNetwork

#: Names of the parts of training, by the entry of the dispatch table that calls them.
PARTS = {
    kernel_table.call_gather: "gathering",
    kernel_table.call_weigh: "weighing",
    kernel_table.call_loss: "loss and its gradient",
    kernel_table.call_optimizer: "optimizer",
    kernel_table.call_product: "products forward",
    kernel_table.call_activate: "activations forward",
    kernel_table.call_scale: "activations backward",
    kernel_table.call_gradient: "products, gradients of weights",
    kernel_table.call_back_product: "products backward",
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


@functools.cache
def timed(entry):
    """Kernel that calls an entry and adds up the ticks that it takes."""
    names = ", ".join(entry.names)
    first = "Calls(clock.addresses, clock.numbers)" + ", 0" * entry.per_layer
    source = f"""
def timed(clock, {names}):
    start = ticks()
    result = entry({first}, {names})
    add_at(clock.place[0], ticks() - start)
    return result
"""
    namespace = {"Calls": Calls, "add_at": add_at, "entry": entry, "ticks": ticks}
    exec(source, namespace)
    return numba.njit(**OPTIONS)(namespace["timed"])


class TimedTable(DispatchTable):
    """A dispatch table whose kernels are behind clocks.

    Attributes
    ----------
    passed : list of tuple
        For each kernel its entry, and an array with the ticks that it took.
    """

    def __init__(self, entries, dtype, n_layers=1):
        super().__init__(entries, dtype, n_layers)
        self.passed, self._clocks = [], []

    def bind(self, entry, kernel, specialization, layer=0):
        """Bind a kernel, and put a clock before it."""
        super().bind(entry, kernel, specialization, layer)
        if entry in PARTS:
            passed, first = np.zeros(1, np.int64), entry.index(layer) - entry.number
            addresses = self.calls.addresses[first : first + entry.number + 1].copy()
            place = np.array([passed.ctypes.data])
            clock = ArrayStruct(addresses=addresses, numbers=self.calls.numbers, place=place)
            argument_types = clock.type, *entry.types(numba.from_dtype(self.dtype))
            timer = timed(entry)
            timer.compile(argument_types)
            code = address(timer, argument_types)
            self.calls.addresses[entry.index(layer)] = code, clock.description.ctypes.data
            self.passed.append((entry, passed))
            self._clocks.append(clock)


class TimedNetwork(CompiledNetwork):
    """A network with clocks, which adds up the time of training as a whole.

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


_made: list = []  # all timed networks


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
            mock.patch.object(architecture, "CompiledNetwork", TimedNetwork),
            mock.patch.object(architecture, "MIN_SHARED_MULTIPLY_ADDS", np.inf),  # one thread, whose clock it is
            mock.patch.object(compiled, "DispatchTable", TimedTable),
        ):
            fit()
            whole, network = min(((fit(), _made[-1]) for _ in range(3)), key=lambda found: found[0])
    return {"all": whole} | _parts(network, whole), without


def _parts(network, whole):
    ticks_per_second = network.ticks / network.seconds
    parts = dict.fromkeys(PARTS.values(), 0.0)
    for entry, passed in network.table.passed:
        parts[PARTS[entry]] += int(passed[0]) / ticks_per_second
    parts["other training (column sums, the loop)"] = network.seconds - sum(parts.values())
    parts["Python (checks, shuffling, history)"] = whole - network.seconds
    return parts


def show(name, quick=False):
    """Table of the parts of a fit, in Markdown."""
    parts, without = profile(name, quick)
    whole = parts.pop("all")
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    rows = [[what, f"{1e3 * seconds:.2f} ms", f"{seconds / whole:.1%}"] for what, seconds in ranked]
    title = f"{WORKLOADS[name].title}: {1e3 * whole:.1f} ms with clocks, {1e3 * without:.1f} ms without"
    return f"{title}\n\n{table(['part', 'time', 'share'], rows)}"
