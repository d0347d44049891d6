"""
Loss surfaces in random directions
==================================

The loss around a trained network, in two random directions in which the weights of each unit have the norm of the
network's own (Li et al., 2018). The penalty on the weights is no part of it.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import LossSurfaceDisplay

X, y = make_moons(200, noise=0.15, random_state=0)
figure = plt.figure(figsize=(9, 4.2), layout="constrained")
for number, hidden in enumerate([(16,), (16, 16, 16, 16)]):
    network = MLPClassifier(
        hidden, "tanh", solver="lbfgs", alpha=0.1, max_iter=1000, random_state=0
    ).fit(X, y)
    ax = figure.add_subplot(1, 2, number + 1, projection="3d")
    LossSurfaceDisplay.from_estimator(
        network, X, y, kind="surface", n_points=31, random_state=0, ax=ax
    )
    ax.set_title(f"{len(hidden)} hidden layer{'s' * (len(hidden) > 1)}")
plt.show()
