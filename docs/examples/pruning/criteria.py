"""
Do criteria agree?
==================

Each criterion ranks the weights of the same network. The first picture shows rank correlations, the second the ranks of
three pairs: at the lower left are the weights that both would remove first.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import CriteriaDisplay
from sknn_concepts.pruning import OptimalBrainDamage

X, y = load_digits(return_X_y=True)
network = MLPClassifier(
    (20,), "tanh", solver="lbfgs", alpha=1.0, max_iter=500, random_state=0
).fit(X / 16, y)
criteria = {
    "magnitude": "magnitude",
    "activation norm": "activation_norm",
    "Taylor": "taylor",
    "output": "output",
    "OBD, exact": OptimalBrainDamage(),
    "OBD, recursion": OptimalBrainDamage(curvature="obd"),
    "random": "random",
}
display = CriteriaDisplay.from_estimator(network, X / 16, y, criteria)
plt.show()

# %%
CriteriaDisplay.from_estimator(
    network, X / 16, y, ["magnitude", "taylor", "obd"], kind="ranks"
)
plt.show()
