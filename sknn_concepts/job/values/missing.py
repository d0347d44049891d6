"""Marks that stand for a missing value, and where each of them is believed."""

#: Marks that hardly mean anything else, wherever they stand.
UNMISTAKABLE = frozenset(
    ["", "?", "NaN", "nan", "NAN", "<NA>", "N/A", "n/a", "n.a.", "N.A.", "NULL", "null", "Null", "(null)", "(NULL)"]
    + [
        "<null>",
        "<NULL>",
        "[NULL]",
        "[null]",
        "\\N",
        "NaT",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NUM!",
    ]
    + ["#NAME?", "#NULL!", "1.#QNAN", "-1.#IND", "1.#IND", "-1.#QNAN", "(missing)"]
)

#: Marks that are missing values in text as well, though classes may be called so.
LIKELY = frozenset(["NA", "None", "-", "--", "---", "."])

#: Words and signs that are missing values among numbers and dates, in any case; in text they are values.
AMONG_NUMBERS = frozenset(
    [
        "na",
        "none",
        "nil",
        "unknown",
        "unk",
        "unk.",
        "missing",
        "(missing)",
        "undefined",
        "not available",
        "k.a.",
        "n.d.",
    ]
    + ["not applicable", "not known", "n/k", "n.k.", "nan", "null", "\u2013", "\u2014", "/", "..", "...", "*", "x"]
    + ["(none)", "(blank)", "blank", "void", "inf", "-inf", "+inf", "infinity", "-infinity", "#error", "error", "nd"]
)


def missing_marks(texts, kind, extra=()):
    """Find the values of one column that stand for a missing one.

    ==================  ==================================================================================
    kind                a missing value is
    ==================  ==================================================================================
    number, date        any known mark, in any case
    category, text      a mark that hardly means anything else, or ``NA``, ``None``, ``-``, ``--``, ``.``
    label               a mark that hardly means anything else
    ==================  ==================================================================================

    Parameters
    ----------
    texts : iterable of str
        The distinct values of the column, stripped.
    kind : {"number", "date", "category", "text", "label"}
        What the column is; labels are those of the target.
    extra : sequence of str, default=()
        Further marks, as the user gave them.

    Returns
    -------
    marks : set of str
        Those of `texts` that stand for a missing value.
    """
    extra = {str(mark).strip() for mark in extra}
    if kind in ("number", "date"):
        odd = (text for text in texts if not text[-1:].isdigit())  # none of the known marks ends in a digit
        known = {text for text in odd if text in UNMISTAKABLE or text in LIKELY or text.casefold() in AMONG_NUMBERS}
        return known | extra.intersection(texts)
    known = UNMISTAKABLE | extra | (frozenset() if kind == "label" else LIKELY)
    return set(known.intersection(texts))
