"""Preprocessing of the features: standardized numbers, one-hot encoded categories, encoded text."""

import importlib

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from sknn_concepts.job.values.conversion import part_keys
from sknn_concepts.job.values.kinds import MAX_CATEGORIES

#: Minimum share of the rows for a category to get its own one-hot column.
MIN_FREQUENCY = 0.002

#: Share of nonzero values below which the features are passed to the network as a sparse matrix.
SPARSE_BELOW = 0.1

#: Number of components that encode a text column.
TEXT_COMPONENTS = 30


def preprocessing(columns):
    """Build the transformer for the output of :class:`~sknn_concepts.job.values.conversion.TableReader`.

    Numbers and date parts are imputed by the median, with an indicator column for missing values, and standardized.
    Categories are one-hot encoded; missing values form a category, and rare and unknown categories share a column.
    Text is encoded by skrub as the principal components of its character n-gram frequencies.
    """
    numbers, dates, categories = (_keys(columns, kind) for kind in ("number", "date", "category"))
    steps = [(name, _scale(), keys) for name, keys in (("number", numbers), ("date", dates)) if keys]
    if categories:
        one_hot = OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=MIN_FREQUENCY, max_categories=MAX_CATEGORIES
        )
        steps.append(("category", one_hot, categories))
    steps += _text_steps(columns)
    return ColumnTransformer(steps, sparse_threshold=SPARSE_BELOW, verbose_feature_names_out=False)


def preprocessing_for_trees(columns):
    """Build the transformer for boosted trees, and return it with the positions of the categories in its output.

    Numbers and date parts remain as they are, and text is encoded as for the networks. Categories become codes; rare
    ones share a code, and unknown ones are missing.
    """
    categories = _keys(columns, "category")
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        min_frequency=MIN_FREQUENCY,
        max_categories=MAX_CATEGORIES,
    )
    steps = [
        ("category", codes, categories),
        ("number", "passthrough", [*_keys(columns, "number"), *_keys(columns, "date")]),
    ]
    steps = [step for step in steps if step[2]] + _text_steps(columns)
    transformer = ColumnTransformer(steps, sparse_threshold=0.0, verbose_feature_names_out=False)
    return transformer, list(range(len(categories)))


def _keys(columns, kind):
    """Return the names that the columns of a kind have after they were read."""
    used = [column for column in columns if column.kind == kind]
    if kind != "date":
        return [column.key for column in used]
    return [key for column in used for key in part_keys(column, columns)]


def _text_steps(columns):
    steps = []
    for place, column in enumerate(columns):
        if column.kind == "text":
            skrub = importlib.import_module("skrub")  # imported on demand, because that takes seconds
            encode = make_pipeline(skrub.StringEncoder(n_components=TEXT_COMPONENTS, random_state=0), StandardScaler())
            steps.append((f"text {place}", encode, column.key))  # no list, because the encoder takes a series
    return steps


def _scale():
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
