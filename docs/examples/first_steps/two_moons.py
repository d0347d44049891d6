"""
A curved boundary
=================

Two half circles cannot be separated by a line. A :class:`~sknn_concepts.LogisticRegression` draws the best line, and a
:class:`~sknn_concepts.MLPClassifier` with one hidden layer a curve.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay

from sknn_concepts import LogisticRegression, MLPClassifier

X, y = make_moons(200, noise=0.15, random_state=0)
models = [
    LogisticRegression(),
    MLPClassifier((16,), activation="tanh", solver="lbfgs", alpha=0.1, max_iter=500, random_state=0),
]

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for model, ax in zip(models, axes, strict=True):
    model.fit(X, y)
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict_proba", plot_method="pcolormesh", cmap="PuOr", vmin=0, vmax=1, ax=ax
    )
    for label, color, marker in ((0, "#e69f00", "o"), (1, "#5d3a9b", "^")):
        ax.scatter(*X[y == label].T, c=color, marker=marker, edgecolor="white", s=30, label=f"class {label}")
    ax.set(title=f"{type(model).__name__}: {model.score(X, y):.0%} correct", xlabel="first input")
axes[0].set_ylabel("second input")
axes[0].legend()
plt.show()

# %%
# Colours show the probability of class 1.
for model in models:
    print(f"{type(model).__name__:18} {model.score(X, y):.3f}")
