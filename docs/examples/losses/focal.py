r"""
Focal loss on rare classes
==========================

One sample in twenty belongs to class 1. The focal loss of Lin et al. (2017) multiplies the log loss by :math:`(1 -
p)^\gamma`, where p is the probability of the true class: samples that are predicted well hardly count, and training is
about the difficult ones. The price is that probabilities are less extreme than the truth.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import train_test_split

from sknn_concepts import MLPClassifier
from sknn_concepts.losses import Focal

p = np.linspace(0.01, 1.0, 200)
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for gamma, color in ((0, "#0072B2"), (2, "#D55E00")):
    axes[0].plot(
        p, -((1 - p) ** gamma) * np.log(p), color=color, label=f"gamma {gamma}"
    )
axes[0].set(
    xlabel="probability of the true class", ylabel="loss of a sample", ylim=(0, 4)
)
axes[0].legend()

X, y = make_classification(
    4000, n_features=10, n_informative=6, weights=[0.95], class_sep=1.2, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)
for loss, name, color in (
    ("log_loss", "log loss", "#0072B2"),
    (Focal(gamma=2.0), "focal loss", "#D55E00"),
):
    network = MLPClassifier(
        (16,), loss=loss, alpha=1.0, solver="lbfgs", max_iter=1000, random_state=0
    )
    network.fit(X_train, y_train)
    predicted = network.predict_proba(X_test)[:, 1]
    precision, recall, _ = precision_recall_curve(y_test, predicted)
    label = (
        f"{name}, average precision {average_precision_score(y_test, predicted):.2f}"
    )
    axes[1].plot(recall, precision, color=color, label=label)
    CalibrationDisplay.from_estimator(
        network, X_test, y_test, n_bins=8, name=name, color=color, ax=axes[2]
    )
for ax in axes[1:]:
    ax.legend(fontsize="x-small", loc="lower left" if ax is axes[1] else "upper left")
axes[1].set(xlabel="recall", ylabel="precision")
axes[2].set(xlabel="mean predicted probability", ylabel="share of class 1")
plt.show()
