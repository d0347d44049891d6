"""
Early stopping
==============

The validation loss falls at first and then rises, because the network begins to learn the noise of its 150 samples.
With early stopping, training ends some epochs after the minimum, and the weights of the best epoch are restored.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import HistoryDisplay

warnings.simplefilter(
    "ignore", ConvergenceWarning
)  # one of the fits ends after max_iter epochs on purpose

X, y = make_moons(150, noise=0.4, random_state=0)
X_val, y_val = make_moons(500, noise=0.4, random_state=1)
settings = {"learning_rate_init": 0.02, "max_iter": 300, "random_state": 0}
long = MLPClassifier((100,), n_iter_no_change=300, **settings).fit(
    X, y, X_val=X_val, y_val=y_val
)
stopped = MLPClassifier(
    (100,),
    early_stopping=True,
    early_stopping_scoring="loss",
    n_iter_no_change=30,
    **settings,
)
stopped.fit(X, y, X_val=X_val, y_val=y_val)

display = HistoryDisplay.from_estimator(long, panels=["loss"])
display.ax_.axvline(
    stopped.best_iteration_, color="black", linewidth=1, label="best epoch"
)
display.ax_.axvline(
    len(stopped.loss_curve_),
    color="black",
    linewidth=1,
    linestyle=":",
    label="early stopping ends here",
)
display.ax_.legend()
plt.show()

# %%
for name, network in {"300 epochs": long, "early stopping": stopped}.items():
    print(f"{name:15} accuracy on validation data {network.score(X_val, y_val):.3f}")
