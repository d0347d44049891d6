"""A column becomes a number, a category, a date or text, or is left out: one decision, with the evidence for each kind.

Numbers and dates compete with the share of the distinct values that they explain. What they do not explain is taken
for missing, and said so. What is neither is a category, or text where nearly each row has a value of its own.
"""

import dataclasses
import importlib.util
import shlex

import numpy as np

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.values.conversion import Column, as_texts, find_format, number_cells
from sknn_concepts.job.values.evidence import Evidence, Guide, date_evidence, number_evidence, taken_as_missing
from sknn_concepts.job.values.identifiers import identifies_rows, is_called_identifier, names_places, numbers_the_rows
from sknn_concepts.job.values.missing import LIKELY, missing_marks

#: The kinds that a user can ask for.
KINDS = ("number", "category", "date", "text", "ignore")

#: More distinct texts than this, in more than half of the rows, are text and not categories.
MANY_TEXTS = 20

#: One-hot columns for one category column at most.
MAX_CATEGORIES = 50


def infer_columns(frame, types=None, guide=None):
    """Decide what each column is.

    ==================================================  ====================
    the column                                          becomes
    ==================================================  ====================
    has no value, or one value everywhere               left out
    has one value or nothing                            category
    tells rows apart (numbers, UUIDs, called ``id``)    left out
    numbers, but for marks and a few strangers          number
    codes: leading zeros, more digits than a float has  category
    dates or times of day, likewise                     date
    text, different in more than half of the rows       text, if skrub is there
    other text, and booleans                            category
    ==================================================  ====================

    Parameters
    ----------
    frame : pandas.DataFrame
        The features, as text or of types of their own.
    types : dict of str to str, optional
        Kinds of :data:`KINDS` by name of the column, as the user said.
    guide : Guide, optional

    Returns
    -------
    columns : list of Column

    Raises
    ------
    BadInput
        If no column is left to learn from, or a column holds objects.
    """
    types, guide = types or {}, guide or Guide()
    columns = [_infer(frame[name], types.get(name), guide) for name in frame.columns]
    check_something_is_left(columns)
    return columns


def check_something_is_left(columns):
    """Raise BadInput if all columns are left out."""
    if all(column.kind == "left out" for column in columns):
        reasons = "; ".join(f"{column.name!r} {column.note}" for column in columns[:5])
        raise BadInput(f"no column is left to learn from: {reasons or 'the target is the only column'}")


def _infer(series, asked, guide):
    import pandas

    name, rows = series.name, len(series)
    if asked == "ignore":
        return Column(name, name, "left out", "as --types says")
    dtype = series.dtype
    if pandas.api.types.is_datetime64_any_dtype(dtype) or pandas.api.types.is_timedelta64_dtype(dtype):
        same = series.nunique(dropna=False) == 1
        return Column(name, name, "left out", "has one value only") if same else Column(name, name, asked or "date")
    try:
        texts = as_texts(series).dropna()
        if dtype.kind == "O" and any(isinstance(value, tuple) for value in pandas.unique(series)):
            raise TypeError
    except (TypeError, ValueError):
        raise BadInput(
            f"column {name!r} holds lists or other objects; leave it out: --drop {shlex.quote(str(name))}"
        ) from None
    counts = texts[texts != ""].value_counts().to_dict()
    stored = pandas.api.types.is_numeric_dtype(dtype) and not pandas.api.types.is_bool_dtype(dtype)
    if asked:
        return _as_asked(series, asked, counts, guide)
    plain = missing_marks(counts, "category", guide.missing)
    if not set(counts) - plain:
        marks = f" but {', '.join(map(repr, sorted(counts)[:3]))}" if counts else ""
        return Column(name, name, "left out", f"has no values{marks}")
    if len(counts) == 1 and sum(counts.values()) == rows:
        return Column(name, name, "left out", "has one value only")
    if len(set(counts) - plain) == 1:
        return _category(name, counts, rows, guide, "one value or nothing")
    if pandas.api.types.is_bool_dtype(dtype):
        return Column(name, name, "category")
    found = [_as_stored(counts)] if stored else [number_evidence(counts, guide), date_evidence(name, counts, guide)]
    held = [one for one in found if one.holds(counts)]
    if held:
        best = max(held, key=lambda one: (one.share, one.kind == "date"))
        return _number(series, best, counts) if best.kind == "number" else _date(name, best, counts)
    partly = max(found, key=lambda one: one.share)
    note = ""
    if partly.share >= 0.5 and partly.strangers and not partly.codes:
        note = f"{partly.strangers[0]!r} among {partly.kind}s (--types {name}={partly.kind})"
    return _words(name, counts, guide, note)


