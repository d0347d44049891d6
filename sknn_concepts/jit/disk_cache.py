"""Compiled kernels on disk: all in one folder, bounded in size, each file named by what its machine code depends on.

Numba keeps an index for each function, which processes that fill a cache at once overwrite for one another, and stamps
a cached function with its own file only, so that an edited helper in another file, or an edited activation of a user,
would leave the old machine code in use. Here there is no index. The name of a file holds a digest of the signature, of
the package's sources, of the processor and of Numba's version, and each strategy type in a signature carries the digest
of its formulas. So files of several processors and versions lie side by side, and nothing tells whether one is outdated
or another process needs it: those that have not been used for longest are deleted when the folder grows too large.
"""

import contextlib
import functools
import hashlib
import inspect
import os
import pathlib
import pickle
import sys
import tempfile
import time
import uuid
from typing import NamedTuple

import numba
from numba.core.caching import CompileResultCacheImpl, _Cache
from numba.core.compiler import compile_result
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps

from sknn_concepts._warnings import warn
from sknn_concepts.jit.lowering import LoadedLibrary

#: Folders and files of the package without kernels.
WITHOUT_KERNELS = {"callbacks", "validation", "training", "pruning", "estimators", "tabular", "export", "inspection"}
WITHOUT_KERNELS |= {"dask", "job", "_docstrings.py", "_logging.py", "_typing.py", "_warmup.py"}

#: Size of the folder from which on files are deleted; all kernels with all strategies in both precisions take half.
MAX_BYTES = 256 * 2**20

#: Seconds during which further uses of a file are not noted.
DAY = 24 * 3600

DIGEST_SIZE = 16

SUFFIX = ".nbc"


@functools.cache
def source_digest():
    """Digest of every source file of the package that can end up inside a kernel."""
    package = pathlib.Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in WITHOUT_KERNELS:
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Folders(NamedTuple):
    """Folders of compiled kernels.

    Attributes
    ----------
    writable : pathlib.Path or None
        Where kernels are saved, and loaded from.
    others : tuple of pathlib.Path
        Where kernels are only loaded from: the folder that would be the first choice if it were writable, as in an
        image that another user has filled.
    error : Exception or None
        Why there is no writable folder.
    """

    writable: pathlib.Path | None
    others: tuple
    error: Exception | None


def find_folders():
    """Folders of compiled kernels: below the one that ``NUMBA_CACHE_DIR`` names, beside the sources, or the user's."""
    return _find_folders(numba.config.CACHE_DIR, getattr(numba.config, "CACHE_LOCATOR_CLASSES", ""))


@functools.lru_cache(8)
def _find_folders(cache_dir, _):
    a_function = warn  # which lies in the folder of the package, and stands for all of it
    package = pathlib.Path(inspect.getfile(a_function)).parent
    # without a digest of the path of the package, which Numba adds: the names of the files tell versions apart
    first = pathlib.Path(cache_dir, package.name) if cache_dir else package / "__pycache__"
    if cache_dir and _can_write(first):
        return Folders(first, (), None)
    try:
        writable = pathlib.Path(CompileResultCacheImpl(a_function).locator.get_cache_path())
    except (RuntimeError, OSError) as error:
        return Folders(None, (first,), error)
    return Folders(writable, () if first == writable else (first,), None)


