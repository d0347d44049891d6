"""
Dropout
=======

A network with many units learns 200 digits by heart: its training loss goes to 0 while its validation loss no longer
falls. With dropout, each hidden unit is left out of a training step with probability 1/2 (Srivastava et al., 2014). The
training loss stays higher, and the validation loss gets lower.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import HistoryDisplay

warnings.simplefilter(
    "ignore", ConvergenceWarning
)  # training ends after max_iter epochs on purpose

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(
    X / 16, y, train_size=200, stratify=y, random_state=0
)
networks = {}
for name, dropout in {"no dropout": 0.0, "dropout 0.5": 0.5}.items():
    network = MLPClassifier(
        (200,),
        dropout=dropout,
        learning_rate_init=0.01,
        max_iter=80,
        n_iter_no_change=80,
        random_state=0,
    )
    networks[name] = network.fit(X_train, y_train, X_val=X_val, y_val=y_val)

HistoryDisplay.from_estimator(networks, panels=["loss", "score"]).ax_[0].set_yscale(
    "log"
)
plt.show()

# %%
for name, network in networks.items():
    print(
        f"{name}: validation loss {network.validation_loss_curve_[-1]:.3f}, accuracy {network.score(X_val, y_val):.3f}"
    )
