r"""
A small second derivative is not enough
=======================================

The saliency of a weight w is :math:`h w^2 / 2`, with the second derivative h of the loss: a weight is unimportant if
:math:`h w^2` is small. Each point is a weight. Weights on one of the dashed lines have the same saliency. A small
second derivative alone finds less than half of the tenth with the smallest saliencies, a small magnitude alone about
70 %.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sknn_concepts import MLPClassifier
from sknn_concepts.curvature import hessian_diagonal
from sknn_concepts.inspection import WeightsDisplay

X, y = load_digits(return_X_y=True)
X = X[:, X.std(axis=0) > 1.0] / 16  # without pixels that are nearly always white
network = MLPClassifier(
    (20,), "tanh", solver="lbfgs", alpha=1.0, max_iter=500, random_state=0
).fit(X, y)
h, _ = hessian_diagonal(network, X, y, method="gauss_newton")
size, h = (
    np.concatenate([part.ravel() for part in parts])
    for parts in (map(np.abs, network.coefs_), h)
)
saliency = h * size**2 / 2
smallest, small_h, small_size = (
    values <= np.quantile(values, 0.1) for values in (saliency, h, size)
)
for name, found in (("second derivatives", small_h), ("magnitudes", small_size)):
    share = np.mean(found[smallest])
    print(f"The tenth with the smallest {name} contains {share:.0%} of that tenth.")

figure, ax = plt.subplots(figsize=(6.5, 4.4), layout="constrained")
ax.loglog(
    size[~smallest], h[~smallest], ".", markersize=4, color="#56B4E9", label="weights"
)
ax.loglog(
    size[smallest],
    h[smallest],
    ".",
    markersize=4,
    color="#D55E00",
    label="smallest tenth of the saliencies",
)
sizes = np.geomspace(size.min(), size.max(), 2)
for level in np.quantile(saliency, [0.1, 0.5, 0.9]):
    ax.loglog(sizes, 2.0 * level / sizes**2, "k--", linewidth=0.8)
ax.set(
    xlabel="magnitude of the weight",
    ylabel="second derivative h",
    ylim=(h.min() / 2, 2 * h.max()),
)
figure.legend(loc="outside upper center", ncols=2, markerscale=3)
plt.show()

# %%
# The saliencies extend over many orders of magnitude.

WeightsDisplay.from_estimator(network, X, y, quantity="saliency", method="gauss_newton")
plt.show()
