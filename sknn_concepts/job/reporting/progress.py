"""The progress bar, which counts fits wherever they run, and Ctrl-C.

Fits run in other processes, and what joblib tells about them has changed before. So each fit, once it has been scored,
adds one byte to a file; the length of the file is the progress.
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

from sknn_concepts.job.clock import TIME_UP, TimeUp

#: Set by Ctrl-C. An estimator ends its fit early at Ctrl-C and returns as if nothing had happened; this remembers.
INTERRUPTED = threading.Event()

INTERVAL = 0.2  # seconds between two looks at the file


class Tally:
    """A scorer that counts.

    Parameters
    ----------
    scorer : callable
        ``scorer(estimator, X, y)``.
    path : str
        File that gets one byte a call: ``.``, or ``!`` where the estimator stopped at its ``max_iter``.
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
            file.write(b"!" if unconverged(estimator) else b".")
        return score


def last_step(model):
    """Estimator at the end of a pipeline, taken out of its target transformer where it is in one."""
    step = model[-1] if hasattr(model, "steps") else model
    return getattr(step, "regressor_", step)


def unconverged(model):
    """Whether the last step of a fitted pipeline used up its ``max_iter``."""
    step = last_step(model)
    limit = getattr(step, "max_iter", None)
    return limit is not None and int(np.max(getattr(step, "n_iter_", 0))) >= limit


class Progress:
    """Bar on stderr where that is a terminal: rich's where rich is installed, else a line of text; silent elsewhere.

    Parameters
    ----------
    total : int
        Number of fits to come.

    Attributes
    ----------
    path : str
        The file for :class:`Tally`.
    text : str
        What stands beside the bar.
    """

    def __init__(self, total):
        self.total = total
        self.text = ""

    def __enter__(self):
        """Start to count."""
        handle, self.path = tempfile.mkstemp(prefix="sknn_concepts_")
        os.close(handle)
        self._bar = _bar(self.total)
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *exception):
        """Take the bar away."""
        self._done.set()
        self._watcher.join()
        self._bar.close()
        pathlib.Path(self.path).unlink(missing_ok=True)

    def count(self):
        """Fits so far, and how many of them did not converge."""
        marks = pathlib.Path(self.path).read_bytes()
        return len(marks), marks.count(b"!")

    def say(self, line):
        """Print a line above the bar, on stdout."""
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
    """Within it, Ctrl-C sets :data:`INTERRUPTED` besides raising KeyboardInterrupt."""
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
