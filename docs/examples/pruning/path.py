"""
What pruning costs
==================

Weights are removed in ten steps, without retraining. Optimal Brain Damage (LeCun, Denker and Solla, 1990) foresees the
increase of the loss from second derivatives, and so it knows which weights can go. The dashed line is what it foresees,
the solid line of the same color what happens. It foresees too little where many weights go at once, as it neglects that
they work together, and that the gradient is not quite zero. The sizes of the weights foresee nothing.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import PruningPathDisplay
from sknn_concepts.pruning import MagnitudePruning, OptimalBrainDamage

warnings.simplefilter(
    "ignore", ConvergenceWarning
)  # training ends after max_iter epochs on purpose

X, y = load_digits(return_X_y=True)
network = MLPClassifier(
    (20,),
    "tanh",
    learning_rate_init=0.01,
    max_iter=60,
    n_iter_no_change=60,
    random_state=0,
)
network.fit(X / 16, y)
settings = {"sparsity": 0.9, "schedule": "linear", "retrain_epochs": 0}
pruners = {
    "OBD": OptimalBrainDamage(**settings),
    "magnitude": MagnitudePruning(**settings),
}
display = PruningPathDisplay.from_estimator(network, X / 16, y, pruners)
display.ax_[0].set_ylabel("accuracy")
plt.show()
