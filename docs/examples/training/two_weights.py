"""
Gradient descent with two weights
=================================

A logistic neuron with one input has two parameters, its weight and its intercept, so that the surface is the whole
truth. Gradient descent takes the steepest direction in each step; with a large learning rate, it jumps to and fro
across the valley before it gets ahead.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import LossSurfaceDisplay, staged_fit
from sknn_concepts.optimizers import SGD

random = np.random.default_rng(0)
x = np.concatenate([random.normal(2.0, 1.0, 40), random.normal(4.5, 1.0, 40)])[:, None]
y = np.repeat([0, 1], 40)

paths = {}
for rate in (0.1, 1.2):
    neuron = MLPClassifier(
        (),
        solver=SGD(momentum=0.0),
        learning_rate_init=rate,
        alpha=0.0,
        batch_size=80,
        random_state=0,
    )
    paths[f"learning rate {rate}"] = staged_fit(neuron, x, y, n_epochs=200)

first = next(iter(paths.values()))
display = LossSurfaceDisplay.from_estimator(
    first[-1], x, y, directions=[(0, 0, 0), (0, 0)], paths=paths
)
display.ax_.set(xlabel="weight", ylabel="intercept")
plt.show()
