"""
What pruning costs
==================

Weights are removed in ten steps, without retraining. Optimal Brain Damage (LeCun, Denker and Solla, 1990) predicts the
increase of the loss from second derivatives, and so it knows which weights can go. The dashed line is what it predicts,
the solid line of the same color what happens. At first it predicts far too little, because the gradient is not quite
zero; later by a factor of about two, because weights that are removed together act on one another. Magnitude gives no
prediction.
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

# %%
# The quotient of both, step by step:

path = display.paths["OBD"]
columns = (path["sparsity"], path["predicted_increase"], path["actual_increase"])
for sparsity, predicted, actual in list(zip(*columns, strict=True))[1:]:
    print(
        f"{sparsity:4.0%} removed: predicted {predicted:.1e}, actual {actual:.1e}, "
        f"{actual / predicted:.1f} times as much"
    )
