"""The target column: class labels or numbers, and the rows without a target.

Class labels are text, exactly as written. They become numbers only if all of them are whole numbers and each number is
written in one way.
"""

import dataclasses
import re

import numpy as np

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.values.conversion import as_texts, number_cells
from sknn_concepts.job.values.interpretations import ParsingHints, interpret_as_numbers
from sknn_concepts.job.values.missing import CERTAIN_MARKS, missing_marks

#: Whole numbers are classes if they have at most this many distinct values, with this many rows each on average.
MAX_CLASSES = 20
MIN_MEAN_CLASS_ROWS = 5

#: Minimum number of rows of a table and of each class, which allows for two folds and a held-out row.
MIN_ROWS = 20
MIN_CLASS_ROWS = 4

#: A mark such as ``NA`` stands for a missing label if the rarest class has this many times as many rows.
RARE_CLASS_RATIO = 3

#: A whole number in its usual notation, possibly followed by a decimal point and zeros.
_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,14})(\.0+)?")


@dataclasses.dataclass
class Target:
    """Target values and the task they imply."""

    y: np.ndarray  #: class labels or floats of the rows that have a target
    known: np.ndarray  #: mask of these rows
    task: str  #: "classification" or "regression"
    notes: list[str]  #: sentences about the choice of task and the rows that were left out
    reader: "TargetReader"  #: reads the target column of further rows


@dataclasses.dataclass(frozen=True)
class TargetReader:
    """Reader of the target column of further rows of a table, by what was found out from its first ones."""

    labels: dict | None  #: class labels by their text; None in a regression
    format: object = ""  #: format of numbers that are stored as text
    missing: tuple = ()  #: texts that stand for a missing value

    def read(self, series):
        """Return the targets of the rows that have one, and the mask of these rows; other labels count as missing."""
        if self.labels is None:
            numbers = number_cells(series, self.format, self.missing)
            known = np.isfinite(numbers)
            return numbers[known], known
        import pandas

        codes = pandas.Index(list(self.labels), dtype=object).get_indexer(label_texts(series))
        labels = np.array(list(self.labels.values()))
        labels = labels.astype(object) if labels.dtype.kind == "U" else labels
        return labels[codes[codes >= 0]], codes >= 0

    def unknown_labels(self, texts):
        """Return those of some texts that are neither a known label nor a missing value."""
        return [text for text in texts if text not in {*self.labels, *self.missing, *CERTAIN_MARKS, ""}]


def read_target(series, task="auto", hints=None):
    r"""Determine the task and the target values from the target column.

    With ``task="auto"``, text, booleans and columns with two distinct values are classes. So are whole numbers with at
    most 20 distinct values and an average of 5 rows each. All other numbers, including numbers stored as text, make the
    task a regression.

    Rows without a target are left out. If the target is a number, every known mark stands for a missing value. If it
    is a class, only empty cells and marks such as ``?``, ``\N``, ``<NA>`` and ``#N/A`` do; marks such as ``NA``,
    ``None`` and ``-`` are classes unless they are much rarer than the other classes.

    BadInput is raised if all values are the same or there are too few rows.
    """
    name, hints = series.name, hints or ParsingHints()
    boolean = series.dtype.kind == "b" or str(series.dtype) == "boolean"
    numbers, number_format, missing = (None, "", ()) if boolean else _numbers(series, hints)
    texts, mark_notes = label_texts(series), []
    if numbers is not None:
        known = np.isfinite(numbers)
        left_out = texts[~known & (texts != "").to_numpy()]
    else:
        marks, mark_notes = _missing_labels(texts, hints)
        known = ~texts.isin(marks | {""}).to_numpy()
        left_out = texts[texts.isin(marks)]
    rows = int(known.sum())
    notes = _rows_left_out(len(series) - rows, left_out, name)
    if rows < MIN_ROWS:
        without = f" ({len(series) - rows} more have no target)" if rows < len(series) else ""
        raise BadInput(f"{rows} rows are too few to cross-validate{without}; at least {MIN_ROWS} are needed")
    labels = texts[known]
    distinct = labels.nunique() if numbers is None else len(np.unique(numbers[known]))
    if distinct == 1:
        raise BadInput(f"the target {name!r} has only one value ({labels.iloc[0]!r}), so there is nothing to learn")
    whole = numbers is not None and bool((numbers[known] == np.round(numbers[known])).all())
    if task == "auto":
        few = distinct <= MAX_CLASSES and distinct * MIN_MEAN_CLASS_ROWS <= rows
        task = "classification" if numbers is None or distinct == 2 or (whole and few) else "regression"
    if task == "regression":
        if numbers is None:
            odd = next((text for text in labels if not any(map(str.isdigit, text))), labels.iloc[0])
            raise BadInput(
                f"the target {name!r} is not a number in every row ({odd!r}); is it a class? --task classification"
            )
        notes.append(f"{name!r} is treated as a number (--task classification to treat its values as classes).")
        return Target(numbers[known], known, task, notes, TargetReader(None, number_format, missing))
    y = series.to_numpy(dtype=object)[known].astype(bool) if boolean else _labels(labels)
    classes = _check_classes(y, name, numeric=numbers is not None)
    hint = " (--task regression to treat it as a number)" if numbers is not None else ""
    notes.append(f"{name!r} is treated as categorical, with {classes} classes{hint}.")
    first = ~labels.duplicated().to_numpy()
    reader = TargetReader(dict(zip(labels[first], y[first], strict=True)), missing=tuple(left_out.unique()))
    return Target(y, known, task, notes + mark_notes, reader)


