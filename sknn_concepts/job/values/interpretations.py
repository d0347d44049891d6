"""Interpretations of a text column as numbers or dates, and the values that do not fit them."""

import dataclasses

from sknn_concepts.job.values.date_detection import detect_date_format
from sknn_concepts.job.values.missing import missing_marks
from sknn_concepts.job.values.number_detection import detect_number_format

#: Minimum share of the distinct values, or of the rows, that an interpretation has to explain.
MIN_EXPLAINED_SHARE = 0.9

#: Minimum number of distinct values that an interpretation has to explain if it explains a smaller share of them.
MIN_EXPLAINED_VALUES = 5


@dataclasses.dataclass
class Interpretation:
    """Interpretation of a column as one kind."""

    kind: str  #: "number" or "date"
    format: object = ""  #: date format or NumberFormat of the values
    known: list = dataclasses.field(default_factory=list)  #: distinct values without missing ones
    marks: set = dataclasses.field(default_factory=set)  #: values that stand for a missing value
    unparsed: list = dataclasses.field(default_factory=list)  #: known values that do not have the format
    notes: list = dataclasses.field(default_factory=list)  #: remarks that are not obvious
    label_reason: str = ""  #: reason why the numbers are labels and not quantities, or an empty string

    @property
    def share(self):
        """Share of the distinct values that have the format."""
        return 1.0 - len(self.unparsed) / len(self.known) if self.known else 0.0

    @property
    def missing(self):
        """Values that become missing: the marks, and the values that do not have the format."""
        return tuple(sorted(self.marks | set(self.unparsed)))

    def is_valid(self, counts):
        """Whether the interpretation is valid, given the number of rows of each value."""
        explained = len(self.known) - len(self.unparsed)
        if not explained:
            return False
        if self.share >= MIN_EXPLAINED_SHARE:
            return True
        rows = 1.0 - sum(counts[text] for text in self.unparsed) / sum(counts[text] for text in self.known)
        few = len(self.unparsed) == 1 and rows >= 0.5
        few |= len(self.unparsed) <= explained / 4 and rows >= MIN_EXPLAINED_SHARE
        return explained >= MIN_EXPLAINED_VALUES and few


@dataclasses.dataclass(frozen=True)
class ParsingHints:
    """Knowledge that applies to all columns of a table."""

    decimal: str = "auto"  #: decimal mark given by the user
    common_decimal: str = ""  #: decimal mark of most columns, or an empty string if it is unknown
    missing: tuple = ()  #: additional marks of missing values given by the user


def interpret_as_numbers(counts, hints):
    """Interpret a column as numbers, given the number of rows of each of its texts."""
    marks = missing_marks(counts, "number", hints.missing)
    known = [text for text in counts if text not in marks]
    detected = detect_number_format(known, hints.decimal, hint=hints.common_decimal)
    all_unparsed = set(detected.unparsed)
    limits = {text for text in all_unparsed if text[:1] in "<>\u2264\u2265" and any(map(str.isdecimal, text))}
    if detected.format is None and len(all_unparsed) < len(known):
        parsed = [text for text in known if text not in all_unparsed]
        detected = dataclasses.replace(
            detect_number_format(parsed, hints.decimal, hint=hints.common_decimal), unparsed=detected.unparsed
        )
    notes, form = [], detected.format
    if form and (form.thousands or form.unit or form.decimal != (hints.common_decimal or ".")):
        example = max(known, key=lambda text: (text not in all_unparsed, len(text)))
        notes.append(f"numbers stored as text such as {example!r}")
    notes += [detected.ambiguity] if detected.ambiguity else []
    if len(limits) * 2 <= len(known):  # values outside the measuring range are missing numbers
        marks, known = marks | limits, [text for text in known if text not in limits]
        detected.unparsed = [text for text in detected.unparsed if text not in limits]
    unparsed = detected.unparsed if form else known
    return Interpretation("number", form or "", known, marks, unparsed, notes, detected.label_reason)


def interpret_as_dates(name, counts, hints):
    """Interpret a column as dates, given the number of rows of each of its texts."""
    marks = missing_marks(counts, "date", hints.missing)
    known = [text for text in counts if text not in marks]
    detected = detect_date_format(known, str(name))
    notes = [f"dates stored as text ({detected.format})"] if detected.format else []
    notes += [detected.ambiguity] if detected.ambiguity else []
    return Interpretation("date", detected.format, known, marks, detected.unparsed, notes)


def describe_missing(interpretation, counts):
    """Return remarks on the texts that are taken as missing values and on their number of rows."""
    remarks = []
    for texts in (sorted(interpretation.marks, key=counts.get, reverse=True), interpretation.unparsed):
        if texts:
            rows = sum(counts[text] for text in texts)
            shown = ", ".join(map(repr, texts[:3])) + (", ..." if len(texts) > 3 else "")
            remarks.append(f"{shown} ({rows:,} row{'s' if rows > 1 else ''}) taken as missing")
    return remarks
