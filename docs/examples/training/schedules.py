"""
Learning rate schedules
=======================

A schedule changes the learning rate from epoch to epoch. ``history_`` keeps the rate of each epoch, and
:class:`~sknn_concepts.inspection.HistoryDisplay` draws it beside the loss. A rate of 0.5 is fast at first, but too
large for the end: only the schedules that lower it settle.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import HistoryDisplay
from sknn_concepts.schedules import Cosine, Step, WarmUp

warnings.simplefilter(
    "ignore", ConvergenceWarning
)  # training ends after max_iter epochs on purpose

X, y = load_digits(return_X_y=True)
schedules = {
    "constant": "constant",
    "steps": Step(step_size=15, gamma=0.3),
    "cosine": Cosine(),
    "warm-up, cosine": WarmUp(epochs=5, then=Cosine()),
}
networks = {}
for name, schedule in schedules.items():
    network = MLPClassifier(
        (32,),
        solver="sgd",
        learning_rate=schedule,
        learning_rate_init=0.5,
        batch_size=32,
        max_iter=40,
        n_iter_no_change=40,
        random_state=0,
    )
    networks[name] = network.fit(X[:1000] / 16, y[:1000])

display = HistoryDisplay.from_estimator(networks, panels=["learning_rate", "loss"])
display.ax_[0].get_legend().remove()  # that of the losses is enough
display.ax_[1].set_yscale("log")
plt.show()

# %%
for name, network in networks.items():
    print(f"{name:15} last training loss {network.loss_:.5f}")
