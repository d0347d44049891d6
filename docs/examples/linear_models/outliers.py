"""
One outlier
===========

A perceptron whose data no line separates never settles: each epoch ends with another line. Logistic regression has one
best line, and gives probabilities. The lines are those of ten epochs of the perceptron.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import make_blobs
from sklearn.inspection import DecisionBoundaryDisplay

from sknn_concepts import LogisticRegression, Perceptron
from sknn_concepts.inspection import staged_fit

SHADES = LinearSegmentedColormap.from_list("classes", ["#7FB8D8", "white", "#F2CF80"])
X, y = make_blobs(
    100, centers=[[-1.0, 0.0], [1.5, 0.5]], cluster_std=0.5, random_state=0
)
X, y = np.vstack([X, [[2.0, 0.5]]]), np.append(y, 0)  # among the others
logistic = LogisticRegression().fit(X, y)
stages = staged_fit(Perceptron(random_state=0), X, y, n_epochs=20)

figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.6), sharey=True, layout="constrained")
for stage in stages[11:]:
    DecisionBoundaryDisplay.from_estimator(
        stage,
        X,
        response_method="decision_function",
        plot_method="contour",
        levels=[0],
        colors="0.4",
        ax=axes[0],
    )
DecisionBoundaryDisplay.from_estimator(
    logistic,
    X,
    response_method="predict_proba",
    plot_method="pcolormesh",
    cmap=SHADES,
    vmin=0,
    vmax=1,
    ax=axes[1],
)
for ax, title in zip(
    axes, ("perceptron, epochs 11 to 20", "logistic regression"), strict=True
):
    for label, color in ((0, "#0072B2"), (1, "#E69F00")):
        ax.scatter(
            *X[y == label].T,
            s=24,
            color=color,
            edgecolors="white",
            linewidths=0.4,
            label=f"class {label}",
        )
    ax.set(title=title, xlabel="first feature", xlim=(-2.5, 3.2), ylim=(-1.8, 1.8))
axes[0].set_ylabel("second feature")
axes[0].legend(loc="lower left")
plt.show()
