"""
Boundaries of several activations
=================================

A network with one hidden layer is trained on two half circles, with four activations and the same initial weights.
Without an activation (``identity``), the network is linear. With the ReLU, its boundary consists of straight pieces;
with smooth activations, it is smooth.
"""

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay

from sknn_concepts import MLPClassifier

SHADES = LinearSegmentedColormap.from_list("classes", ["#7FB8D8", "white", "#F2CF80"])
X, y = make_moons(300, noise=0.15, random_state=0)
figure, axes = plt.subplots(
    2, 2, figsize=(8, 6.4), sharex=True, sharey=True, layout="constrained"
)
for activation, ax in zip(["identity", "relu", "tanh", "gelu"], axes.flat, strict=True):
    network = MLPClassifier(
        (8,), activation, solver="lbfgs", alpha=0.1, max_iter=1000, random_state=3
    ).fit(X, y)
    options = {
        "response_method": "predict_proba",
        "plot_method": "pcolormesh",
        "vmin": 0,
        "vmax": 1,
    }
    DecisionBoundaryDisplay.from_estimator(network, X, cmap=SHADES, ax=ax, **options)
    for label, color in ((0, "#0072B2"), (1, "#E69F00")):
        ax.scatter(
            *X[y == label].T,
            s=18,
            color=color,
            edgecolors="white",
            linewidths=0.4,
            label=f"class {label}",
        )
    ax.set_title(f"{activation}: accuracy {network.score(X, y):.2f}")
axes[0, 0].legend(loc="lower left")
figure.supxlabel("first feature")
figure.supylabel("second feature")
plt.show()