def _can_write(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


class KernelCache(_Cache):
    """Machine code of a kernel on disk, which dispatchers of Numba load and save.

    Parameters
    ----------
    function : function
        Function that is compiled.
    checked : bool
        Whether the machine code checks every index.
    """

    def __init__(self, function, checked):
        place = f"{function.__module__}.{function.__qualname__}-{function.__code__.co_firstlineno}"
        self._name = place.replace("<", "").replace(">", "")
        self._function, self._checked, self._enabled = function, checked, True

    @property
    def cache_path(self):
        """Folder for files to come, None if there is none."""
        writable = find_folders().writable
        return None if writable is None else str(writable)

    def load_overload(self, sig, target_context):
        """Compiled kernel for a signature, None if there is none on disk."""
        if not self._enabled or self._own_source is None:
            return None
        # all that loading needs of Numba; to prepare it for compilation takes longer than to load a network's kernels
        rtsys.initialize(target_context)
        codegen = target_context.codegen()
        folders = find_folders()
        for folder in filter(None, (folders.writable, *folders.others)):
            try:
                return _rebuild(target_context, *_read(folder / self._file_name(sig, codegen)))
            except Exception:  # a file that is not there or cannot be read is a miss, never a failed fit
                continue
        return None

    def save_overload(self, sig, data):
        """Save a compiled kernel."""
        if not self._enabled or self._own_source is None:
            return
        folder, error = find_folders().writable, find_folders().error
        if data.library.has_dynamic_globals:  # addresses in this process
            error = f"{self._name} uses a large array of a formula"
        if error is None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _write(folder / self._file_name(sig, data.codegen), _reduce(data))
                delete_oldest(folder)
            except OSError as failed:
                error = failed
        if error is not None:
            self._enabled = False
            warn_uncached(error)

    def enable(self):
        """Load and save from now on."""
        self._enabled = True

    def disable(self):
        """Neither load nor save from now on."""
        self._enabled = False

    def flush(self):
        """Delete the files of the function."""
        for path in self.files():
            path.unlink(missing_ok=True)

    def files(self):
        """Files that hold the function's machine code, one for each signature, in whatever process it was compiled."""
        writable = find_folders().writable
        return [] if writable is None else list(writable.glob(f"{self._name}.*{SUFFIX}"))

    @functools.cached_property
    def _own_source(self):
        """Digest of the file of a function that does not belong to the package.

        It is None if there is no such file, as for functions typed at a prompt, which are not kept on disk.
        """
        if self._function.__module__.partition(".")[0] == __name__.partition(".")[0]:
            return ""
        try:
            return hashlib.sha256(pathlib.Path(inspect.getfile(self._function)).read_bytes()).hexdigest()
        except (OSError, TypeError):
            return None

    def _file_name(self, sig, codegen):
        versions = source_digest(), self._own_source, numba.__version__, sys.implementation.cache_tag
        described = repr((str(sig), codegen.magic_tuple(), self._checked, *versions))
        return f"{self._name}.{hashlib.sha256(described.encode()).hexdigest()[:24]}{SUFFIX}"


def _reduce(compiled):
    """What a compiled kernel is loaded from, and which of its functions have machine code."""
    engine, description = compiled.library.codegen._engine, compiled.fndesc
    names = description.llvm_func_name, description.llvm_cpython_wrapper_name
    return compiled._reduce(), [name for name in names if engine.is_symbol_defined(name)]


def _rebuild(target_context, reduced, names):
    """Compiled kernel, as Numba's own cache rebuilds it, except for the library."""
    library, description, environment, signature, objectmode, lifted, annotation, initializers, environments = reduced
    for initialize in initializers or ():
        initialize()
    loaded = LoadedLibrary.load(target_context.codegen(), library, names)
    entry_point = target_context.get_executable(loaded, description, environment)
    for other in environments:
        loaded.codegen.set_env(other.env_name, other)
    return compile_result(
        target_context=target_context,
        typing_context=target_context.typing_context,
        library=loaded,
        environment=environment,
        entry_point=entry_point,
        fndesc=description,
        signature=signature,
        objectmode=objectmode,
        lifted=lifted,
        type_annotation=annotation,
        reload_init=initializers,
        referenced_envs=environments,
    )


def _write(path, content):
    """Write a file under another name first, so that nobody finds half of one.

    It begins with a digest of its name and of what follows: a file that a failing disk, or anybody, has changed is
    never unpickled, let alone run.
    """
    pickled = dumps(content)
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}")
    try:
        temporary.write_bytes(_digest(path, pickled) + pickled)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _read(path):
    """Content of a file that :func:`_write` has written; its time of modification tells when it was last used."""
    data = path.read_bytes()
    digest, pickled = data[:DIGEST_SIZE], data[DIGEST_SIZE:]
    if digest != _digest(path, pickled):
        raise ValueError(f"{path} is damaged.")
    with contextlib.suppress(OSError):  # the folder may be read only
        if time.time() - path.stat().st_mtime > DAY:  # each use would be a write otherwise
            os.utime(path)
    return pickle.loads(pickled)