def _numbers(series, hints):
    """Return floats (NaN where missing), their format and the marks of missing values; None if it is no number.

    A few distinct values are labels, not numbers, if some of them do not parse as numbers or if they are not written
    like the numbers in the other columns.
    """
    import pandas

    if pandas.api.types.is_numeric_dtype(series.dtype):
        return number_cells(series), "", ()
    counts = _counts(as_texts(series))
    interpretation = interpret_as_numbers(counts, hints)
    if interpretation.label_reason or not interpretation.is_valid(counts):
        return None, "", ()
    numbers = number_cells(series, interpretation.format, interpretation.missing)
    unparsed, mark = set(interpretation.unparsed), interpretation.format.decimal
    known = [text for text in interpretation.known if text not in unparsed]
    if len(known) <= MAX_CLASSES and len(known) * MIN_MEAN_CLASS_ROWS <= len(series):
        one_number = len(known) > 1 and len(np.unique(numbers[np.isfinite(numbers)])) == 1
        other_mark = hints.common_decimal and hints.decimal == "auto" and mark != hints.common_decimal
        decimals = other_mark and any(mark in text for text in known)  # 1,2 but 1.5 elsewhere
        if unparsed or one_number or decimals:
            return None, "", ()
    return numbers, interpretation.format, interpretation.missing


def label_texts(series):
    """Return the target column as text, empty where missing."""
    texts = as_texts(series).fillna("").astype(object)
    if series.dtype.kind in "fiu":  # a stored 1.0 is the label 1
        texts = texts.str.replace(r"^(-?\d+)\.0$", r"\1", regex=True)
    return texts


def _counts(texts):
    return texts[texts != ""].value_counts().to_dict()


def _missing_labels(texts, hints):
    """Return the texts that stand for a missing label, and sentences about those that might."""
    counts = _counts(texts)
    extra = set(hints.missing)
    # a mark that begins with a letter can be the name of a class
    marks = {text for text in counts if text in extra or (text in CERTAIN_MARKS and not text[0].isalpha())}
    doubtful = [text for text in missing_marks(counts, "category") if text not in marks]
    classes = [count for text, count in counts.items() if text not in marks and text not in doubtful]
    notes = []
    for text in sorted(doubtful):
        if classes and counts[text] * RARE_CLASS_RATIO <= min(classes):
            marks.add(text)
        else:
            notes.append(
                f"{text!r} ({counts[text]:,} rows) is treated as a class (--missing={text} to treat it as missing)."
            )
    return marks, notes


def _rows_left_out(rows, texts, name):
    if not rows:
        return []
    shown = ", ".join(map(repr, texts.value_counts().index[:3]))
    why = f" ({shown}{'' if len(texts) == rows else ' or empty'})" if len(texts) else ""
    return [f"{rows:,} {'row has' if rows == 1 else 'rows have'} no target{why} and {'was' if rows == 1 else 'were'} "
            f"left out: {name!r}."]  # fmt: skip


def _labels(texts):
    """Return labels as whole numbers if all of them are, each written in one way, else as text."""
    distinct = texts.unique()
    if all(map(_WHOLE.fullmatch, distinct)):
        whole = {text: int(text.partition(".")[0]) for text in distinct}
        if len(set(whole.values())) == len(distinct):
            return texts.map(whole).to_numpy(dtype=int)
    return texts.to_numpy(dtype=object)


def _check_classes(y, name, numeric):
    labels, counts = np.unique(y, return_counts=True)
    if len(labels) > len(y) / MIN_CLASS_ROWS:
        hint = "; is it a number? --task regression" if numeric else ""
        raise BadInput(
            f"the target {name!r} has {len(labels):,} distinct values in {len(y):,} rows, too many for classes{hint}"
        )
    if counts.min() < MIN_CLASS_ROWS:
        pairs = zip(labels, counts, strict=True)
        rare = ", ".join(f"{label} ({count})" for label, count in pairs if count < MIN_CLASS_ROWS)
        raise BadInput(f"some classes of {name!r} have fewer than {MIN_CLASS_ROWS} rows: {rare}; merge or remove them")
    return len(labels)
