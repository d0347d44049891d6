r"""
Mistakes of the perceptron
==========================

On data that a line through the origin separates, the perceptron makes at most :math:`(R / \gamma)^2` mistakes, where
:math:`R` is the length of the longest sample and :math:`\gamma` the distance of the nearest sample from the line
(Novikoff, 1962). The bound holds for any such line; the line with the largest :math:`\gamma` gives the lowest, which
is drawn here. After each mistake the perceptron adds the sample to its weights, or subtracts it. The mistakes are
counted on 40 data sets with narrower and narrower margins: the bound holds for the worst case, and random samples are
far from it.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize_scalar

from sknn_concepts import Perceptron

random = np.random.default_rng(0)
direction = np.array([1.0, 2.0]) / np.sqrt(5.0)


def draw(margin):
    """Draw samples that are at least a margin away from a line."""
    X = random.uniform(-1.0, 1.0, (20_000, 2))
    X = X[np.abs(X @ direction) > margin][:300]
    return X, np.where(X @ direction > 0.0, 1, -1)


def widest_margin(X, y):
    """Margin of the line through the origin that is farthest from the nearest sample."""

    def negative_margin(angle):
        return -np.min(y * (X @ [np.cos(angle), np.sin(angle)]))

    middle = np.arctan2(direction[1], direction[0])
    bounds = (middle - np.pi / 2, middle + np.pi / 2)
    return -minimize_scalar(
        negative_margin, bounds=bounds, method="bounded", options={"xatol": 1e-8}
    ).fun


def count_mistakes(X, y, w):
    """Count the mistakes until an epoch has none, and return them with the weights."""
    before, mistakes = -1, 0
    while mistakes > before:
        before = mistakes
        for x, label in zip(X, y, strict=True):
            if label * (w @ x) <= 0.0:
                mistakes, w = mistakes + 1, w + label * x
    return mistakes, w


bounds, counts = [], []
for margin in np.geomspace(0.3, 0.002, 40):
    X, y = draw(margin)
    mistakes, w = count_mistakes(X, y, np.zeros(2))
    bounds.append(np.max(np.sum(X**2, axis=1)) / widest_margin(X, y) ** 2)
    counts.append(mistakes)
    assert widest_margin(X, y) >= np.min(np.abs(X @ direction))

perceptron = Perceptron(
    fit_intercept=False, shuffle=False, tol=None, max_iter=1000
).fit(X, y)
assert np.allclose(w, perceptron.coef_[0])  # the estimator learns by the same rule

figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.6), layout="constrained")
for label, color in ((-1, "#0072B2"), (1, "#E69F00")):
    axes[0].scatter(*X[y == label].T, s=8, color=color)
ends = np.array([-1.0, 1.0])
axes[0].plot(ends, -w[0] / w[1] * ends, "k")
axes[0].set(
    title="the narrowest margin",
    xlabel="first feature",
    ylabel="second feature",
    aspect="equal",
)
axes[1].loglog(bounds, bounds, "k--", label="bound")
axes[1].loglog(bounds, counts, "o", color="#0072B2", markersize=4, label="counted")
axes[1].set(xlabel=r"$(R / \gamma)^2$", ylabel="mistakes")
axes[1].legend()
plt.show()
