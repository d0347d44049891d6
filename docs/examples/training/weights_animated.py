"""
Weights of the first layer while they learn
===========================================

Each image shows the weights that lead from the 64 pixels of a digit to a hidden unit. They begin as noise (epoch 0).
Where ink helps to tell digits apart, patterns emerge. The pixels at the edge are always white, so that the loss does
not depend on their weights; the penalty (`alpha`) alone moves these, to zero.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import animate_weights

X, y = load_digits(return_X_y=True)
network = MLPClassifier(
    (16,), "tanh", alpha=5.0, learning_rate_init=0.005, random_state=0
)
animation = animate_weights(
    network, X / 16, y, n_epochs=60, every=5, image_shape=(8, 8), interval=300
)
plt.show()
