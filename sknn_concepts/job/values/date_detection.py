"""Detection of the date format of a column from all of its values."""

import dataclasses
import re

import numpy as np

from sknn_concepts.job.values.dates import parse, tidy

#: Range of years in which values of digits only can be dates.
YEARS = (1900, 2100)

#: Minimum number of distinct values of six digits to be taken as months such as 201901.
MIN_MONTHS = 8

#: Maximum number of values from which a format is chosen.
SAMPLE_SIZE = 2_000

_NAME = re.compile(r"date|time|stamp|epoch|created|updated|modified|(^|_)(at|ts|on|when|day|dob)$", re.IGNORECASE)

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_LONG_MONTHS = "january february march april may june july august september october november december".split()
_DAYS = "mon tue wed thu fri sat sun".split()
_LONG_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_WORDS = {"%b": _MONTHS, "%B": _LONG_MONTHS, "%a": _DAYS, "%A": _LONG_DAYS, "%p": ["am", "pm"]}

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?P<second>:\d\d(?P<fraction>[.,]\d{1,9})?)?(?P<half> ?[ap]m)?"
    r"(?P<zone> ?[+-]\d\d:?\d\d)?$",
    re.IGNORECASE,
)
_ISO = re.compile(
    r"\d{8}T\d{6}|\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d([.,]\d{1,9})?)?)?( ?[+-]\d\d(:?\d\d)?)?)?", re.IGNORECASE
)

#: Possible meanings of the groups of digits of a date, alone and beside the name of a month, and their lengths.
_CODES = [tuple(codes.split()) for codes in (
    "%Y %m", "%m %Y", "%Y %m %d", "%Y %d %m", "%m %d %Y", "%d %m %Y", "%m %d %y", "%d %m %y", "%y %m %d",
)]  # fmt: skip
_CODES_BESIDE_MONTH = [("%Y",), ("%y",), ("%d", "%Y"), ("%d", "%y"), ("%Y", "%d")]
_LENGTHS = {"%Y": (4,), "%y": (2,), "%m": (1, 2), "%d": (1, 2)}

_CLOCK_BEFORE_YEAR = re.compile(r"(?P<day>.+?) (?P<clock>\d{1,2}:\d\d(:\d\d)?)(?P<zone> [+-]\d{4})?(?P<year> \d{4})")


@dataclasses.dataclass
class DateDetection:
    """Result of the detection of a date format."""

    format: str = ""  #: detected format, or an empty string
    share: float = 0.0  #: share of the values that are dates in this format
    unparsed: list = dataclasses.field(default_factory=list)  #: values that are not
    ambiguity: str = ""  #: clause about other possible readings, or an empty string


