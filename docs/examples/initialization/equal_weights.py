"""
Equal weights never part
========================

If all weights of a layer are equal at first, all its units compute the same, get the same gradients, and stay equal:
the layer is worth one unit. Random weights break this symmetry. Each line is the weight of the first input to one of
eight hidden units.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

from sknn_concepts import MLPClassifier
from sknn_concepts.initializers import Constant
from sknn_concepts.inspection import staged_fit

X, y = make_moons(200, noise=0.15, random_state=0)
initializers = {
    "all weights 0.5": Constant(0.5),
    "random weights (Glorot)": "glorot_uniform",
}

figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.4), sharey=True, layout="constrained")
for (name, initializer), ax in zip(initializers.items(), axes, strict=True):
    network = MLPClassifier(
        (8,), "tanh", initializer=initializer, learning_rate_init=0.05, random_state=0
    )
    stages = staged_fit(network, X, y, n_epochs=100)
    weights = np.array([stage.coefs_[0][0] for stage in stages])
    ax.plot(weights, color="#0072B2", linewidth=1)
    ax.set(xlabel="epoch", title=f"{name}: accuracy {stages[-1].score(X, y):.2f}")
    ax.grid(alpha=0.3)
    print(
        f"{name}: largest difference of two units after training {np.ptp(weights[-1]):.3g}"
    )
axes[0].set_ylabel("weight")
plt.show()
