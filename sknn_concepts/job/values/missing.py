"""Marks that stand for a missing value, and the kinds of columns in which each of them does."""

#: Marks that stand for a missing value in every kind of column.
CERTAIN_MARKS = frozenset(
    "? NaN nan NAN NaT <NA> N/A n/a n.a. N.A. #N/A #NA NULL null Null (null) (NULL) <null> <NULL> [NULL] [null] \\N"
    " #DIV/0! #VALUE! #REF! #NUM! #NAME? #NULL! 1.#QNAN -1.#QNAN 1.#IND -1.#IND (missing)".split()
    + ["", "#N/A N/A"]
)

#: Marks that stand for a missing value in most columns, but can also be the names of classes.
LIKELY_MARKS = frozenset("NA None - -- --- .".split())

#: Marks that stand for a missing value in columns of numbers and dates, in any case. In text they are values.
NUMBER_MARKS = frozenset(
    "na none nil nan nd n.d. n/k n.k. k.a. null unknown unk unk. missing (missing) undefined (none) (blank) blank void"
    " inf -inf +inf infinity -infinity error #error / .. ... * x \u2013 \u2014".split()
    + ["not available", "not applicable", "not known"]
)


def is_number_mark(text):
    """Whether a text stands for a missing value in a column of numbers or dates."""
    return text in CERTAIN_MARKS or text in LIKELY_MARKS or text.casefold() in NUMBER_MARKS


def missing_marks(texts, kind, extra=()):
    """Return the set of those distinct values of a column that stand for a missing value.

    In columns of numbers and dates these are all known marks. In columns of categories and text they are
    :data:`CERTAIN_MARKS` and :data:`LIKELY_MARKS`. In either case, the user may give `extra` marks.
    """
    extra = {str(mark).strip() for mark in extra}
    if kind in ("number", "date"):
        possible = (text for text in texts if not text[-1:].isdigit())  # no known mark ends with a digit
        return set(filter(is_number_mark, possible)) | extra.intersection(texts)
    return set((CERTAIN_MARKS | LIKELY_MARKS | extra).intersection(texts))