def detect_date_format(texts, name=""):
    """Detect the date format of a column from its distinct values without missing ones.

    All values together decide whether the day or the month comes first and whether two digits are a year. Seconds since
    1970 are dates only if the name of the column refers to time.
    """
    sample = texts[:: max(1, len(texts) // SAMPLE_SIZE)]
    found = _digits_alone(sample, name)
    ambiguity = ""
    if not found:
        found, ambiguity = _choose([tidy(text) for text in sample])
    if not found:
        return DateDetection(unparsed=list(texts))
    form = " or ".join(found)
    known = np.asarray(parse(texts, form).notna())
    unparsed = [text for text, good in zip(texts, known, strict=True) if not good]
    return DateDetection(form, float(known.mean()), unparsed, ambiguity)


def _digits_alone(texts, name):
    """Return the format of dates that consist of digits only, or an empty list."""
    lengths = {len(text) for text in texts}
    if not texts or not all(text.isascii() and text.isdecimal() for text in texts):
        return []
    years = [int(text[:4]) for text in texts]
    if lengths <= {10, 13} and len(lengths) == 1 and _NAME.search(name):
        seconds = [int(text[:10]) for text in texts]
        if min(seconds) >= 631_152_000 and max(seconds) < 2_208_988_800:  # 1990 to 2040
            return ["unix s" if lengths == {10} else "unix ms"]
    if len(lengths) == 1 and YEARS[0] <= min(years) and max(years) < YEARS[1]:
        if lengths in ({8}, {12}, {14}):
            form = "%Y%m%d" + {8: "", 12: "%H%M", 14: "%H%M%S"}[lengths.pop()]
            return [form] if parse(texts, form).notna().all() and (len(texts) > 4 or _NAME.search(name)) else []
        if lengths == {6} and all("01" <= text[4:] <= "12" for text in texts):
            enough = len(texts) >= MIN_MONTHS or _NAME.search(name) or re.search("month|period", name, re.IGNORECASE)
            return ["%Y%m"] if enough else []
    if lengths == {8} and _NAME.search(name):
        counts = {form: int(parse(texts, form).notna().sum()) for form in ("%d%m%Y", "%m%d%Y")}
        best = max(counts, key=counts.get)
        return [best] if counts[best] == len(texts) else []
    return []


def _choose(texts):
    """Choose the formats that together parse the most texts, and describe an ambiguity of day and month."""
    shapes = {}
    for text in texts:
        shapes.setdefault(re.sub(r"\d", "0", re.sub(r"[^\W\d_]+", _kind_of_word, text)), []).append(text)
    if sum(len(shape_texts) for shape, shape_texts in shapes.items() if _looks_dated(shape)) < 0.5 * len(texts):
        return [], ""
    reads = []  # (order, format, number of parsed texts, number of distinct years, shape)
    for shape_texts in shapes.values():
        for order, form in _candidates(shape_texts[0]):
            if re.search(r"(%.).*\1", form):  # pandas does not accept a format with two months
                continue
            dates = parse(shape_texts, form).dropna()
            if len(dates):
                reads.append((order, form, len(dates), dates.dt.year.nunique(), id(shape_texts)))
    if not reads:
        return [], ""
    orders = _order_of_parts(reads)
    best = orders[0]
    forms = {}
    for order, form, count, _, _ in reads:
        if order in ("", best):
            forms[form] = forms.get(form, 0) + count
    chosen = _fewest(sorted(forms, key=forms.get, reverse=True), texts)
    rest = {form: count for order, form, count, _, _ in reads if order not in ("", best)}
    left = int(parse(texts, " or ".join(chosen)).isna().sum()) if chosen else len(texts)
    ambiguity = ""
    if left:
        more = _fewest([*chosen, *sorted(rest, key=rest.get, reverse=True)], texts)
        if more != chosen:
            ambiguity, chosen = "dates are written in several formats", more
    elif len(orders) > 1:
        words = {"dmy": "the day comes first", "mdy": "the month comes first", "ymd": "the year comes first"}
        ambiguity = f"that {words.get(best, best)} is a guess because every date can be read both ways"
    return chosen, ambiguity


def _order_of_parts(reads):
    """Return the orders of day, month and year that parse the most dates, the most likely first."""
    totals, spread = {}, {}
    for order, _, count, years, shape in reads:
        if order:
            key = (order, shape)
            totals[key] = max(totals.get(key, 0), count)
            spread[key] = years
    orders = {}
    for (order, shape), count in totals.items():
        seen = orders.setdefault(order, [0, 0])
        seen[0] += count
        seen[1] = max(seen[1], spread[order, shape])
    if not orders:
        return [""]
    most = max(count for count, _ in orders.values())
    equal = [order for order, (count, _) in orders.items() if count == most]
    fewest = min(orders[order][1] for order in equal)  # days vary more than years
    return [order for order in equal if orders[order][1] == fewest] or equal


def _fewest(forms, texts):
    """Return those formats that parse a text which the formats before them do not."""
    import pandas

    chosen, left = [], pandas.Series(texts, dtype=object)
    for form in forms:
        read = parse(left.tolist(), form).notna().to_numpy() if len(left) else np.zeros(0, dtype=bool)
        if read.any():
            chosen.append(form)
            left = left[~read]
    return chosen


def _kind_of_word(match):
    word = match[0].lower()
    return next((code[1] for code, words in _WORDS.items() if word in words), match[0] if len(word) == 1 else "word")


def _looks_dated(shape):
    return bool(re.search(r"0.{0,3}[-/.:, T]|[bB]", shape)) and len(shape) <= 48 and shape.count("word") <= 1


def _candidates(text):
    """Return the possible formats of a text, each with its order of day, month and year."""
    if "%" in text:  # would be a directive
        return []
    if _ISO.fullmatch(text):
        return [("", "ISO8601"), ("ydm", "%Y-%d-%m" + _clock_format(text[10:]))]
    within = _CLOCK_BEFORE_YEAR.fullmatch(text)
    if within:
        time = _clock_format(" " + within["clock"]) + (" %z" if within["zone"] else "")
        days = _day_formats(within["day"] + within["year"])
        return [(order, form.removesuffix(" %Y") + time + " %Y") for order, form in days if form.endswith(" %Y")]
    clock = _CLOCK.search(text)
    if clock and (clock.start() == 0 or not text[clock.start() - 1].isdigit()):
        day, time = text[: clock.start()], _clock_format(text[clock.start() :])
        if not day:
            return [("", time)]
    else:
        day, time = text, ""
    return [(order, form + time) for order, form in _day_formats(day)]


def _clock_format(text):
    gap = re.match(r"[T ]*", text)[0]
    clock = _CLOCK.search(text[len(gap) :])
    if not clock:
        return text if not re.search(r"\d", text) else gap + "%H"
    half = clock["half"]
    form = gap + ("%I" if half else "%H") + ":%M" + (":%S" if clock["second"] else "")
    form += f"{clock['fraction'][0]}%f" if clock["fraction"] else ""
    form += re.match(" ?", half)[0] + "%p" if half else ""
    return form + (re.match(" ?", clock["zone"])[0] + "%z" if clock["zone"] else "")


def _day_formats(text):
    pieces = re.findall(r"\d+|[^\W\d_]+|[\W_]+", text)
    digits = [i for i, piece in enumerate(pieces) if piece.isdecimal()]
    form, month = list(pieces), None
    for i, piece in enumerate(pieces):
        if piece[0].isalpha():
            code = next((code for code, words in _WORDS.items() if piece.lower() in words), None)
            if code is None and piece not in ("T", "of", "at"):
                return []
            form[i] = code or piece
            month = i if code in ("%b", "%B") else month
    found = []
    for codes in _codes([len(pieces[i]) for i in digits], month is not None):
        for i, code in zip(digits, codes, strict=True):
            form[i] = code
        order = "" if month is not None else "".join(code[1].lower() for code in codes)
        found.append((order if len(codes) == 3 else "", "".join(form)))
    separators = {piece.strip() for piece in pieces if not piece[0].isalnum() and piece.strip()}
    if len(digits) == 2 and month is None and not separators <= {"-", "/"}:  # 12.2019 is a number, not a month
        return []
    return sorted(found, key=lambda pair: pair[0] == "mdy") if separators == {"."} else found


def _codes(lengths, named):
    """Return the possible meanings of the groups of digits of a date, given their lengths."""
    return [
        codes
        for codes in (_CODES_BESIDE_MONTH if named else _CODES)
        if len(codes) == len(lengths) and all(n in _LENGTHS[code] for code, n in zip(codes, lengths, strict=True))
    ]
