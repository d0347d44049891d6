"""Inference of the kind of each column: number, category, date, text, or left out.

Of the interpretations as numbers and as dates, the one that explains the larger share of the distinct values is chosen.
Values that it does not explain are taken as missing, and a note says so. A column that is neither is a category, or
text if most rows have a different value.
"""

import importlib.util
import shlex

import numpy as np

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.values.conversion import Column, as_texts, choose_number_format, number_cells
from sknn_concepts.job.values.identifiers import identifies_rows, is_called_identifier, names_places, numbers_the_rows
from sknn_concepts.job.values.interpretations import (
    Interpretation,
    ParsingHints,
    describe_missing,
    interpret_as_dates,
    interpret_as_numbers,
)
from sknn_concepts.job.values.missing import LIKELY_MARKS, missing_marks

#: Kinds that a user can declare.
KINDS = ("number", "category", "date", "text", "ignore")

#: Maximum number of distinct texts for a category if more than half of the rows have different ones.
MAX_TEXT_CATEGORIES = 20

#: Maximum number of one-hot columns of a category column.
MAX_CATEGORIES = 50


def infer_columns(frame, types=None, hints=None):
    """Infer the kind of each column.

    =========================================================  ===========================
    content of the column                                      kind
    =========================================================  ===========================
    no values, or the same value in every row                  left out
    one value or missing                                       category
    identifiers of rows (numbers, UUIDs, a name like ``id``)   left out
    numbers, apart from missing marks and a few other values   number
    codes with leading zeros or more digits than a float       category
    dates or times of day, apart from marks and a few others   date
    text that differs in more than half of the rows            text, if skrub is installed
    other text, and booleans                                   category
    =========================================================  ===========================

    The `types` are those of :data:`KINDS` that the user has declared, by column name. BadInput is raised if a column
    contains objects, or if no usable column is left.
    """
    types, hints = types or {}, hints or ParsingHints()
    columns = [_infer(frame[name], types.get(name), hints) for name in frame.columns]
    if all(column.kind == "left out" for column in columns):
        reasons = "; ".join(f"{column.name!r} {column.note}" for column in columns[:5])
        raise BadInput(f"no column is left to learn from: {reasons or 'the target is the only column'}")
    return columns


def _infer(series, declared, hints):
    import pandas

    name, rows = series.name, len(series)
    if declared == "ignore":
        return Column(name, name, "left out", "declared with --types")
    dtype = series.dtype
    if pandas.api.types.is_datetime64_any_dtype(dtype) or pandas.api.types.is_timedelta64_dtype(dtype):
        same = series.nunique(dropna=False) == 1
        return Column(name, name, "left out", "has only one value") if same else Column(name, name, declared or "date")
    try:
        texts = as_texts(series).dropna()
        if dtype.kind == "O" and any(isinstance(value, tuple) for value in pandas.unique(series)):
            raise TypeError
    except (TypeError, ValueError):
        raise BadInput(
            f"column {name!r} contains lists or other objects; leave it out: --drop {shlex.quote(str(name))}"
        ) from None
    counts = texts[texts != ""].value_counts().to_dict()
    stored = pandas.api.types.is_numeric_dtype(dtype) and not pandas.api.types.is_bool_dtype(dtype)
    if declared:
        return _as_declared(series, declared, counts, hints)
    plain = missing_marks(counts, "category", hints.missing)
    if not set(counts) - plain:
        marks = f" except {', '.join(map(repr, sorted(counts)[:3]))}" if counts else ""
        return Column(name, name, "left out", f"has no values{marks}")
    if len(counts) == 1 and sum(counts.values()) == rows:
        return Column(name, name, "left out", "has only one value")
    if len(set(counts) - plain) == 1:
        return _category(name, counts, rows, hints, "has one value or is missing")
    if pandas.api.types.is_bool_dtype(dtype):
        return Column(name, name, "category")
    if stored:
        interpretations = [Interpretation("number", "", list(counts))]
    else:
        interpretations = [interpret_as_numbers(counts, hints), interpret_as_dates(name, counts, hints)]
    valid = [interpretation for interpretation in interpretations if interpretation.is_valid(counts)]
    if valid:
        best = max(valid, key=lambda interpretation: (interpretation.share, interpretation.kind == "date"))
        return _number(series, best, counts) if best.kind == "number" else _as_interpreted(name, best, counts)
    closest = max(interpretations, key=lambda interpretation: interpretation.share)
    note = ""
    if closest.share >= 0.5 and closest.unparsed and not closest.label_reason:
        note = f"{closest.unparsed[0]!r} among {closest.kind}s (--types {name}={closest.kind})"
    return _category_or_text(name, counts, hints, note)


