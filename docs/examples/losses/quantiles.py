"""
Quantile regression
===================

The quantile loss of Koenker and Bassett (1978) makes a network predict a quantile instead of the mean. Two networks,
for the quantiles 0.05 and 0.95, predict a band that should contain 90 % of new samples, whatever the shape of the
noise.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn_concepts import MLPRegressor
from sknn_concepts.losses import Quantile

random = np.random.default_rng(0)


def sample(n):
    """Draw samples whose noise grows, and is skewed."""
    x = random.uniform(0.0, 10.0, n)
    return x, np.sin(x) + 0.05 * x * random.exponential(1.0 + x / 5.0)


x, y = sample(1000)
grid, bands = np.linspace(0.0, 10.0, 300), {}
for level in (0.05, 0.5, 0.95):
    network = MLPRegressor(
        loss=Quantile(level),
        hidden_layer_sizes=(32, 32),
        activation="tanh",
        learning_rate="cosine",
        learning_rate_init=0.02,
        max_iter=400,
        tol=0.0,
        n_iter_no_change=400,
        random_state=0,
    )
    bands[level] = network.fit(x[:, None] / 5.0 - 1.0, y)

low, middle, high = (
    network.predict(grid[:, None] / 5.0 - 1.0) for network in bands.values()
)
figure, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
ax.plot(x, y, ".", color="0.6", markersize=3, label="samples")
ax.fill_between(
    grid, low, high, color="#56B4E9", alpha=0.4, label="quantiles 0.05 to 0.95"
)
ax.plot(grid, middle, color="#0072B2", label="median")
ax.set(xlabel="x", ylabel="y")
ax.legend(loc="upper left")
plt.show()

# %%
# The share of new samples in the band:

x_new, y_new = sample(5000)
low, _, high = (
    network.predict(x_new[:, None] / 5.0 - 1.0) for network in bands.values()
)
print(f"{np.mean((y_new >= low) & (y_new <= high)):.1%}")
