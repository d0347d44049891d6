"""Detection of columns that identify rows instead of describing them: row numbers, customer numbers, UUIDs.

The criteria are the name of the column, whether all values are distinct, and whether whole numbers never repeat even
though their range is so small that random numbers would.
"""

import re

import numpy as np

#: Maximum probability that random numbers from the same range are all distinct, for them to count as assigned.
MAX_CHANCE = 1e-3

#: Minimum share of distinct values for a column that is named like an identifier; below, it is a category.
MIN_DISTINCT_SHARE = 0.5

_ID = {"id", "ids", "uuid", "guid", "oid", "uid", "rowid", "identifier", "pk", "rownum", "rowname", "rownames", "recno"}
_NUMBER = {"no", "nr", "num", "number", "index", "idx", "key", "serial", "nummer", "#"}
_OWNERS = (
    "customer client user member person patient passenger employee student order product item account row record case"
    " sample transaction invoice session device ticket subject object loan policy claim property house store shop match"
    " game player team movie book song track artist image file doc document event visit encounter listing host job"
    " application household station vehicle car trip ride flight booking post tweet comment message question project"
    " task cust acct prod emp txn trans unique respondent response survey lead contact company batch part asset machine"
    " sensor node entry"
).split()
_JOINED = re.compile(rf"^({'|'.join(_OWNERS)})s?_?(id|no|nr|num|number|key|idx|index)$", re.IGNORECASE)
_NAMELESS = re.compile(
    r"^(unnamed: ?\d+(\.\d+)*|column_\d+|level_\d+|\.{3}\d+|x\.?\d*|v1|index|idx|row|rows?_?names?|n)$", re.I
)
_MEASURE = set(
    "rank ranking year years yr day days date time hour hours minute second week month quarter step epoch age score"
    " price amount cost salary income temperature temp dose weight height size length width area volume distance speed"
    " value count population wavelength wave reynolds iodine octane cetane mach atomic period position".split()
)
_POSTAL = re.compile(r"^(zip|zip_?code|post_?code|postal_?code|plz|postleitzahl|cap|cep)$", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|[0-9a-f]{24,64}", re.IGNORECASE)


def words_of(name):
    """Split a column name into lower-case words; ``CustomerId``, ``customer_id`` and ``Customer-ID`` give the same."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", str(name))
    return re.findall(r"[^\W\d_]+|#", spaced.lower())


def is_called_identifier(name):
    """Whether a name ends with a word such as ``id``, alone or joined to a noun such as ``customer`` or ``order``."""
    words = words_of(name)
    return bool(words) and (words[-1] in _ID or bool(_JOINED.match("".join(words))))


def is_called_number(name):
    """Whether a name ends with a word such as ``no``, ``number`` or ``index`` and is not a known measurement."""
    words = words_of(name)
    return bool(words) and words[-1] in _NUMBER and not _MEASURE & set(words)


def names_places(name):
    """Whether a name means postal codes."""
    return bool(_POSTAL.match("_".join(words_of(name))))


def numbers_the_rows(name, numbers, rows):
    """Return the reason why the numbers of a column identify the rows, or an empty string.

    The numbers are the known values in the order of the rows. The number of `rows` includes those without a value.
    """
    if len(numbers) < 2 or not np.array_equal(numbers, np.round(numbers)):
        return ""
    distinct = np.unique(numbers)
    called = is_called_identifier(name)
    if len(distinct) < len(numbers) or len(numbers) < rows:
        many = len(distinct) > MIN_DISTINCT_SHARE * rows
        return "identifies things instead of measuring them" if called and many else ""
    width = distinct[-1] - distinct[0] + 1.0
    if width == rows and distinct[0] in (0.0, 1.0) and not _MEASURE & set(words_of(name)):
        return "numbers the rows" if np.array_equal(numbers, distinct) else "numbers the rows in another order"
    chance = np.exp(-min(rows * (rows - 1) / (2.0 * width), 700.0))
    nameless = bool(_NAMELESS.match(str(name)))
    if called or (nameless and chance < MAX_CHANCE):
        return "numbers the rows"
    if is_called_number(name):
        index = words_of(name)[-1] in ("index", "idx") and len(words_of(name)) > 1  # price index, heat index
        return "" if index and chance >= MAX_CHANCE else "numbers the rows"
    return ""


def identifies_rows(name, texts, rows):
    """Return the reason why the texts of a column identify the rows, or an empty string.

    They do if they are distinct and either UUIDs or codes of one pattern, or if the column is named like an identifier.
    The `texts` are the distinct values, and the number of `rows` includes only those with a value.
    """
    distinct_share = len(texts) / rows
    if is_called_identifier(name) and distinct_share > MIN_DISTINCT_SHARE:
        return "identifies the rows"
    if distinct_share < 0.95 or any(" " in text for text in texts[:100]):
        return ""
    if all(_UUID.fullmatch(text) for text in texts[:1_000]):
        return "identifies the rows"
    shapes = {re.sub(r"\d+", "0", text) for text in texts[:1_000]}
    coded = len(shapes) == 1 and "0" in next(iter(shapes))
    return "identifies the rows" if coded or is_called_number(name) else ""
