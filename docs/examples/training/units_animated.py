"""
Hidden units while they learn
=============================

Each panel shows where in the plane a hidden unit is positive (blue) or negative (red). A unit of the first hidden layer
is constant along lines; training turns and moves them, until their sum separates the classes.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import animate_units

X, y = make_moons(150, noise=0.15, random_state=0)
network = MLPClassifier((6,), "tanh", learning_rate_init=0.1, random_state=0)
animation = animate_units(network, X, y, n_epochs=100, every=10, interval=300)
plt.show()
