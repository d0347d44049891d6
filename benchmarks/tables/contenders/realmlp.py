"""RealMLP-TD-S (Holzmüller, Grinsztajn and Steinwart, 2024) of pytabkit, after median imputation of numbers."""

from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from benchmarks.tables.contenders import is_number


def make(is_classification, seed):
    """Create an estimator."""
    numbers = make_column_transformer(
        (SimpleImputer(strategy="median"), is_number), remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    network = RealMLP_TD_S_Classifier if is_classification else RealMLP_TD_S_Regressor
    return make_pipeline(numbers, network(device="cpu", n_threads=1, random_state=seed))
