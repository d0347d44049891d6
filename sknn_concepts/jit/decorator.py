"""The one decorator through which every kernel of the package is compiled.

All settings of Numba are here: flags, cache, and what happens when the cache cannot be used. The rest of the package
uses :func:`kernel` only.
"""

import functools
import hashlib
import os
import pathlib
import pickle

import numba
from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache, _Cache

from sknn_concepts._warnings import warn
from sknn_concepts.jit import forking  # noqa: F401, registers what a fork has to respect
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
    dispatcher._cache = _KernelCache(function)
    return dispatcher


def without_entry(dispatcher):
    """Let a call from Python raise a TypeError: there is no machine code that unpacks Python objects."""

    def refuse(*arguments, **keywords):
        raise TypeError(f"{dispatcher.__name__} is called by kernels only.")

    def add_overload(compiled):
        dispatcher.overloads[tuple(compiled.signature.args)] = compiled  # which the dispatcher does not find

    dispatcher._compile_for_args, dispatcher.add_overload = refuse, add_overload
    return dispatcher


#: Folders of the package without kernels.
WITHOUT_KERNELS = {"validation", "training", "pruning", "estimators", "job"}


@functools.cache
def source_digest():
    """Digest of every source file of the package that can end up inside a kernel."""
    package = pathlib.Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in WITHOUT_KERNELS:
            digest.update(path.read_bytes())
    return digest.hexdigest()


class _KernelCache(_Cache):
    """Numba's disk cache, opened at the first compilation and keyed by what a kernel really depends on.

    Numba stamps a cached kernel with its own file only, so that an edited helper in another file, or an edited
    activation of a user, would leave the old machine code in use. Here the key holds the digest of the package's
    sources, and each strategy type carries the digest of its formulas in its name.
    """

    def __init__(self, function):
        self._function = function
        self._enabled = True

    @functools.cached_property
    def _disk(self):
        try:
            return _DiskCache(self._function)
        except (RuntimeError, OSError) as error:  # no writable folder anywhere
            _warn_uncached(error)
            return NullCache()

    @property
    def cache_path(self):
        return self._disk.cache_path

    def load_overload(self, sig, target_context):
        if not self._enabled:
            return None
        try:
            return self._disk.load_overload(sig, target_context)
        except Exception:  # an entry that cannot be read is a miss, never a failed fit
            return None

    def save_overload(self, sig, data):
        if not self._enabled:
            return
        try:
            self._disk.save_overload(sig, data)
        except OSError as error:
            self._enabled = False
            _warn_uncached(error)

    def enable(self):
        self._enabled = True

    def disable(self):
        self._enabled = False

    def flush(self):
        self._disk.flush()

    def files(self):
        """Files that hold the function's machine code, one for each signature, in whatever process it was compiled."""
        return self._disk._cache_file.files() if isinstance(self._disk, _DiskCache) else []


class _DiskCache(FunctionCache):
    def __init__(self, function):
        super().__init__(function)
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp())

    def _index_key(self, sig, codegen):
        described = repr((str(sig), codegen.magic_tuple(), source_digest(), CHECKED))
        return hashlib.sha256(described.encode()).hexdigest()


class _Files(IndexDataCacheFile):
    """One file for each kernel and signature, named by all that it depends on.

    Numba numbers the files and keeps an index, which processes that fill a cache at once overwrite for one another: an
    index may then lead to another signature's machine code. Each file begins with a digest of its name and of what
    follows: a file that a failing disk, or anybody, has changed is never unpickled, let alone run.
    """

    _DIGEST_SIZE = 16

    def save(self, key, data):
        self._save_data(self._data_name(key), data)

    def files(self):
        """See :meth:`_KernelCache.files`."""
        return list(pathlib.Path(self._cache_path).glob(self._index_name.replace(".nbi", ".*.nbc")))

    def flush(self):
        for path in self.files():
            path.unlink(missing_ok=True)

    def load(self, key):
        try:
            return self._load_data(self._data_name(key))
        except FileNotFoundError:
            return None

    def _save_data(self, name, data):
        pickled = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:  # a temporary file, renamed when it is complete
            file.write(self._digest(name, pickled) + pickled)

    def _load_data(self, name):
        content = pathlib.Path(self._data_path(name)).read_bytes()
        digest, pickled = content[: self._DIGEST_SIZE], content[self._DIGEST_SIZE :]
        return pickle.loads(pickled) if digest == self._digest(name, pickled) else None

    def _digest(self, name, pickled):
        digest = hashlib.blake2b(name.encode(), digest_size=self._DIGEST_SIZE)
        digest.update(pickled)
        return digest.digest()

    def _data_name(self, key):
        described = repr((key, self._version, self._source_stamp))
        return self._index_name.replace(".nbi", f".{hashlib.sha256(described.encode()).hexdigest()[:24]}.nbc")


_warned: list = []  # errors that have been reported


def _warn_uncached(error):
    """Warn once per process that every process compiles kernels anew, and say what to do."""
    if _warned:
        return
    _warned.append(error)
    warn(
        f"Compiled kernels cannot be kept on disk ({error}); every process compiles them again. Set the environment "
        "variable NUMBA_CACHE_DIR to a writable folder to avoid it.",
        RuntimeWarning,
    )


if os.environ.get("SKNN_CONCEPTS_NO_CACHE"):  # an escape hatch for file systems that break Numba's cache
    _KernelCache.load_overload = lambda self, sig, target_context: None  # type: ignore[method-assign]
    _KernelCache.save_overload = lambda self, sig, data: None  # type: ignore[method-assign]
