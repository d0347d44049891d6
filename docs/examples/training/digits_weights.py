"""
What the first layer looks for
==============================

The weights that lead from the 64 pixels of a digit to a hidden unit are an image: where it is blue, ink raises the
value of the unit; where it is red, ink lowers it. An L2 penalty (`alpha`) keeps weights small that are of no use, such
as those of the pixels at the edge, which are always white.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sknn_concepts import MLPClassifier

X, y = load_digits(return_X_y=True)
network = MLPClassifier(
    (16,), "tanh", solver="lbfgs", alpha=10.0, max_iter=1000, random_state=0
).fit(X / 16, y)

figure, axes = plt.subplots(2, 8, figsize=(8.5, 2.6), layout="constrained")
limit = np.abs(network.coefs_[0]).max()
for ax, weights in zip(axes.flat, network.coefs_[0].T, strict=True):
    image = ax.imshow(weights.reshape(8, 8), cmap="RdBu", vmin=-limit, vmax=limit)
    ax.axis("off")
figure.colorbar(image, ax=axes, label="weight")
plt.show()
