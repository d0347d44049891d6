"""
Are probabilities true?
=======================

Among all samples with a predicted probability of 0.8, four in five should belong to the class. A network that has
learned its samples by heart is too sure of itself; a penalty on its weights makes its probabilities true again.
"""

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss

from sknn_concepts import LogisticRegression, MLPClassifier

X, y = make_moons(300, noise=0.4, random_state=0)
X_test, y_test = make_moons(5000, noise=0.4, random_state=1)
models = {
    "network, alpha=0": MLPClassifier(
        (100,), solver="lbfgs", alpha=0.0, max_iter=5000, tol=1e-3, random_state=0
    ),
    "network, alpha=1": MLPClassifier(
        (100,), solver="lbfgs", alpha=1.0, max_iter=5000, random_state=0
    ),
    "logistic regression": LogisticRegression(),
}
figure, ax = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
for (name, model), color in zip(
    models.items(), ["#D55E00", "#0072B2", "#009E73"], strict=True
):
    model.fit(X, y)
    CalibrationDisplay.from_estimator(
        model, X_test, y_test, n_bins=10, name=name, color=color, ax=ax
    )
ax.set(xlabel="mean predicted probability of class 1", ylabel="share of class 1")
ax.legend(loc="upper left")
plt.show()

# %%
for name, model in models.items():
    print(
        f"{name:20} log loss on new samples {log_loss(y_test, model.predict_proba(X_test)):.3f}"
    )
