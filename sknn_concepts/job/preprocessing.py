"""What a network is given: standardized numbers, one-hot categories, encoded text."""

import importlib

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_concepts.job.values.conversion import part_keys
from sknn_concepts.job.values.kinds import MAX_CATEGORIES

#: The least share of rows for a category to have a one-hot column of its own.
MIN_FREQUENCY = 0.002

#: Below this share of nonzero numbers the table goes to the network as a sparse matrix.
SPARSE_BELOW = 0.1

#: Numbers that a text becomes.
TEXT_PARTS = 30


def preprocessing(columns):
    """Build the transformer of what :class:`~sknn_concepts.job.values.conversion.TableReader` gives.

    Numbers and parts of dates: median for what is missing, a column that says where, mean 0 and standard deviation 1.
    Categories: one-hot, missing values being a category, rare and unknown ones sharing a column. Text: the main
    directions of the frequencies of its character n-grams, by skrub.

    Parameters
    ----------
    columns : list of Column

    Returns
    -------
    transformer : sklearn.compose.ColumnTransformer
    """
    numbers = [column.key for column in columns if column.kind == "number"]
    dates = [key for column in columns if column.kind == "date" for key in part_keys(column, columns)]
    categories = [column.key for column in columns if column.kind == "category"]
    steps = [(name, _scale(), keys) for name, keys in (("number", numbers), ("date", dates)) if keys]
    if categories:
        one_hot = OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=MIN_FREQUENCY, max_categories=MAX_CATEGORIES
        )
        steps.append(("category", one_hot, categories))
    for place, column in enumerate(columns):
        if column.kind == "text":
            skrub = importlib.import_module("skrub")  # only here: its import takes seconds
            encode = make_pipeline(skrub.StringEncoder(n_components=TEXT_PARTS, random_state=0), StandardScaler())
            steps.append((f"text {place}", encode, column.key))  # a name, not a list: the encoder takes a series
    return ColumnTransformer(steps, sparse_threshold=SPARSE_BELOW, verbose_feature_names_out=False)


def _scale():
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