def _digest(path, pickled):
    digest = hashlib.blake2b(path.name.encode(), digest_size=DIGEST_SIZE)
    digest.update(pickled)
    return digest.digest()


class File(NamedTuple):
    """File of a folder of compiled kernels."""

    path: pathlib.Path
    n_bytes: int
    used: float  # seconds of the clock when it was last used, to the day


def list_files(folder):
    """Files of a folder of compiled kernels, also those that a process that was killed has not finished."""
    found = []
    for path in folder.glob(f"*{SUFFIX}*"):
        with contextlib.suppress(OSError):  # another process has deleted it
            status = path.stat()
            found.append(File(path, status.st_size, status.st_mtime))
    return found


def delete_oldest(folder):
    """Delete the files that have not been used for longest until the others take less than MAX_BYTES.

    A process that still needs one of them compiles again. Files that processes read at the moment are safe: the system
    keeps them, or refuses to delete them.
    """
    files = list_files(folder)
    excess = sum(file.n_bytes for file in files) - MAX_BYTES
    for file in sorted(files, key=lambda file: file.used):
        if excess <= 0:
            return
        with contextlib.suppress(OSError):
            file.path.unlink()
            excess -= file.n_bytes


class CacheInfo(NamedTuple):
    """Folder of compiled kernels.

    Attributes
    ----------
    folder : pathlib.Path
        Path of the folder.
    n_files : int
        Number of files.
    n_bytes : int
        Size of all files in bytes.
    """

    folder: pathlib.Path
    n_files: int
    n_bytes: int


def cache_info() -> list[CacheInfo]:
    """Where compiled kernels are on disk, and how much room they take.

    Returns
    -------
    folders : list of CacheInfo
        The folder where kernels are saved, and one where kernels are only loaded from if there is one.

    Examples
    --------
    >>> from sknn_concepts import cache_info
    >>> for folder, n_files, n_bytes in cache_info():
    ...     print(f"{folder}: {n_files} files, {n_bytes / 1e6:.1f} MB")  # doctest: +SKIP
    """
    folders = find_folders()
    found = []
    for folder in filter(None, (folders.writable, *folders.others)):
        files = list_files(folder)
        if files or folder == folders.writable:
            found.append(CacheInfo(folder, len(files), sum(file.n_bytes for file in files)))
    return found


def clear_cache() -> CacheInfo | None:
    """Delete compiled kernels from disk; later processes compile what they need again.

    Processes that run at the same time are not disturbed: they keep what they have loaded.

    Returns
    -------
    deleted : CacheInfo or None
        The folder, with the number and the size of the files that were deleted; None without a folder that can be
        written to.

    Raises
    ------
    OSError
        If files cannot be deleted; the others have been.
    """
    folder = find_folders().writable
    if folder is None:
        return None
    n_files, n_bytes, errors = 0, 0, []
    for file in list_files(folder):
        try:
            file.path.unlink(missing_ok=True)
        except OSError as error:
            errors.append(error)
        else:
            n_files, n_bytes = n_files + 1, n_bytes + file.n_bytes
    if errors:
        raise errors[0]
    return CacheInfo(folder, n_files, n_bytes)


_warned: list = []  # errors that have been reported


def warn_uncached(error):
    """Warn once per process that every process compiles kernels anew, and say what to do."""
    if _warned:
        return
    _warned.append(error)
    warn(
        f"Compiled kernels cannot be kept on disk ({error}); every process compiles them again. Set the environment "
        "variable NUMBA_CACHE_DIR to a writable folder to avoid it.",
        RuntimeWarning,
    )


if os.environ.get("SKNN_CONCEPTS_NO_CACHE"):  # an escape hatch for file systems that break the cache
    KernelCache.load_overload = lambda self, sig, target_context: None  # type: ignore[method-assign]
    KernelCache.save_overload = lambda self, sig, data: None  # type: ignore[method-assign]