def _as_stored(counts):
    return Evidence("number", "", list(counts))


def _number(series, evidence, counts):
    name, rows = series.name, len(series)
    marks = tuple(sorted(evidence.marks | set(evidence.strangers)))
    values = number_cells(series, evidence.format, marks)
    known = values[np.isfinite(values)]
    reason = numbers_the_rows(str(name), known, rows)
    if reason:
        return Column(name, name, "left out", reason)
    codes = evidence.codes
    if not codes and np.array_equal(known, np.round(known)):
        if is_called_identifier(name) and len(np.unique(known)) > 2:
            codes = "is called an identifier"
        elif names_places(name):
            codes = "holds postal codes"
    if codes:
        return _words(name, counts, Guide(), codes)
    if not len(known):
        return Column(name, name, "left out", "has no finite numbers")
    notes = [*evidence.notes, *taken_as_missing(evidence, counts)]
    return Column(name, name, "number", "; ".join(notes), evidence.format, marks)


def _date(name, evidence, counts):
    marks = tuple(sorted(evidence.marks | set(evidence.strangers)))
    notes = [*evidence.notes, *taken_as_missing(evidence, counts)]
    return Column(name, name, "date", "; ".join(notes), evidence.format, marks)


def _words(name, counts, guide, note=""):
    total, distinct = sum(counts.values()), len(counts)
    reason = identifies_rows(name, list(counts), total)
    if reason:
        return Column(name, name, "left out", reason)
    if distinct > MANY_TEXTS and distinct > total / 2:
        about = "; ".join([*([note] if note else []), f"text with {distinct:,} different values in {total:,} rows"])
        return _text(name, about, guide)
    return _category(name, counts, total, guide, note)


def _category(name, counts, rows, guide, note=""):
    marks = missing_marks(counts, "category", guide.missing)
    if len(marks) + (sum(counts.values()) < rows) > 1:  # kept apart where several stand for something
        marks -= LIKELY - set(guide.missing)
    notes = [note] if note else []
    if len(counts) > MAX_CATEGORIES:
        notes.append(f"{len(counts):,} different values; the rare ones share one column")
    return Column(name, name, "category", "; ".join(notes), "", tuple(sorted(marks)))


def _text(name, about, guide):
    if not has_skrub():
        about += "; skrub would encode it (pip install 'sknn_concepts[text]')"
        return Column(name, name, "left out", about)
    return Column(name, name, "text", about, "", tuple(sorted(guide.missing)))


def has_skrub():
    """Whether text can be encoded; without importing skrub, which takes seconds."""
    return importlib.util.find_spec("skrub") is not None


def _as_asked(series, asked, counts, guide):
    name, why = series.name, "as --types says"
    if not counts:
        return Column(name, name, "left out", "has no values")
    if asked == "category":
        return _category(name, counts, len(series), guide, why)
    if asked == "text":
        return _text(name, why, guide)
    if asked == "date":
        evidence = date_evidence(name, counts, guide)
        if not evidence.format and all(text.isdecimal() for text in counts):
            raise BadInput(
                f"--types {name}=date: values such as {next(iter(counts))!r} are no dates that are known here"
            )
        if not evidence.format:
            raise BadInput(f"--types {name}=date: {next(iter(counts))!r} is no date in any known format")
        return dataclasses.replace(
            _date(name, evidence, counts), note="; ".join([why, *evidence.notes, *taken_as_missing(evidence, counts)])
        )
    form = find_format(counts, guide.decimal, guide.hint)
    marks = missing_marks(counts, "number", guide.missing)
    known = [text for text in counts if text not in marks]
    strangers = [text for text, number in zip(known, form.parse(known), strict=True) if np.isnan(number)]
    if len(strangers) == len(known):
        raise BadInput(
            f"--types {name}=number: no value is a number, such as {next(iter(known), next(iter(counts)))!r}"
        )
    evidence = Evidence("number", form, known, marks, strangers)
    note = "; ".join([why, *taken_as_missing(evidence, counts)])
    return Column(name, name, "number", note, form, tuple(sorted(marks | set(strangers))))
