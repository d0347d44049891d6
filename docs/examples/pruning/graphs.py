"""
A network before and after pruning
==================================

Nine in ten weights of this network are removed, the smallest first, and the others are trained further. Lines are
connections, thick where the weight is large. Dotted units have lost all incoming or all outgoing connections;
``compact`` returns a network without them.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.preprocessing import scale

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import NetworkGraphDisplay
from sknn_concepts.pruning import MagnitudePruning, prune

X, y = load_wine(return_X_y=True)
X = scale(X)
network = MLPClassifier(
    (16,), "tanh", learning_rate_init=0.01, max_iter=500, random_state=0
).fit(X, y)
pruned = prune(network, X, y, MagnitudePruning(sparsity=0.9, retrain_epochs=20))

figure, axes = plt.subplots(1, 2, figsize=(9, 5), layout="constrained")
for one, name, ax in zip([network, pruned], ["before", "after"], axes, strict=True):
    NetworkGraphDisplay.from_estimator(one, ax=ax)
    ax.set_title(f"{name}: {one.n_weights_} weights, accuracy {one.score(X, y):.3f}")
plt.show()

# %%
small = pruned.compact()
print(
    f"{network.hidden_layer_sizes} hidden units, {small.hidden_layer_sizes} after compact()"
)
print("same predictions:", (small.predict(X) == pruned.predict(X)).all())
