"""A column becomes numbers, categories, dates or text: what each is, how its cells are read, what they are turned into.

The parts are in ``kinds`` (what a column is), ``conversion`` (reading its cells) and ``preprocessing``.
"""

from sknn_concepts.job.preprocessing import preprocessing
from sknn_concepts.job.values.conversion import Column, TableReader, as_date_parts, as_numbers, as_text
from sknn_concepts.job.values.evidence import Guide
from sknn_concepts.job.values.kinds import KINDS, infer_columns

__all__ = [
    "KINDS",
    "Column",
    "Guide",
    "TableReader",
    "as_date_parts",
    "as_numbers",
    "as_text",
    "infer_columns",
    "preprocessing",
]
