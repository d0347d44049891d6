"""The target column: classes or a number, and which rows have none.

Labels are text, as they are written. Only where all of them are whole numbers, each written in one way, are they
numbers.
"""

import dataclasses
import re

import numpy as np

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.values.conversion import as_texts, number_cells
from sknn_concepts.job.values.evidence import Guide, number_evidence
from sknn_concepts.job.values.missing import UNMISTAKABLE, missing_marks

#: Whole numbers with at most so many distinct values, each of which stands in so many rows on average, are classes.
MOST_CLASSES = 20
ROWS_OF_A_CLASS = 5

#: Fewest rows of a table, and of each class: two folds and a held-out row must be had.
FEWEST_ROWS = 20
FEWEST_OF_A_CLASS = 4

#: A mark such as ``NA`` is no class if the rarest other class has so many times its rows.
RARER = 3

#: A whole number as it is usually written, perhaps with a zero behind the point.
_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,14})(\.0+)?")

#: Letters that classes may be called, although they often stand for a missing value.
_WORDS = re.compile(r"[A-Za-z]")


@dataclasses.dataclass
class Target:
    """What is to be predicted.

    Attributes
    ----------
    y : ndarray of shape (n_known,)
        Class labels, or floats.
    known : ndarray of bool, of shape (n_rows,)
        The rows that have a target.
    task : {"classification", "regression"}
        The kind of task.
    notes : list of str
        Why it is this task, and what was left out, in sentences.
    """

    y: np.ndarray
    known: np.ndarray
    task: str
    notes: list


def read_target(series, task="auto", guide=None):
    r"""Take the target column apart.

    With ``"auto"``, text, booleans and anything with two distinct values are classes; so are whole numbers with at most
    20 distinct values that stand in 5 rows each on average. Other numbers, also those stored as text, are a regression.

    Rows without a target are left out. Among numbers every usual mark stands for a missing one. Among classes an empty
    cell, ``?``, ``\N``, ``<NA>`` and ``#N/A`` and the like do; ``NA``, ``None``, ``-`` and the like are classes,
    unless they are clearly rarer than the others.

    Parameters
    ----------
    series : pandas.Series
        Text, or values of types of their own.
    task : {"auto", "classification", "regression"}, default="auto"
    guide : Guide, optional

    Returns
    -------
    target : Target

    Raises
    ------
    BadInput
        If all values are the same, or the rows are too few.
    """
    name, guide = series.name, guide or Guide()
    boolean = series.dtype.kind == "b" or str(series.dtype) == "boolean"
    numbers, marks = (None, set()) if boolean else _numbers(series, guide)
    texts = _texts(series, numbers)
    if numbers is not None:
        known = np.isfinite(numbers)
        left_out = texts[~known & (texts != "").to_numpy()]
    else:
        marks, told = _no_labels(texts, guide)
        known = ~texts.isin(marks | {""}).to_numpy()
        left_out = texts[texts.isin(marks)]
    rows = int(known.sum())
    notes = _rows_left_out(len(series) - rows, left_out, name)
    if rows < FEWEST_ROWS:
        without = f" ({len(series) - rows} more have no target)" if rows < len(series) else ""
        raise BadInput(f"{rows} rows are too few to cross-validate{without}; at least {FEWEST_ROWS} are needed")
    labels = texts[known]
    distinct = labels.nunique() if numbers is None else len(np.unique(numbers[known]))
    if distinct == 1:
        raise BadInput(f"the target {name!r} has one value only ({labels.iloc[0]!r}); there is nothing to learn")
    whole = numbers is not None and bool((numbers[known] == np.round(numbers[known])).all())
    if task == "auto":
        few = distinct <= MOST_CLASSES and distinct * ROWS_OF_A_CLASS <= rows
        task = "classification" if numbers is None or distinct == 2 or (whole and few) else "regression"
    if task == "regression":
        if numbers is None:
            odd = next((text for text in labels if not any(map(str.isdigit, text))), labels.iloc[0])
            raise BadInput(f"the target {name!r} is no number everywhere ({odd!r}); --task classification?")
        notes.append(f"{name!r} is taken as a number to predict (--task classification for classes).")
        return Target(numbers[known], known, task, notes)
    y = series.to_numpy(dtype=object)[known].astype(bool) if boolean else _labels(labels)
    classes = _check_classes(y, name, numeric=numbers is not None)
    hint = " (--task regression for a number)" if numbers is not None else ""
    notes.append(f"{name!r} is taken as {classes} classes{hint}.")
    return Target(y, known, task, [*notes, *(told if numbers is None else [])])


