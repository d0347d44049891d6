"""The progress bar, which counts the fits of all processes, and the handling of Ctrl-C.

Each fit appends one byte to a file once it has been scored, and the length of the file is the progress. This works
for fits in other processes and does not depend on joblib's reports about them.
"""

import contextlib
import importlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import threading

import numpy as np

from sknn_concepts.job.deadlines import TIME_UP, TimeUp

#: Event set by Ctrl-C. It is needed because an estimator that is interrupted ends its fit and returns normally.
INTERRUPTED = threading.Event()

#: Seconds between two updates of the bar.
INTERVAL = 0.2


class CountingScorer:
    """Scorer that counts its calls.

    Parameters
    ----------
    scorer : callable
        Scorer ``scorer(estimator, X, y)``.
    path : str
        File to which each call appends one byte: ``!`` if the estimator reached its ``max_iter``, else ``.``.
    """

    def __init__(self, scorer, path):
        self.scorer = scorer
        self.path = path

    def __call__(self, estimator, X, y):
        """Score a fitted estimator."""
        if INTERRUPTED.is_set() or TIME_UP.is_set():
            raise TimeUp if TIME_UP.is_set() else KeyboardInterrupt
        score = self.scorer(estimator, X, y)
        with open(self.path, "ab") as file:
            file.write(b"!" if reached_max_iter(estimator) else b".")
        return score


def final_estimator(model):
    """Return the estimator at the end of a fitted pipeline, without a target transformer around it."""
    step = model[-1] if hasattr(model, "steps") else model
    return getattr(step, "regressor_", step)


def reached_max_iter(model):
    """Whether the estimator at the end of a fitted pipeline reached its ``max_iter``."""
    step = final_estimator(model)
    limit = getattr(step, "max_iter", None)
    return limit is not None and int(np.max(getattr(step, "n_iter_", 0))) >= limit


class Progress:
    """Progress bar on stderr if that is a terminal: a bar of rich if rich is installed, else a line of text.

    Parameters
    ----------
    total : int
        Expected number of fits.
    """

    def __init__(self, total):
        self.total = total
        self.text = ""  #: text next to the bar

    def __enter__(self):
        """Show the bar."""
        handle, self.path = tempfile.mkstemp(prefix="sknn_concepts_")
        os.close(handle)
        self._bar = _bar(self.total)
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *exception):
        """Remove the bar."""
        self._done.set()
        self._watcher.join()
        self._bar.close()
        pathlib.Path(self.path).unlink(missing_ok=True)

    def count(self):
        """Return the number of fits so far, and the number of those that did not converge."""
        marks = pathlib.Path(self.path).read_bytes()
        return len(marks), marks.count(b"!")

    def say(self, line):
        """Print a line on stdout above the bar."""
        self._bar.clear()
        print(line, flush=True)

    def _watch(self):
        while not self._done.wait(INTERVAL):
            self._bar.draw(self.count()[0], self.text)


def _bar(total):
    if not sys.stderr.isatty():
        return _NoBar()
    try:
        return _RichBar(total)
    except ImportError:
        return _PlainBar(total)


class _NoBar:
    def draw(self, fits, text):
        pass

    def clear(self):
        pass

    close = clear


class _PlainBar:
    def __init__(self, total):
        self.total = total

    def draw(self, fits, text):
        width = shutil.get_terminal_size().columns
        print("\r\033[K" + f"{fits}/{self.total} fits  {text}"[: width - 1], end="", file=sys.stderr, flush=True)

    def clear(self):
        print("\r\033[K", end="", file=sys.stderr, flush=True)

    close = clear


class _RichBar(_NoBar):
    def __init__(self, total):
        rich = importlib.import_module("rich.progress")
        text = rich.TextColumn("{task.description}", markup=False)
        self.bar = rich.Progress(
            rich.BarColumn(30),
            rich.MofNCompleteColumn(),
            rich.TimeElapsedColumn(),
            text,
            console=importlib.import_module("rich.console").Console(stderr=True),
            redirect_stdout=sys.stdout.isatty(),
            transient=True,
        )
        self.task = self.bar.add_task("", total=total)
        self.bar.start()

    def draw(self, fits, text):
        self.bar.update(self.task, completed=fits, description=text)

    def close(self):
        self.bar.stop()


@contextlib.contextmanager
def remember_interrupt():
    """Make Ctrl-C set :data:`INTERRUPTED`, in addition to raising KeyboardInterrupt, while the body runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_interrupt(number, stack):
        INTERRUPTED.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        INTERRUPTED.clear()
