"""Warnings that point at the user's line."""

import sys
import warnings

#: Packages whose lines are not the user's.
INSIDE = {"sknn_concepts", "sklearn", "joblib", "numba"}


def warn(message, category=UserWarning):
    """Warn at the line outside of this library, and of those that call it for the user, that led here.

    Python shows a warning once for each line: those of a second fit elsewhere are shown, too.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in INSIDE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