def _numbers(series, guide):
    """Floats, NaN for a missing one, if the target is a number; and the marks that stand for a missing one.

    Few distinct values are labels where some are no numbers, or are numbers in another way than in the other columns.
    """
    import pandas

    if pandas.api.types.is_numeric_dtype(series.dtype):
        return number_cells(series), set()
    counts = _counts(as_texts(series))
    evidence = number_evidence(counts, guide)
    if evidence.codes or not evidence.holds(counts):
        return None, set()
    marks = evidence.marks | set(evidence.strangers)
    numbers = number_cells(series, evidence.format, tuple(marks))
    known = [text for text in evidence.known if text not in set(evidence.strangers)]
    if len(known) <= MOST_CLASSES and len(known) * ROWS_OF_A_CLASS <= len(series):
        one_number = len(known) > 1 and len(np.unique(numbers[np.isfinite(numbers)])) == 1
        other_mark = guide.hint and guide.decimal == "auto" and evidence.format.decimal != guide.hint
        decimals = other_mark and any(evidence.format.decimal in text for text in known)  # 1,2 beside 1.5
        if evidence.strangers or one_number or decimals:
            return None, set()
    return numbers, marks


def _texts(series, numbers):
    texts = as_texts(series).fillna("").astype(object)
    if numbers is not None and series.dtype.kind in "fiu":  # stored numbers: 1.0 is written 1
        texts = texts.str.replace(r"^(-?\d+)\.0$", r"\1", regex=True)
    return texts


def _counts(texts):
    return texts[texts != ""].value_counts().to_dict()


def _no_labels(texts, guide):
    """The texts that stand for a missing label, and sentences on those that might."""
    counts = _counts(texts)
    extra = set(guide.missing)
    marks = {text for text in counts if text in extra or (text in UNMISTAKABLE and not _may_be_class(text))}
    doubtful = [text for text in missing_marks(counts, "category") if text not in marks]
    classes = [count for text, count in counts.items() if text not in marks and text not in doubtful]
    told = []
    for text in sorted(doubtful):
        if classes and counts[text] * RARER <= min(classes):
            marks.add(text)
        else:
            told.append(f"{text!r} ({counts[text]:,} rows) is taken as a class (--missing={text} if it is none).")
    return marks, told


def _may_be_class(mark):
    """Whether a class may be called like a mark: a word, not something in brackets or behind a sign."""
    return bool(_WORDS.match(mark)) and not mark.startswith("#")


def _rows_left_out(rows, texts, name):
    if not rows:
        return []
    shown = ", ".join(map(repr, texts.value_counts().index[:3]))
    why = f" ({shown}{'' if len(texts) == rows else ' or empty'})" if len(texts) else ""
    return [f"{rows:,} {'row has' if rows == 1 else 'rows have'} no target{why} and {'was' if rows == 1 else 'were'} "
            f"left out: {name!r}."]  # fmt: skip


def _labels(texts):
    """Whole numbers where all labels are, each written in one way; else the texts."""
    distinct = texts.unique()
    if all(map(_WHOLE.fullmatch, distinct)):
        whole = {text: int(text.partition(".")[0]) for text in distinct}
        if len(set(whole.values())) == len(distinct):
            return texts.map(whole).to_numpy(dtype=int)
    return texts.to_numpy(dtype=object)


def _check_classes(y, name, numeric):
    labels, counts = np.unique(y, return_counts=True)
    if len(labels) > len(y) / FEWEST_OF_A_CLASS:
        hint = "; --task regression?" if numeric else ""
        raise BadInput(f"the target {name!r} has {len(labels):,} distinct values in {len(y):,} rows: no classes{hint}")
    if counts.min() < FEWEST_OF_A_CLASS:
        pairs = zip(labels, counts, strict=True)
        rare = ", ".join(f"{label} ({count})" for label, count in pairs if count < FEWEST_OF_A_CLASS)
        raise BadInput(f"classes of {name!r} with fewer than {FEWEST_OF_A_CLASS} rows: {rare}; merge or leave them out")
    return len(labels)
