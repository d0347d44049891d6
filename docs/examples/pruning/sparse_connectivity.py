"""
Sparse from the start
=====================

With ``connectivity=0.1``, only a random tenth of the connections exists, from the first epoch on. Here networks of 64
units with random connections are compared with dense ones of fewer units that have as many weights. Random connections
are wasteful if there are few of them: each unit sees a few pixels only. Pruning a trained network chooses better. Each
point is the mean accuracy of three networks.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknn_concepts import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, train_size=600, stratify=y, random_state=0
)


def measure(n_units, connectivity):
    """Number of weights and mean accuracy of three networks."""
    networks = [
        MLPClassifier(
            (n_units,),
            connectivity=connectivity,
            learning_rate_init=0.01,
            max_iter=600,
            tol=1e-3,
            random_state=seed,
        ).fit(X_train, y_train)
        for seed in range(3)
    ]
    return networks[0].n_weights_, np.mean(
        [network.score(X_test, y_test) for network in networks]
    )


figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
dense = np.array([measure(n_units, None) for n_units in (2, 4, 8, 16, 32)])
sparse = np.array(
    [measure(64, connectivity) for connectivity in (0.04, 0.06, 0.12, 0.25, 0.5)]
)
ax.semilogx(*dense.T, "o-", color="#D55E00", label="dense, 2 to 32 units")
ax.semilogx(
    *sparse.T, "s-", color="#0072B2", label="64 units, 4 % to 50 % of the connections"
)
ax.set(xlabel="number of weights", ylabel="accuracy on new digits")
ax.grid(alpha=0.3, which="both")
ax.legend()
plt.show()
