"""Functions for working with the columns of a table.

They infer the kind of a column (``values.kinds``), read its cells (``values.conversion``) and build its preprocessing
(``preprocessing``).
"""

from sknn_concepts.job.preprocessing import preprocessing
from sknn_concepts.job.values.conversion import Column, TableReader, as_date_parts, as_numbers, as_text
from sknn_concepts.job.values.interpretations import ParsingHints
from sknn_concepts.job.values.kinds import KINDS, infer_columns

__all__ = [
    "KINDS",
    "Column",
    "ParsingHints",
    "TableReader",
    "as_date_parts",
    "as_numbers",
    "as_text",
    "infer_columns",
    "preprocessing",
]
