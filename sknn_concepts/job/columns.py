"""A column becomes numbers, categories, dates or text: what each is, how its cells are read, what they are turned into.

The parts are in ``kinds`` (what a column is), ``conversion`` (reading its cells) and ``preprocessing``.
"""

from sknn_concepts.job.conversion import Column, TableReader, as_date_parts, as_numbers, as_text
from sknn_concepts.job.evidence import Guide
from sknn_concepts.job.kinds import KINDS, infer_columns
from sknn_concepts.job.preprocessing import preprocessing

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
