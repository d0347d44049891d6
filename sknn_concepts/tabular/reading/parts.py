"""How each column of a table is read: what is learned of it in fit, and the numbers or codes that it becomes."""

import dataclasses
import datetime
import importlib
import importlib.util

import numpy as np
from sklearn.base import clone

from sknn_concepts._warnings import warn
from sknn_concepts.tabular.reading import dates
from sknn_concepts.tabular.reading.cells import as_dates, as_durations, as_numbers, as_texts, kind_of
from sknn_concepts.tabular.reading.levels import Levels, learn_levels

#: Number of components that encode the text of a column.
TEXT_COMPONENTS = 30


@dataclasses.dataclass(frozen=True)
class Part:
    """What was learned of a column in fit.

    The `kind` is one of ``"number"``, ``"boolean"``, ``"category"``, ``"date"``, ``"duration"`` and ``"text"``. The
    suffixes make names of the numbers from the name of the column.
    """

    place: int
    kind: str
    suffixes: tuple = ("",)
    levels: Levels | None = None
    encoder: object = None

    def numbers(self, cells):
        """Convert the cells of the column to an array of shape (n_rows, n_suffixes), NaN where missing."""
        match self.kind:
            case "number":
                return as_numbers(cells)[:, None]
            case "date":
                return dates.split(as_dates(cells), [suffix[1:] for suffix in self.suffixes])
            case "duration":
                return dates.elapsed_days(as_durations(cells))[:, None]
            case _:
                return np.asarray(self.encoder.transform(_text_series(cells)), dtype=float)

    def codes(self, cells):
        """Convert the cells of a column with levels to an array of shape (n_rows,)."""
        return self.levels.encode(as_texts(cells, boolean=self.kind == "boolean"))


def learn_part(place, cells, categorical, min_frequency, max_categories, text_encoder):
    """Learn how to read a column; return None if it has no values.

    The column is a category if `categorical` is True, whatever its cells are.
    """
    kind = kind_of(cells)
    if kind is None:
        return None
    if categorical:
        kind = "category"
    match kind:
        case "number":
            as_numbers(cells)  # refuses infinity
            return Part(place, kind)
        case "date":
            names = dates.DATE_PARTS if dates.have_times(as_dates(cells)) else dates.CALENDAR_PARTS
            return Part(place, kind, tuple(f"_{name}" for name in names))
        case "duration":
            return Part(place, kind, ("_days",))
        case "boolean":
            return Part(place, kind, levels=learn_levels(as_texts(cells), min_frequency=1, max_categories=None))
    texts = as_texts(cells)
    declared = categorical or cells.categorical
    distinct = set(texts) - {None}
    if not declared and max_categories is not None and len(distinct) > max_categories:
        _warn_of_numbers_and_dates(cells.name, distinct)
        encoder = _usable_encoder(cells.name, text_encoder, len(distinct))
        if encoder is not None:
            return _learn_text(place, cells, encoder)
    return Part(place, kind, levels=learn_levels(texts, min_frequency, max_categories))


def _warn_of_numbers_and_dates(name, texts):
    """Warn if most of the texts of a column are numbers or dates, which nothing will treat as such."""
    for parse, noun, function in (
        (float, "numbers", "pandas.to_numeric"),
        (datetime.datetime.fromisoformat, "dates", "pandas.to_datetime"),
    ):
        if sum(_can_be_parsed(parse, text) for text in texts) > len(texts) / 2:
            warn(f"Column {name!r} contains {noun} as text, which are not read as {noun}; convert them by {function}.")


def _can_be_parsed(parse, text):
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _learn_text(place, cells, encoder):
    numbers = np.asarray(encoder.fit_transform(_text_series(cells)))
    return Part(place, "text", tuple(f"_{component}" for component in range(numbers.shape[1])), encoder=encoder)


def _text_series(cells):
    pandas = importlib.import_module("pandas")  # on which skrub depends
    texts = [text or "" for text in as_texts(cells)]
    return pandas.Series(texts, name=str(cells.name), dtype=object)


def _usable_encoder(name, text_encoder, n_levels):
    """Return an unfitted encoder of text, or None, with a warning if skrub is wanted and not installed."""
    if text_encoder is None:
        return None
    if text_encoder != "auto":
        return clone(text_encoder)
    if has_skrub():
        skrub = importlib.import_module("skrub")  # on demand, because that takes seconds
        return skrub.StringEncoder(n_components=min(TEXT_COMPONENTS, n_levels), random_state=0)
    warn(
        f"Column {name!r} has {n_levels:,} different texts, of which the rare ones share a level; "
        "skrub can encode them (pip install 'sknn_concepts[text]')."
    )
    return None


def has_skrub():
    """Whether skrub is installed, checked without importing it."""
    return importlib.util.find_spec("skrub") is not None