def _number(series, interpretation, counts):
    name, rows = series.name, len(series)
    values = number_cells(series, interpretation.format, interpretation.missing)
    known = values[np.isfinite(values)]
    reason = numbers_the_rows(str(name), known, rows)
    if reason:
        return Column(name, name, "left out", reason)
    label_reason = interpretation.label_reason
    if not label_reason and np.array_equal(known, np.round(known)):
        if is_called_identifier(name) and len(np.unique(known)) > 2:
            label_reason = "is named like an identifier"
        elif names_places(name):
            label_reason = "contains postal codes"
    if label_reason:
        return _category_or_text(name, counts, ParsingHints(), label_reason)
    if not len(known):
        return Column(name, name, "left out", "has no finite numbers")
    return _as_interpreted(name, interpretation, counts)


def _as_interpreted(name, interpretation, counts, *notes):
    """Return the column for an interpretation as numbers or dates."""
    notes = [*notes, *interpretation.notes, *describe_missing(interpretation, counts)]
    return Column(name, name, interpretation.kind, "; ".join(notes), interpretation.format, interpretation.missing)


def _category_or_text(name, counts, hints, note=""):
    total, distinct = sum(counts.values()), len(counts)
    reason = identifies_rows(name, list(counts), total)
    if reason:
        return Column(name, name, "left out", reason)
    if distinct > MAX_TEXT_CATEGORIES and distinct > total / 2:
        about = "; ".join([*([note] if note else []), f"text with {distinct:,} different values in {total:,} rows"])
        return _text(name, about, hints)
    return _category(name, counts, total, hints, note)


def _category(name, counts, rows, hints, note=""):
    marks = missing_marks(counts, "category", hints.missing)
    if len(marks) + (sum(counts.values()) < rows) > 1:  # several marks may have different meanings
        marks -= LIKELY_MARKS - set(hints.missing)
    notes = [note] if note else []
    if len(counts) > MAX_CATEGORIES:
        notes.append(f"{len(counts):,} different values; the rare ones share one column")
    return Column(name, name, "category", "; ".join(notes), "", tuple(sorted(marks)))


def _text(name, about, hints):
    if not has_skrub():
        about += "; skrub can encode it (pip install 'sknn_concepts[text]')"
        return Column(name, name, "left out", about)
    return Column(name, name, "text", about, "", tuple(sorted(hints.missing)))


def has_skrub():
    """Whether skrub is installed, checked without importing it, which would take seconds."""
    return importlib.util.find_spec("skrub") is not None


def _as_declared(series, declared, counts, hints):
    name, why = series.name, "declared with --types"
    if not counts:
        return Column(name, name, "left out", "has no values")
    if declared == "category":
        return _category(name, counts, len(series), hints, why)
    if declared == "text":
        return _text(name, why, hints)
    if declared == "date":
        interpretation = interpret_as_dates(name, counts, hints)
        if not interpretation.format and all(text.isdecimal() for text in counts):
            raise BadInput(f"--types {name}=date: values such as {next(iter(counts))!r} are not recognized as dates")
        if not interpretation.format:
            raise BadInput(f"--types {name}=date: {next(iter(counts))!r} is not a date in any known format")
        return _as_interpreted(name, interpretation, counts, why)
    form = choose_number_format(counts, hints.decimal, hints.common_decimal)
    marks = missing_marks(counts, "number", hints.missing)
    known = [text for text in counts if text not in marks]
    unparsed = [text for text, number in zip(known, form.parse(known), strict=True) if np.isnan(number)]
    if len(unparsed) == len(known):
        example = next(iter(known), next(iter(counts)))
        raise BadInput(f"--types {name}=number: no value is a number (for example {example!r})")
    return _as_interpreted(name, Interpretation("number", form, known, marks, unparsed), counts, why)
