"""How well numbers and dates explain a column of text, and what is left over."""

import dataclasses

from sknn_concepts.job.values import date_formats, numbers
from sknn_concepts.job.values.missing import missing_marks

#: A column is numbers or dates when they explain this share of its distinct values, or else but for a few strangers.
MOSTLY = 0.9
FEWEST_BESIDE_STRANGERS = 5


@dataclasses.dataclass
class Evidence:
    """How well one kind explains a column.

    Attributes
    ----------
    kind : str
    format : str or NumberFormat
    known : list of str
        Distinct values, missing ones left out.
    marks : set of str
        Values that are taken for missing ones.
    strangers : list of str
        Distinct values that the kind does not explain.
    notes : list of str
        What is not plain.
    codes : str
        Why numbers are labels rather than amounts.
    """

    kind: str
    format: object = ""
    known: list = dataclasses.field(default_factory=list)
    marks: set = dataclasses.field(default_factory=set)
    strangers: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    codes: str = ""

    @property
    def share(self):
        """Share of the distinct values that the kind explains."""
        return 1.0 - len(self.strangers) / len(self.known) if self.known else 0.0

    def holds(self, counts):
        """Whether the kind is that of the column, given how often each value occurs."""
        explained = len(self.known) - len(self.strangers)
        if not explained:
            return False
        if self.share >= MOSTLY:
            return True
        rows = 1.0 - sum(counts[text] for text in self.strangers) / sum(counts[text] for text in self.known)
        few = len(self.strangers) == 1 and rows >= 0.5
        few |= len(self.strangers) <= explained / 4 and rows >= MOSTLY
        return explained >= FEWEST_BESIDE_STRANGERS and few


@dataclasses.dataclass(frozen=True)
class Guide:
    """What is known of all columns beforehand.

    Attributes
    ----------
    decimal : {"auto", ".", ","}
        The decimal mark, as the user said.
    hint : {"", ".", ","}
        The decimal mark of most columns.
    missing : tuple of str
        Further marks of missing values, as the user said.
    """

    decimal: str = "auto"
    hint: str = ""
    missing: tuple = ()


def number_evidence(counts, guide):
    """Evidence for numbers, from how often each text of a column occurs."""
    marks = missing_marks(counts, "number", guide.missing)
    known = [text for text in counts if text not in marks]
    reading = numbers.study(known, guide.decimal, hint=guide.hint)
    limits = [text for text in reading.strangers if text[:1] in "<>\u2264\u2265" and any(map(str.isdecimal, text))]
    if reading.format is None and len(reading.strangers) < len(known):
        strangers = set(reading.strangers)
        reading = dataclasses.replace(
            numbers.study([text for text in known if text not in strangers], guide.decimal, hint=guide.hint),
            strangers=reading.strangers,
        )
    notes, form = [], reading.format
    if form and (form.thousands or form.unit or form.decimal != (guide.hint or ".")):
        example = max(known, key=lambda text: (text not in reading.strangers, len(text)))
        notes.append(f"numbers stored as text such as {example!r}")
    notes += [reading.doubt] if reading.doubt else []
    if len(limits) * 2 <= len(known):  # below or above what can be measured: numbers, though not known
        marks, known = marks | set(limits), [text for text in known if text not in set(limits)]
        reading.strangers = [text for text in reading.strangers if text not in set(limits)]
    strangers = reading.strangers if form else known
    return Evidence("number", form or "", known, marks, strangers, notes, reading.codes)


def date_evidence(name, counts, guide):
    """Evidence for dates, likewise; seconds since 1970 are told by the name of the column."""
    marks = missing_marks(counts, "date", guide.missing)
    known = [text for text in counts if text not in marks]
    found = date_formats.study(known, str(name))
    notes = [f"dates stored as text ({found.format})"] if found.format else []
    return Evidence("date", found.format, known, marks, found.strangers, notes + ([found.doubt] if found.doubt else []))


def taken_as_missing(evidence, counts):
    """Say which texts are taken for missing values, and in how many rows."""
    said = []
    for texts in (sorted(evidence.marks, key=counts.get, reverse=True), evidence.strangers):
        if texts:
            rows = sum(counts[text] for text in texts)
            shown = ", ".join(map(repr, texts[:3])) + (", ..." if len(texts) > 3 else "")
            said.append(f"{shown} ({rows:,} row{'s' if rows > 1 else ''}) taken as missing")
    return said
