"""
Paths of optimizers on a loss surface
=====================================

Three optimizers start from the same weights and make 40 epochs. The surface is the loss over the plane of the first two
principal components of Adam's path; the other paths are projected onto it. Circles are starts, stars are ends.
:func:`~sknn_concepts.inspection.staged_fit` keeps a copy of the network after each epoch, and
:class:`~sknn_concepts.inspection.LossSurfaceDisplay` draws them.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons

from sknn_concepts import MLPClassifier
from sknn_concepts.inspection import LossSurfaceDisplay, staged_fit
from sknn_concepts.optimizers import SGD, Adam

X, y = make_moons(200, noise=0.15, random_state=0)
solvers = {
    "Adam": (Adam(), 0.05),
    "SGD, momentum 0.9": (SGD(momentum=0.9), 0.1),
    "SGD": (SGD(momentum=0.0), 0.1),
}
paths = {}
for name, (solver, rate) in solvers.items():
    network = MLPClassifier(
        (6,),
        "tanh",
        solver=solver,
        learning_rate_init=rate,
        batch_size=50,
        random_state=1,
    )
    paths[name] = staged_fit(network, X, y, n_epochs=40)

display = LossSurfaceDisplay.from_estimator(
    paths["Adam"][-1], X, y, directions="path", paths=paths
)
display.ax_.set_title("loss of a network with 25 parameters")
plt.show()

# %%
# How much of each path lies in the plane?

for name, share in display.shares.items():
    print(
        f"{name:18} {share:.0%} of the squared distances; accuracy {paths[name][-1].score(X, y):.2f}"
    )
