"""Levels of a categorical column and their codes."""

import collections
import dataclasses
import math

import numpy as np

#: Codes of values that no level stands for: unknown ones, and missing ones.
UNKNOWN, MISSING = -1, -2

#: Name of the level that stands for all rare values.
RARE = "(rare)"


@dataclasses.dataclass(frozen=True)
class Levels:
    """Levels of a column: their names, in the order of their codes, and the code of each text."""

    names: tuple
    codes: dict
    unknown: int = UNKNOWN  #: code of texts that were not seen in fit

    def encode(self, texts):
        """Return the codes of a list of texts, in which missing values are None."""
        codes = (MISSING if text is None else self.codes.get(text, self.unknown) for text in texts)
        return np.fromiter(codes, dtype=np.int32, count=len(texts))


def learn_levels(texts, min_frequency, max_categories):
    """Learn the levels of a column.

    Texts that are rarer than `min_frequency`, a number or a share of the rows, share one level. So do the rarest ones
    if there were more than `max_categories` levels otherwise.

    Parameters
    ----------
    texts : list of str
        None where missing.
    min_frequency : int or float
    max_categories : int or None

    Returns
    -------
    levels : Levels
        The levels in alphabetical order, and the shared one at the end. Texts that were not seen belong to the shared
        level if there is one.
    """
    counts = collections.Counter(texts)
    counts.pop(None, None)
    least = math.ceil(min_frequency * len(texts)) if isinstance(min_frequency, float) else min_frequency
    by_frequency = sorted(counts, key=lambda text: (-counts[text], text))
    kept = [text for text in by_frequency if counts[text] >= least]
    if max_categories is not None and len(kept) + (len(kept) < len(counts)) > max_categories:
        kept = kept[: max_categories - 1]
    names = sorted(kept)
    codes = {text: code for code, text in enumerate(names)}
    if len(kept) == len(counts):
        return Levels(tuple(names), codes)
    return Levels((*names, RARE), {**dict.fromkeys(counts, len(names)), **codes}, unknown=len(names))
