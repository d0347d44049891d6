"""The contenders, each in its own file.

A contender is a module with a function ``make(is_classification, seed)`` that returns an unfitted estimator with the
default settings of its library, which uses one thread. The estimator takes frames with missing values and categorical
columns, has ``fit`` and ``predict``, and, for classification, ``classes_`` and ``predict_proba``. The module imports
its library at the top. If that fails, the contender is left out and the reason is reported. A module with ``COMPILES =
True`` is used once before it is measured, so that its compiled code is on disk.
"""

import importlib

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

#: Name of each contender on the page, by file. The others are compared with the first.
CONTENDERS = {
    "sknn_concepts": "sknn_concepts",
    "hist_gradient_boosting": "HistGradientBoosting",
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
    "realmlp": "RealMLP-TD-S",
    "scikit_learn_mlp": "MLP of scikit-learn",
    "linear": "linear",
}

OURS = next(iter(CONTENDERS))


def load(file):
    """Import the module of a contender. Raise ImportError if its library is not installed."""
    return importlib.import_module(f"benchmarks.tables.contenders.{file}")


is_category = make_column_selector(dtype_include="category")
is_number = make_column_selector(dtype_exclude="category")


def make_numeric(estimator):
    """Precede an estimator of numbers by median imputation and standardization, and one-hot encoding of categories.

    Indicators of levels are not standardized, which would make those of rare levels large.
    """
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), is_number),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), is_category),
    )
    return make_pipeline(columns, estimator)
