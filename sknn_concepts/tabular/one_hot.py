"""One-hot encoding of the codes of categories."""

import numpy as np

from sknn_concepts.tabular.reading.levels import MISSING


class OneHot:
    """One column for each level of each category, and for two levels a single column of -1 and 1.

    Unknown values, and missing ones without a level of their own, are 0 in all columns.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows, n_categories)
        Training data, from which it is known where values are missing.
    levels : sequence of tuples of str
        Names of the levels of each category.
    missing_level : bool
        Whether missing values are a level of their own, in categories where the training data have any.
    """

    def __init__(self, codes, levels, missing_level):
        missing = (codes == MISSING).any(axis=0) & missing_level
        self._suffixes = [
            [*map(str, names), *(["(missing)"] if one else [])] for names, one in zip(levels, missing, strict=True)
        ]
        self._n_levels = [len(names) for names in levels]
        self._missing = missing
        widths = [1 if len(suffixes) == 2 else len(suffixes) for suffixes in self._suffixes]
        self._starts = np.concatenate([[0], np.cumsum(widths, dtype=int)])

    def encode(self, codes):
        """Return an array of float32 of shape (n_rows, n_outputs)."""
        encoded = np.zeros((len(codes), self._starts[-1]), dtype=np.float32)
        for category, suffixes in enumerate(self._suffixes):
            column, start = codes[:, category], self._starts[category]
            if self._missing[category]:
                column = np.where(column == MISSING, self._n_levels[category], column)
            known = np.flatnonzero(column >= 0)
            if len(suffixes) == 2:
                encoded[known, start] = 2.0 * column[known] - 1.0
            else:
                encoded[known, start + column[known]] = 1.0
        return encoded

    def onnx(self, codes):
        """Encode a list of tensors of int64 of shape (n_rows, 1), one for each category; return a list of tensors."""
        encoded = []
        for category, column in enumerate(codes):
            levels = np.arange(self._n_levels[category])
            levels = np.append(levels, MISSING) if self._missing[category] else levels
            found = column.equals(levels[None]).astype(np.float32)
            encoded.append(found @ np.array([[-1.0], [1.0]], np.float32) if len(levels) == 2 else found)
        return encoded

    def names(self, category_names):
        """Return the names of the outputs, that of the second level for two levels."""
        return [
            f"{name}_{suffix}"
            for name, suffixes in zip(category_names, self._suffixes, strict=True)
            for suffix in (suffixes[1:] if len(suffixes) == 2 else suffixes)
        ]
