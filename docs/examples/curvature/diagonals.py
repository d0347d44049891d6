"""
The diagonal of the Hessian, exact and approximate
==================================================

Each point is a weight of a network with two hidden layers: its true second derivative against that of an approximation.
Points on the line are exact; axes are linear between -0.0001 and 0.0001. The recursion of Optimal Brain Damage neglects
off-diagonal terms in each layer; that of Levenberg and Marquardt also neglects the curvature of the activations, and
therefore is never negative; the Fisher diagonal needs gradients only.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sknn_concepts import MLPClassifier
from sknn_concepts.curvature import hessian_diagonal

X, y = load_digits(return_X_y=True)
network = MLPClassifier(
    (16, 16),
    "tanh",
    alpha=0.1,
    learning_rate_init=0.01,
    max_iter=300,
    tol=1e-2,
    random_state=0,
)
network.fit(X / 16, y)


def diagonal(method):
    """Second derivatives of all weights, flat."""
    coefs, _ = hessian_diagonal(network, X / 16, y, method=method)
    return np.concatenate([h.ravel() for h in coefs])


exact = diagonal("exact")
figure, axes = plt.subplots(
    2, 2, figsize=(7.5, 6.6), layout="constrained", sharex=True, sharey=True
)
for method, ax in zip(
    ["obd", "levenberg_marquardt", "gauss_newton", "fisher"], axes.flat, strict=True
):
    approximate = diagonal(method)
    ax.plot(exact, approximate, ".", markersize=3, color="#0072B2", alpha=0.5)
    limits = np.quantile(exact, [0.0, 1.0])
    ax.plot(limits, limits, "k", linewidth=0.8)
    ax.set_title(
        f"{method}, correlation {np.corrcoef(exact, approximate)[0, 1]:.2f}",
        fontsize="medium",
    )
    ax.set_xscale("symlog", linthresh=1e-4)
    ax.set_yscale("symlog", linthresh=1e-4)
figure.supxlabel("exact second derivative")
figure.supylabel("approximation")
plt.show()

# %%
print(f"{np.mean(exact < 0.0):.0%} of the second derivatives are negative")
