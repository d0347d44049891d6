"""Columns of a table as inputs of a graph: numbers, and codes of levels."""

import datetime
import decimal
import numbers

import numpy as np

from sknn_concepts.export.model import ML
from sknn_concepts.tabular.reading import dates
from sknn_concepts.tabular.reading.cells import is_missing, text_of
from sknn_concepts.tabular.reading.levels import MISSING

#: The number that stands for a missing date or duration, as in NumPy.
NAT = np.iinfo(np.int64).min

#: What the columns of each kind of tensor are, in messages.
NOUNS = {"f": "numbers", "i": "whole numbers", "u": "whole numbers", "b": "booleans", "O": "strings"}


def dtype_of(cells):
    """Return the dtype of the input that the cells of a column stand for."""
    values = cells.values
    if values.dtype.kind in "biuf":
        return values.dtype
    if values.dtype.kind in "mM":
        return np.dtype(np.int64)
    known = values[~is_missing(values)]
    if len(known) and all(isinstance(value, datetime.date | datetime.timedelta) for value in known):
        return np.dtype(np.int64)
    if len(known) and all(isinstance(value, numbers.Real | np.bool_ | decimal.Decimal) for value in known):
        whole = len(known) == len(values) and all(isinstance(value, numbers.Integral) for value in known)
        return np.dtype(np.int64 if whole else np.float64)
    return np.dtype(object)


def as_numbers(column, part, name):
    """Convert a column to numbers of float64, NaN where they are missing, as :meth:`Part.numbers` does."""
    match part.kind:
        case "number":
            _check_dtype(column, part, name, "fiub", "numbers")
            return column.astype(np.float64)
        case "date" | "duration":
            _check_dtype(column, part, name, "i", "whole numbers of microseconds")
            return _numbers_of_times(column.astype(np.int64), part)
        case _:
            raise ValueError(
                f"Column {name!r} contains text, which {type(part.encoder).__name__} encodes; it has no equivalent in "
                "ONNX. Encode it before, and fit the ensemble to its numbers."
            )


def _numbers_of_times(column, part):
    """Convert microseconds to the parts of dates, or to days."""
    missing = column.equals(NAT)
    known = missing.where(0, column)
    if part.kind == "date":
        numbers = dates.split_tensor(known, [suffix[1:] for suffix in part.suffixes])
    else:
        numbers = known.astype(np.float64) / dates.MICROSECONDS_PER_DAY
    return missing.where(np.nan, numbers)


def as_codes(column, part):
    """Convert a column to codes of levels of int64, as :meth:`Part.codes` does."""
    codes = part.levels.codes
    unknown = part.levels.unknown
    match column.dtype.kind:
        case "O":
            return _codes_of_texts(column, codes, unknown)
        case "b":
            return column.where(codes.get("True", unknown), _codes_of(column, codes.get("False", unknown)))
        case "f" | "i" | "u" if part.kind == "boolean":
            false = _codes_of(column, codes.get("False", unknown))
            found = column.equals(0).where(false, codes.get("True", unknown))
        case "f":
            found = _codes_of_floats(column, codes, unknown)
        case _:
            return _codes_of_texts(column.astype(object), codes, unknown)
    return column.is_missing().where(MISSING, found) if column.dtype.kind == "f" else found


def _codes_of(column, code):
    """Return a constant code as a tensor of int64."""
    return column.graph.constant(np.array([[code]], np.int64))


def _codes_of_texts(column, codes, unknown):
    """Look texts up. The empty text is a missing value, unless it is a level."""
    codes = {"": MISSING} | {text: code for text, code in codes.items() if text is not None}
    return column.apply(
        "LabelEncoder",
        dtype=np.int64,
        domain=ML,
        keys_strings=tuple(codes),
        values_int64s=tuple(codes.values()),
        default_int64=unknown,
    )


def _codes_of_floats(column, codes, unknown):
    """Look numbers up whose texts are levels."""
    known = {}
    for text, code in codes.items():
        number = _number(text, column.dtype.type)
        if number is not None:
            known.setdefault(number, code)
    if not known:
        return column.equals(column).where(_codes_of(column, unknown), unknown)
    found = column.equals(np.array([list(known)], column.dtype)).astype(np.float64)
    offsets = np.array([[code - unknown] for code in known.values()], np.float64)
    return (found @ offsets + unknown).astype(np.int64)


def _number(text, to_number):
    """Return the number whose text is the given one, or None."""
    try:
        number = to_number(text)
    except (TypeError, ValueError):
        return None
    return number if text_of(number) == text else None


def _check_dtype(column, part, name, kinds, wanted):
    if column.dtype.kind not in kinds:
        raise ValueError(
            f"Column {name!r} of X_sample must contain {wanted}, because it was a {part.kind} in fit; it contains "
            f"{NOUNS[column.dtype.kind]}."
        )
