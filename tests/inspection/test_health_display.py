"""The figure of a record."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sknn_concepts import MLPClassifier
from sknn_concepts.callbacks import TrainingRecord
from sknn_concepts.inspection import TrainingHealthDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
plt = pytest.importorskip("matplotlib.pyplot")

X, Y = load_iris(return_X_y=True)


def fitted(**parameters):
    with TrainingRecord():
        return MLPClassifier(**{"max_iter": 5, "random_state": 0, **parameters}).fit(X, Y)


@pytest.mark.parametrize(
    "parameters, titles",
    [
        ({"hidden_layer_sizes": (8, 5)}, ["gradient", "weights", "change", "dead", "Similarity"]),
        ({"activation": "tanh"}, ["gradient", "weights", "change", "saturated", "Similarity"]),
        ({"hidden_layer_sizes": ()}, ["gradient", "weights", "change"]),
    ],
)
def test_a_panel_for_each_measurement_and_a_line_for_each_layer(parameters, titles):
    network = fitted(**parameters)
    display = TrainingHealthDisplay.from_estimator(network)
    assert len(display.axes_) == len(titles) == len(display.figure_.axes)
    for ax, title in zip(display.axes_, titles, strict=True):
        assert title in ax.get_title() and ax.get_xlabel() == "Epoch"
    lines = display.axes_[0].get_lines()
    assert len(lines) == len(network.coefs_) == len(display.figure_.legends[0].get_texts())
    assert np.array_equal(lines[0].get_ydata(), network.record_["gradient_norm"][:, 0])
    plt.close(display.figure_)


def test_given_axes():
    figure, axes = plt.subplots(2, 3)
    display = TrainingHealthDisplay.from_estimator(fitted(), axes=axes)
    assert display.figure_ is figure and len(display.axes_) == 5
    with pytest.raises(ValueError, match="axes has 1 axes; the record has 5 measurements"):
        TrainingHealthDisplay.from_estimator(fitted(), axes=axes[0, 0])
    plt.close(figure)


def test_a_record_of_divergence_can_be_drawn():
    network = fitted(solver="sgd", learning_rate_init=1e9, activation="identity", loss="squared_error", max_iter=50)
    assert np.isinf(network.record_["weight_norm"]).any()
    plt.close(TrainingHealthDisplay.from_estimator(network).figure_)


def test_an_estimator_without_a_record_is_refused():
    with pytest.raises(ValueError, match="has no record_: fit it in a block"):
        TrainingHealthDisplay.from_estimator(MLPClassifier(max_iter=2).fit(X, Y))
