"""
XOR
===

Exclusive or is the smallest problem that no line can solve (Minsky and Papert, 1969). A hidden layer of four units is
enough. The graph on the right shows the weights that have been learned.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.inspection import DecisionBoundaryDisplay

from sknn_concepts import LogisticRegression, MLPClassifier
from sknn_concepts.inspection import NetworkGraphDisplay

SHADES = LinearSegmentedColormap.from_list("classes", ["#7FB8D8", "white", "#F2CF80"])
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0, 1, 1, 0])
network = MLPClassifier((4,), "tanh", solver="lbfgs", max_iter=200, random_state=1).fit(
    X, y
)

figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.8), layout="constrained")
options = {
    "response_method": "predict_proba",
    "plot_method": "pcolormesh",
    "eps": 0.5,
    "vmin": 0,
    "vmax": 1,
}
DecisionBoundaryDisplay.from_estimator(network, X, cmap=SHADES, ax=axes[0], **options)
for label, color in ((0, "#0072B2"), (1, "#E69F00")):
    axes[0].scatter(
        *X[y == label].T, s=90, color=color, edgecolors="white", label=f"XOR is {label}"
    )
axes[0].set(xlabel="a", ylabel="b", title="probability of 1")
axes[0].legend(loc="upper center", ncols=2)
NetworkGraphDisplay.from_estimator(
    network, feature_names=["a", "b"], output_names=["a xor b"], ax=axes[1]
)
plt.show()

# %%
# Logistic regression, the network without a hidden layer, can only give all four the same probability.

linear = LogisticRegression().fit(X, y)
for point, truth, p, q in zip(
    X, y, network.predict_proba(X)[:, 1], linear.predict_proba(X)[:, 1], strict=True
):
    print(f"{point} is {truth}: network {p:.3f}, logistic regression {q:.3f}")
