"""
A boundary while it is learned
==============================

:func:`~sknn_concepts.inspection.animate_boundary` trains a network epoch by epoch, and shows its predictions after
every fourth epoch. ``animation.save("boundary.gif", writer="pillow")`` would make a file of it.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_circles

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import animate_boundary

X, y = make_circles(200, noise=0.1, factor=0.4, random_state=0)
network = MLPClassifier((8,), learning_rate_init=0.05, random_state=0)
animation = animate_boundary(
    network, X, y, n_epochs=60, every=4, grid_resolution=60, interval=200
)
plt.show()
