"""Checkpoints of fits."""

import contextvars
import hashlib
import io
import os
import pathlib
import pickle
from numbers import Integral
from typing import Self

import numba
import numpy as np
import sklearn

from sknn_concepts._version import __version__
from sknn_concepts.callbacks.passive import PassiveCallback

#: Bytes of the digests of fits and files.
DIGEST_SIZE = 16

_active: contextvars.ContextVar = contextvars.ContextVar("checkpoint", default=None)


class Checkpoint(PassiveCallback):
    """Checkpoint of a fit, from which it resumes after its process was killed.

    A fit within a ``with`` block writes it to a file. If there is one already, the fit resumes from there, and its
    result is the same, bit for bit, as without the interruption; only ``history_["seconds"]`` differs. The file is
    deleted when the fit ends, but not if Ctrl-C ends it. From scikit-learn 1.9 on, ``set_callbacks(Checkpoint(path))``
    does the same for one estimator.

    It is for MLPClassifier and MLPRegressor with a stochastic solver, and for TabularClassifier and TabularRegressor.

    Parameters
    ----------
    path : str or path-like
        File for one fit, in a folder that exists; or a folder for any number of fits, such as those of a search, each
        of which has a file of its own there, named by a digest of its parameters and data.
    every : int, default=10
        Number of epochs after each of which the file is written, or of trained networks of an ensemble for tables.

    Raises
    ------
    ValueError
        If a parameter is out of its range. In ``fit``, if the estimator cannot resume from a checkpoint, if the file
        cannot be written, or if it belongs to a fit with other parameters, other data or other versions of the
        libraries; the message names the difference.

    Notes
    -----
    The file is written as a temporary file in the same folder, which then replaces the last one, so that it is whole at
    any time. It is a pickle: do not use files from others.

    After a fit was resumed, callbacks of scikit-learn count its epochs from 0 again.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.callbacks import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder, Checkpoint(os.path.join(folder, "fit.checkpoint"), every=20):
    ...     network = MLPClassifier(max_iter=300, random_state=0).fit(X, y)
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 10) -> None:
        if isinstance(every, bool) or not isinstance(every, Integral) or every < 1:
            raise ValueError(f"every must be a whole number of at least 1; got {every!r}.")
        if not os.fspath(path):
            raise ValueError("path must not be empty.")
        self.path, self.every = os.fspath(path), every
        self._last_fit = None  # digest of it

    def __repr__(self):
        return f"Checkpoint({self.path!r}, every={self.every})"

    def __enter__(self) -> Self:
        if _active.get() is not None:
            raise RuntimeError(f"{self!r} is within the block of {_active.get()!r}; a fit has one checkpoint.")
        _active.set(self)
        return self

    def __exit__(self, *exception: object) -> None:
        _active.set(None)


def checkpoint_of(estimator):
    """Return the checkpoint that was set for an estimator, or that of a ``with`` block; None if there is none."""
    own = [callback for callback in vars(estimator).get("_skl_callbacks", ()) if isinstance(callback, Checkpoint)]
    if len(own) > 1:
        raise ValueError(f"A fit has one checkpoint; {type(estimator).__name__} has {len(own)}: {own}.")
    return own[-1] if own else _active.get()


def refuse_checkpoint(estimator, why="only multilayer perceptrons and ensembles for tables can"):
    """Raise ValueError if there is a checkpoint for an estimator that cannot resume from one."""
    if checkpoint_of(estimator) is not None:
        raise ValueError(f"A fit of {type(estimator).__name__} cannot resume from a checkpoint: {why}.")


class CheckpointFile:
    """File of a checkpoint, for one fit.

    Parameters
    ----------
    checkpoint : Checkpoint
    *facts : dict
        What the result of the fit depends on, by name: texts, which messages show, or tuples with a digest. A
        difference between those of one dict explains differences between those of the next ones.
    """

    def __init__(self, checkpoint, *facts):
        self.every, self._checkpoint = checkpoint.every, checkpoint
        self._facts = [_versions(), *facts]
        self._digest = _digest(repr([sorted(group.items()) for group in self._facts]).encode()).hex()
        self._path = pathlib.Path(checkpoint.path)
        self._serves_many = self._path.is_dir()
        if self._serves_many:
            self._path = self._path / f"{self._digest}.checkpoint"
        self._temporary = self._path.with_name(self._path.name + ".tmp")
        folder = self._path.absolute().parent
        if not folder.is_dir():
            raise ValueError(f"The folder of {checkpoint!r} does not exist.")
        if not os.access(folder, os.W_OK):
            raise ValueError(f"The folder of {checkpoint!r} cannot be written to.")

    def load(self):
        """Return the progress of the fit that wrote the file, or None if there is no file."""
        last, self._checkpoint._last_fit = self._checkpoint._last_fit, self._digest
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            if not self._serves_many and last not in (None, self._digest):
                raise ValueError(
                    f"{self._checkpoint!r} is a file for one fit, and this is another one. For several fits, such as "
                    "those of a search, give a folder."
                ) from None
            return None
        digest, content = content[:DIGEST_SIZE], io.BytesIO(content[DIGEST_SIZE:])
        if digest != _digest(content.getbuffer()):  # before anything is unpickled
            raise ValueError(f"{self._path} is no checkpoint, or is damaged. Delete it.")
        try:
            self._compare(pickle.load(content))
            return pickle.load(content)
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as error:
            raise ValueError(f"{self._path} is no checkpoint, or is damaged: {error!r}. Delete it.") from error

    def save(self, progress):
        """Write the progress of the fit, so that the file is whole whenever the process is killed."""
        content = b"".join(pickle.dumps(part, pickle.HIGHEST_PROTOCOL) for part in (self._facts, progress))
        with self._temporary.open("wb") as file:
            file.write(_digest(content))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._temporary, self._path)

    def remove(self):
        """Delete the file: the fit has ended."""
        for path in (self._path, self._temporary):
            path.unlink(missing_ok=True)

    def _compare(self, facts):
        """Raise ValueError if facts of the file are other ones, with the differences that explain the others."""
        for before, now in zip(facts, self._facts, strict=True):
            names = [name for name in dict.fromkeys([*before, *now]) if before.get(name) != now.get(name)]
            if names:
                differences = "; ".join(_difference(name, before.get(name), now.get(name)) for name in names)
                raise ValueError(
                    f"The checkpoint {self._path} is of another fit: {differences}. Fit as before, or delete it."
                )


def _digest(content):
    return hashlib.blake2b(content, digest_size=DIGEST_SIZE).digest()


def _difference(name, before, now):
    if isinstance(before, str) and isinstance(now, str):
        return f"{name} was {before}, and is {now} now"
    return f"{name} is not the same"


def _versions():
    versions = {"sknn_concepts": __version__, **{each.__name__: each.__version__ for each in (numba, np, sklearn)}}
    return {f"the version of {library}": version for library, version in versions.items()}
