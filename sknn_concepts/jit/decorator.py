"""The one decorator through which every kernel of the package is compiled.

All settings of Numba are here. The rest of the package uses :func:`kernel` only.
"""

import functools

import numba
from numba import njit

from sknn_concepts.jit import forking  # noqa: F401, registers what a fork has to respect
from sknn_concepts.jit.disk_cache import KernelCache
from sknn_concepts.jit.lowering import InternalCompiler, KernelCompiler

#: True when Numba compiles (``NUMBA_DISABLE_JIT`` is not set); kernels are ordinary Python functions otherwise.
COMPILED = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]

#: True when kernels check every index (``NUMBA_BOUNDSCHECK=1``); they have cached files of their own.
CHECKED = COMPILED and bool(numba.config.BOUNDSCHECK)  # type: ignore[attr-defined]

#: Sums may be reordered so that they vectorize. The NaN and infinity flags are left out on purpose: divergence is
#: detected with ``isfinite``, which those flags would remove.
REORDER = {"contract", "reassoc", "nsz", "arcp"}

#: Only fused multiply-add: for formulas whose order of operations carries their precision.
IN_ORDER = {"contract"}

OPTIONS = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function=None, *, in_order=False, internal=False):
    """Compile a function lazily, without the GIL, with a disk cache that cannot go stale.

    Parameters
    ----------
    function : callable
        A module-level function over arrays and numbers.
    in_order : bool, default=False
        Keep the order of floating-point operations as written.
    internal : bool, default=False
        Whether only other kernels call the function, as a part of which it is compiled to machine code.

    Returns
    -------
    dispatcher : numba dispatcher, or `function` itself with ``NUMBA_DISABLE_JIT=1``
        Nothing is compiled before the first call.
    """
    if function is None:
        return functools.partial(kernel, in_order=in_order, internal=internal)
    if not COMPILED:
        return function
    options = {"fastmath": IN_ORDER if in_order else REORDER, **OPTIONS}
    if internal:
        dispatcher = njit(pipeline_class=InternalCompiler, no_cpython_wrapper=True, **options)(function)
        return without_entry(dispatcher)
    dispatcher = njit(pipeline_class=KernelCompiler, **options)(function)
    dispatcher._cache = KernelCache(function, CHECKED)
    return dispatcher


def without_entry(dispatcher):
    """Let a call from Python raise a TypeError: there is no machine code that unpacks Python objects."""

    def refuse(*arguments, **keywords):
        raise TypeError(f"{dispatcher.__name__} is called by kernels only.")

    def add_overload(compiled):
        dispatcher.overloads[tuple(compiled.signature.args)] = compiled  # which the dispatcher does not find

    dispatcher._compile_for_args, dispatcher.add_overload = refuse, add_overload
    return dispatcher
