r"""
An activation of your own
=========================

An activation is a class with a method ``value`` and its derivative ``slope``. It is compiled with the kernels. Made of
the functions of ``sknn_concepts.math``, it trains as fast as the built-in ones; the sine is none of them, and that of
Python's ``math`` is slower, because it is not vectorized. This one is :math:`z + \sin^2(a z) / a`, which Ziyin,
Hartwig and Ueda (2020) proposed for periodic data: unlike a ReLU network, it continues the period beyond the samples.
"""

# sphinx_gallery_thumbnail_number = 2
from math import cos, sin

import matplotlib.pyplot as plt
import numpy as np

from sknn_concepts import MLPRegressor
from sknn_concepts.activations import Activation
from sknn_concepts.inspection import ActivationDisplay


class Snake(Activation):
    frequency: float = 1.0

    def value(self, z):
        s = sin(self.frequency * z)
        return z + s * s / self.frequency

    def slope(self, z):
        return 1.0 + 2.0 * sin(self.frequency * z) * cos(self.frequency * z)


display = ActivationDisplay.from_strategies(
    {"snake": Snake(), "relu": "relu"}, quantities=["value", "slope"]
)
plt.show()

# %%
# Both networks see only the samples between the dashed lines.

random = np.random.default_rng(0)
x = random.uniform(-6, 6, 300)
y = np.sin(x) + 0.3 * x + random.normal(scale=0.05, size=300)
grid = np.linspace(-12, 12, 600)

figure, ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
ax.plot(x, y, ".", color="0.6", markersize=3, label="samples")
for (name, activation), color in zip(
    {"relu": "relu", "snake": Snake()}.items(), ["#D55E00", "#0072B2"], strict=True
):
    network = MLPRegressor(
        hidden_layer_sizes=(32,),
        activation=activation,
        solver="lbfgs",
        alpha=0.01,
        max_iter=3000,
        random_state=0,
    )
    network.fit(x[:, None], y)
    ax.plot(grid, network.predict(grid[:, None]), color=color, label=name)
ax.plot(grid, np.sin(grid) + 0.3 * grid, "k:", label="truth")
for edge in (-6, 6):
    ax.axvline(edge, color="0.5", linestyle="--", linewidth=0.8)
ax.set(xlabel="x", ylabel="y")
ax.legend()
plt.show()
