"""Warnings that point at the user's line."""

import sys
import warnings

#: Packages whose lines are not the user's.
INSIDE = {"sknn_concepts", "sklearn", "joblib", "numba"}

#: Modules that contain the outermost frames of worker threads and processes.
BEGINNINGS = {"concurrent", "multiprocessing", "runpy", "threading"}

#: Methods that users call, or have called for them.
METHODS = {"fit", "partial_fit"}


def warn(message, category=UserWarning):
    """Warn at the line outside of this library, and of those that call it for the user, that led here.

    In a worker process, where there is no such line, it is the estimator's own. Python shows a warning once for each
    line: those of a second fit elsewhere are shown, too.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    frame, level = sys._getframe(1), 2
    method = 2
    while frame.f_back is not None and _package(frame) in INSIDE:
        if _package(frame) == __package__.partition(".")[0] and frame.f_code.co_name in METHODS:
            method = level
        frame, level = frame.f_back, level + 1
    at_a_beginning = _package(frame) in BEGINNINGS | INSIDE
    warnings.warn(message, category, stacklevel=method if at_a_beginning else level)


def _package(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0]
