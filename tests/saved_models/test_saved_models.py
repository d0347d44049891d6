"""Models that released versions have saved are loaded, and predict the same."""

import pathlib

import joblib
import numpy as np
import pytest

from sknn_concepts import __version__
from sknn_concepts.validation.saved_state import minor_version

FILES = sorted(pathlib.Path(__file__).parent.glob("*/*.joblib"))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")  # of scikit-learn's parts
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_saved_model_predicts_as_before(path):
    if minor_version(path.parent.name) == minor_version(__version__):
        saved = joblib.load(path)  # without a warning
    else:
        with pytest.warns(UserWarning, match="was saved by sknn_concepts"):
            saved = joblib.load(path)
    predicted = saved["model"].predict(saved["X"])
    if predicted.dtype.kind == "f":
        np.testing.assert_allclose(predicted, saved["predicted"], rtol=1e-4)
    else:
        np.testing.assert_array_equal(predicted, saved["predicted"])


def test_this_version_has_files():
    assert {path.parent.name for path in FILES} >= {__version__}
