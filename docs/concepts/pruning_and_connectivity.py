r"""
Dense and sparse connectivity, and pruning
==========================================

In a *dense* (fully connected) layer, every input has a connection to every unit: :math:`n_\text{in} n_\text{out}`
weights. In a *sparse* layer, some connections do not exist. A mask :math:`m_{ij} \in \{0, 1\}` tells which:

.. math::

    z_j = \sum_i m_{ij}\, w_{ij}\, x_i + b_j .

There are two ways to a sparse network. Its connections can be chosen *before* training, or a dense network is trained
first, and then the weights that matter least are removed: *pruning*. The hard part is "matter least". This page looks
at the answers: the size of the weight, the sensitivity of the loss to it, and its second derivatives. It compares what
they predict with what happens when weights are removed.

All numbers on this page are computed while it is built. How to use the functions is the subject of
:doc:`/pruning`.
"""

import copy
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import SymLogNorm
from matplotlib.ticker import PercentFormatter
from scipy.stats import spearmanr
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.curvature import (
    HESSIAN_METHODS,
    gradient,
    hessian_diagonal,
    hessian_vector_product,
    inverse_hessian,
)
from sknn_concepts.inspection import NetworkGraphDisplay
from sknn_concepts.pruning import (
    MagnitudePruning,
    OptimalBrainDamage,
    OptimalBrainSurgeon,
    Pruner,
    RandomPruning,
    SensitivityPruning,
    UnitPruning,
    prune,
    pruning_path,
    size_report,
)

# colors that people with color blindness can tell apart (Okabe and Ito, 2008)
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update(
    {"axes.prop_cycle": plt.cycler(color=COLORS), "lines.linewidth": 1.8}
)

# %%
# Sparse from the start
# ---------------------
#
# The parameter ``connectivity`` makes a multilayer perceptron sparse before it is trained. A number is a share of all
# connections of each layer, drawn at random; a list contains a mask for each layer. With masks, one can put knowledge
# into the network. Digits are images of 8 x 8 pixels, in which neighbors belong together, so we connect each hidden
# unit with a window of 4 x 4 pixels, a *local receptive field* (LeCun, 1989). There are 25 such windows, and four units
# look at each.

X, y = load_digits(return_X_y=True)
X = X / 16


def split(seed):
    """Training and test samples; nothing on this page is chosen by the test samples."""
    return train_test_split(X, y, test_size=0.4, random_state=seed, stratify=y)


X_train, X_test, y_train, y_test = split(0)


def train(hidden, epochs=60, seed=0, samples=(X_train, y_train), **parameters):
    """Network with a hidden layer that is trained for a number of epochs."""
    network = MLPClassifier(
        hidden,
        learning_rate_init=0.003,
        max_iter=epochs,
        n_iter_no_change=epochs,
        random_state=seed,
        **parameters,
    )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # the number of epochs is fixed
        return network.fit(*samples)


windows = []
for row in range(5):
    for column in range(5):
        image = np.zeros((8, 8), bool)
        image[row : row + 4, column : column + 4] = True
        windows += [image.ravel()] * 4
local = np.array(windows).T  # (fan_in, fan_out) = (64, 100)

networks = {
    "dense": train(100),
    "random": train(100, connectivity=0.25),
    "local": train(100, connectivity=[local, np.ones((100, 10), bool)]),
}
figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), sharey=True, layout="constrained")
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    limit = abs(network.coefs_[0]).max()
    image = ax.imshow(
        network.coefs_[0], cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto"
    )
    share = np.mean(network.coefs_[0] != 0)
    ax.set_title(f"{name}: {share:.0%} of the weights", fontsize="medium")
    ax.set_xlabel("hidden unit")
    figure.colorbar(image, ax=ax)
axes[0].set_ylabel("input (pixel)")
plt.show()

# %%
# Is a sparse network better than a dense one with *as many weights*? The dense one then has fewer hidden units. Mean
# test accuracy over two seeds:


def accuracies(n_seeds, hidden, **parameters):
    """Test accuracies of networks that differ in their seed."""
    networks = (train(hidden, seed=seed, **parameters) for seed in range(n_seeds))
    return [network.score(X_test, y_test) for network in networks]


print(
    f"{'connectivity':>12}{'weights':>9}{'sparse, 100 units':>19}{'dense, fewer units':>20}"
)
for share, n_units in ((1.0, 100), (0.5, 50), (0.2, 20), (0.1, 10), (0.05, 5)):
    sparse = np.mean(accuracies(2, 100, connectivity=share))
    dense = np.mean(accuracies(2, n_units))
    print(f"{share:12}{n_units * (64 + 10):9,}{sparse:19.3f}{dense:17.3f} ({n_units})")

# %%
# Connections drawn at random are no gain here: the dense network with few units is the better use of the same number of
# weights, once these are few. Do windows of neighbors do better than equally many random pixels? Five seeds of each,
# with their mean and their standard deviation:

rng = np.random.RandomState(0)
scattered = np.array([rng.permutation(window) for window in windows]).T
for name, mask in {"windows of 16": local, "16 at random": scattered}.items():
    masks = [mask, np.ones((100, 10), bool)]
    scores = accuracies(5, 100, connectivity=masks)
    weights = sum(np.count_nonzero(one) for one in masks)
    print(
        f"{name:14} {weights:,} weights, accuracy {np.mean(scores):.3f} ± {np.std(scores):.3f}"
    )

# %%
# If they do, these networks do not show it: the means differ by about as much as one network differs from the next. As
# long as a third of the weights is there, it hardly matters here *which* connections exist. Where only a tenth is left,
# it does, as the section on winning tickets below shows. Pruning lets the training data decide that.
#
# The loss around a minimum
# -------------------------
#
# Let :math:`w` be all parameters of a network in one vector, and :math:`E(w)` its mean loss. Removing weights changes
# :math:`w` by :math:`\Delta w`, and the loss by
#
# .. math::
#
#     \Delta E = g^\top \Delta w + \tfrac{1}{2}\, \Delta w^\top H\, \Delta w + O(\|\Delta w\|^3),
#     \qquad g_i = \frac{\partial E}{\partial w_i},
#     \qquad H_{ij} = \frac{\partial^2 E}{\partial w_i\, \partial w_j} .
#
# :math:`H` is the *Hessian*: a symmetric matrix that tells how the gradient changes. Its diagonal,
# :math:`h_i = H_{ii}`, is the curvature along each weight; the other entries tell how the weights act together. At a
# minimum :math:`g = 0`, and the second term decides.
#
# A small network, for iris flowers, is small enough to compute all of :math:`H`. Its product with a vector,
# :func:`~sknn_concepts.curvature.hessian_vector_product`, is exact and costs about two gradients (Pearlmutter, 1994).
# Products with unit vectors give its columns. We check them by central differences of the gradient.

X_iris, y_iris = load_iris(return_X_y=True)
X_iris = StandardScaler().fit_transform(X_iris)
small = MLPClassifier(
    (5,), "tanh", solver="lbfgs", alpha=0.1, max_iter=5000, tol=1e-6, random_state=0
)
small.fit(X_iris, y_iris)


def flat(arrays):
    """One vector of the weights of all layers, then the intercepts."""
    coefs, intercepts = arrays
    return np.concatenate([array.ravel() for array in (*coefs, *intercepts)])


def shifted(network, step):
    """Copy of a network whose parameters are changed by a vector."""
    moved, start = copy.deepcopy(network), 0
    for array in (*moved.coefs_, *moved.intercepts_):
        array += step[start : start + array.size].reshape(array.shape)
        start += array.size
    return moved


w = flat((small.coefs_, small.intercepts_))
n_weights = sum(coefs.size for coefs in small.coefs_)
units = np.eye(w.size)
H = np.array([hessian_vector_product(small, X_iris, y_iris, unit) for unit in units])

step = 1e-4
plus = [flat(gradient(shifted(small, step * unit), X_iris, y_iris)) for unit in units]
minus = [flat(gradient(shifted(small, -step * unit), X_iris, y_iris)) for unit in units]
differences = (np.array(plus) - np.array(minus)) / (2 * step)

print(
    f"{n_weights} weights and {w.size - n_weights} intercepts, so H has {w.size} x {w.size} entries"
)
print(
    f"largest entry of the gradient {abs(flat(gradient(small, X_iris, y_iris))).max():.4f}"
)
print(
    f"largest entry of H {abs(H).max():.3f}; difference to finite differences at most {abs(H - differences).max():.1e}"
)
print(f"largest difference to the transpose {abs(H - H.T).max():.1e}")
print(
    f"the diagonal has {np.sum(np.diag(H) ** 2) / np.sum(H**2):.0%} of the sum of the squared entries"
)

figure, ax = plt.subplots(figsize=(7, 5.2), layout="tight")
image = ax.imshow(H, cmap="RdBu", norm=SymLogNorm(1e-3, vmin=-0.3, vmax=0.3))
figure.colorbar(
    image,
    ax=ax,
    label=r"$\partial^2 E / \partial w_i \partial w_j$",
    ticks=[-0.1, -0.01, 0, 0.01, 0.1],
)
borders = np.cumsum([array.size for array in (*small.coefs_, *small.intercepts_)])
for border in borders[:-1]:
    ax.axhline(border - 0.5, color="0.5", linewidth=0.8)
    ax.axvline(border - 0.5, color="0.5", linewidth=0.8)
names = ["weights,\nlayer 1", "weights,\nlayer 2", "intercepts 1", "intercepts 2"]
middles = (borders + np.append(0, borders[:-1])) / 2 - 0.5
ax.set_xticks(middles, names, rotation=45, ha="right")
ax.set_yticks(middles, names)
ax.tick_params(length=0)
plt.show()

# %%
# The gradient of the loss is small, but not zero: training minimized the loss *with* its penalty ``alpha``. The entries
# off the diagonal are not small at all. Remember them; they come back in the section on Optimal Brain Surgeon.
#
# The diagonal against the truth
# ------------------------------
#
# :math:`H` has as many entries as the square of the number of parameters. For a network of a million weights it cannot
# even be stored, but its diagonal can. :func:`~sknn_concepts.curvature.hessian_diagonal` computes it, by several
# methods:
#
# - ``exact``, by propagating the Hessian of the outputs down through the layers;
# - ``obd``, the recursion of LeCun, Denker and Solla (1990), which hands only the diagonal from layer to layer, and
#   ``levenberg_marquardt``, the same without the second derivatives of the activations;
# - ``hesscale``, which starts from the whole Hessian of the outputs (Elsayed et al., 2024);
# - ``gauss_newton``, exact for the network linearized;
# - ``fisher``, the mean of the squared gradients of single samples;
# - ``hutchinson``, a mean over products with random vectors of signs (Bekas, Kokiopoulou and Saad, 2007).

truth = np.diag(differences)
print(f"{'method':21}{'error':>8}{'rank correlation with the truth':>33}")
figure, ax = plt.subplots(figsize=(9, 3.8), layout="constrained")
order = np.argsort(truth)
ax.plot(truth[order], color="0.6", linewidth=5, label="truth (finite differences)")
markers = dict(zip(["exact", "obd", "fisher", "hutchinson"], "x^sv", strict=True))
for method in HESSIAN_METHODS:
    diagonal = flat(
        hessian_diagonal(small, X_iris, y_iris, method=method, random_state=0)
    )
    error = np.linalg.norm(diagonal - truth) / np.linalg.norm(truth)
    print(f"{method:21}{error:8.1%}{spearmanr(diagonal, truth).statistic:33.3f}")
    if method in markers:
        ax.plot(diagonal[order], markers[method], label=method, markersize=5)
ax.set(
    xlabel="parameter, in the order of the truth",
    ylabel="second derivative $h_i$",
    yscale="symlog",
)
ax.set_yscale("symlog", linthresh=1e-2)
ax.legend()
plt.show()

# %%
# ``exact`` and ``hesscale`` agree with the differences (with one hidden layer, ``hesscale`` is exact, too). The others
# err, some a lot; but pruning needs only the *order* of the weights, which most of them preserve.
#
# Optimal Brain Damage
# --------------------
#
# LeCun, Denker and Solla (1990) neglect the gradient and everything off the diagonal. If weight :math:`i` is removed,
# :math:`\Delta w_i = -w_i`, and the predicted increase of the loss is its *saliency*
#
# .. math::
#
#     s_i = \tfrac{1}{2}\, h_i\, w_i^2 .
#
# The procedure of the paper is: train a network until it is near a minimum; compute the second derivatives and the
# saliencies; remove some weights with low saliencies; train again; repeat. Before we follow it, one weight at a time.
#
# Away from a minimum, :math:`h_i` can be negative. Such a saliency says that the loss falls whichever way the weight
# moves, which holds only nearby. :class:`~sknn_concepts.pruning.OptimalBrainDamage` takes a negative :math:`h_i` as
# almost zero, so that these weights are removed first, the smallest before the others; its parameter ``negative``
# offers two other treatments.
#
# The saliency is a product. **A small second derivative alone does not make a weight unimportant**: if the weight is
# large, moving it to zero is a long way, and even a gentle slope adds up. Nor does a small weight alone: where the loss
# curves steeply, a short way is enough. We remove each weight of the small network alone, and measure by how much the
# loss really rises.

h = flat(hessian_diagonal(small, X_iris, y_iris))[:n_weights]
slope = flat(gradient(small, X_iris, y_iris))[:n_weights]  # g, not quite zero
print(f"{np.sum(h < 0)} of {n_weights} second derivatives are negative")
size = abs(w[:n_weights])
saliency = h * size**2 / 2


def loss(network, samples, labels):
    """Mean log loss."""
    return log_loss(labels, network.predict_proba(samples))


before = loss(small, X_iris, y_iris)
increase = np.array(
    [
        loss(shifted(small, -w[i] * units[i]), X_iris, y_iris) - before
        for i in range(n_weights)
    ]
)


def rank(numbers):
    """Rank of each number, 1 for the smallest."""
    return np.argsort(np.argsort(numbers)) + 1


third = n_weights // 3
flat_but_important = max(np.argsort(h)[:third], key=lambda i: increase[i])
small_but_important = max(np.argsort(size)[:third], key=lambda i: increase[i])

figure, axes = plt.subplots(1, 3, figsize=(9, 3.5), sharey=True, layout="constrained")
criteria = {
    "second derivative $h$": h,
    "magnitude $|w|$": size,
    "saliency $h w^2 / 2$": saliency,
}
for ax, (name, scores) in zip(axes, criteria.items(), strict=True):
    ax.plot([1, n_weights], [1, n_weights], color="0.8", linewidth=1)
    ax.plot(rank(scores), rank(increase), "o", markersize=4)
    for i, marker in ((flat_but_important, "s"), (small_but_important, "D")):
        ax.plot(
            rank(scores)[i], rank(increase)[i], marker, color=COLORS[1], markersize=8
        )
    ax.set(
        title=f"rank correlation {spearmanr(scores, increase).statistic:.2f}",
        xlabel=f"rank by {name}",
    )
axes[0].set_ylabel("rank by the measured increase")
plt.show()

print(
    f"{'':8}{'h':>8}{'rank':>6}{'|w|':>8}{'rank':>6}"
    f"{'predicted':>11}{'-g w':>8}{'measured':>10}{'rank':>6}"
)
for name, i in (("square", flat_but_important), ("diamond", small_but_important)):
    print(f"{name:8}{h[i]:8.4f}{rank(h)[i]:6}{size[i]:8.2f}{rank(size)[i]:6}", end="")
    print(f"{saliency[i]:11.4f}{-slope[i] * w[i]:8.4f}", end="")
    print(f"{increase[i]:10.4f}{rank(increase)[i]:6}")

# %%
# The square has one of the smallest second derivatives, and yet removing it costs more than removing most of the
# others, because the weight is large. The diamond is one of the smallest weights, and costs more than its size
# suggests. The saliency puts both closer to where they belong.
#
# For the square, it predicts less than half of the measured increase. Training minimized the loss with its penalty
# ``alpha``, and a minimum of that sum is not one of the loss: the slope :math:`g` is not zero, and for a large weight
# the first-order term :math:`-g w`, which the saliency neglects, is not small. The rest is of higher order. The next
# figure follows both from their value to zero: the measured increase of the loss, and the parabola
# :math:`h\, \Delta w^2 / 2`. The way of the square is gentle, but long; that of the diamond is short, but steep. The
# measured curve of the square begins with a slope, the parabola flat.

figure, ax = plt.subplots(figsize=(9, 3.4), layout="constrained")
shares = np.linspace(0, 1, 21)  # of the way to zero
for (name, i), marker, color in zip(
    (("square", flat_but_important), ("diamond", small_but_important)),
    "sD",
    COLORS,
    strict=False,
):
    measured = [
        loss(shifted(small, -t * w[i] * units[i]), X_iris, y_iris) - before
        for t in shares
    ]
    ax.plot(shares * size[i], measured, color=color, label=f"{name}, measured")
    ax.plot(
        shares * size[i],
        h[i] * (shares * size[i]) ** 2 / 2,
        "--",
        color=color,
        label=f"{name}, parabola",
    )
    ax.plot(size[i], increase[i], marker, color=color)
ax.set(
    xlabel=r"distance $|\Delta w|$ from the value of the weight; the marker is at zero",
    ylabel="increase of the loss",
)
ax.legend()
plt.show()

# %%
# Now with many weights at once: a network for the digits loses a share of its weights in one step, without
# retraining. A pruner is a class with a method ``scores``, so that "second derivative alone" takes three lines.


class SecondDerivative(Pruner):
    """h alone, which is a mistake."""

    def scores(self, network):
        """Score of each parameter."""
        return network.hessian_diagonal("exact")


digits = train(30)
print(
    f"{'removed':8}{'by h alone':>14}{'by |w| alone':>14}{'by h w^2 / 2':>14}    test accuracy"
)
for share in (0.3, 0.5, 0.6, 0.7):
    setting = {"sparsity": share, "schedule": "one_shot", "retrain_epochs": 0}
    pruners = [
        SecondDerivative(**setting),
        MagnitudePruning(**setting),
        OptimalBrainDamage(**setting),
    ]
    scores = [
        prune(digits, X_train, y_train, pruner).score(X_test, y_test)
        for pruner in pruners
    ]
    print(f"{share:<8.0%}{scores[0]:14.3f}{scores[1]:14.3f}{scores[2]:14.3f}")

# %%
# Up to half, :math:`h` alone does no harm, and even less than the magnitude. From 60 % on both fail, :math:`h` alone
# most of all, while the product of both loses little.
#
# Optimal Brain Surgeon
# ---------------------
#
# The diagonal forgets that weights act together. Suppose two inputs carry nearly the same information. Each weight
# alone has a large saliency, because the network loses a part of its sum without it. But if the *other* weight grows,
# hardly anything is lost. Hassibi and Stork (1993) let all remaining weights adjust. Minimizing
# :math:`\tfrac{1}{2} \Delta w^\top H \Delta w` subject to :math:`\Delta w_q = -w_q` gives
#
# .. math::
#
#     \Delta w = -\frac{w_q}{[H^{-1}]_{qq}} H^{-1} e_q,
#     \qquad L_q = \frac{w_q^2}{2\, [H^{-1}]_{qq}},
#
# with the unit vector :math:`e_q` and the diagonal entry :math:`[H^{-1}]_{qq}` of the inverse. If :math:`H` is
# diagonal, :math:`L_q` is the saliency of Optimal Brain Damage; if it is a multiple of the identity, both order the
# weights as their magnitudes do.
#
# With two weights one can see it. A linear network with squared error has an exactly quadratic loss; its two inputs are
# strongly correlated.

rng = np.random.RandomState(0)
common = rng.normal(size=400)
X_pair = np.column_stack([common, common]) + 0.3 * rng.normal(size=(400, 2))
y_pair = X_pair @ [0.6, 1.0] + 0.3 * rng.normal(size=400)
pair = MLPRegressor(
    hidden_layer_sizes=(),
    solver="lbfgs",
    alpha=0.0,
    tol=1e-8,
    max_iter=1000,
    random_state=0,
)
pair.fit(X_pair, y_pair)

w1, w2 = pair.coefs_[0].ravel()
H_pair = np.array(
    [hessian_vector_product(pair, X_pair, y_pair, unit) for unit in np.eye(3)]
)
inverse = inverse_hessian(pair, X_pair, y_pair, damping=0.0)
change = -w1 / inverse[0, 0] * inverse[:, 0]
print(f"weights {w1:.3f} and {w2:.3f}; we remove the first one")

for pruner in (OptimalBrainDamage, OptimalBrainSurgeon):
    setting = pruner(sparsity=0.5, schedule="one_shot", retrain_epochs=0)
    path = pruning_path(pair, X_pair, y_pair, setting)
    left = prune(pair, X_pair, y_pair, setting).coefs_[0].ravel()
    predicted, measured = path["predicted_increase"][1], path["actual_increase"][1]
    print(
        f"{pruner.__name__:20} predicted {predicted:.4f}, measured {measured:.4f}; weights {left.round(3)}"
    )
print(
    f"by hand: h w^2 / 2 = {H_pair[0, 0] * w1**2 / 2:.4f}, w^2 / (2 [H^-1]) = {w1**2 / (2 * inverse[0, 0]):.4f}"
)
print(f"         w + dw = {np.array([w1, w2]) + change[:2]}")

grid_1, grid_2 = np.meshgrid(np.linspace(-0.3, 1.3, 81), np.linspace(0.3, 1.9, 81))
shift = np.stack([grid_1 - w1, grid_2 - w2], axis=-1)
rise = np.einsum("...i,ij,...j", shift, H_pair[:2, :2], shift) / 2
figure, ax = plt.subplots(figsize=(6.2, 4.6), layout="constrained")
contours = ax.contourf(
    grid_1,
    grid_2,
    rise,
    [0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6],
    colors=plt.colormaps["Blues"](np.linspace(0.05, 0.75, 8)),
    extend="max",
)
figure.colorbar(contours, label="increase of the loss")
ax.axvline(0, color="black", linestyle="--", linewidth=1)
for end, name, color in (
    ((0, w2), "OBD", COLORS[1]),
    ((0, w2 + change[1]), "OBS", COLORS[6]),
):
    ax.annotate(
        "",
        end,
        (w1, w2),
        arrowprops={"arrowstyle": "->", "color": color, "linewidth": 2},
    )
    ax.annotate(
        name,
        end,
        (-8, 0),
        textcoords="offset points",
        color=color,
        ha="right",
        va="center",
        weight="bold",
    )
ax.plot(w1, w2, "o", color="white", markeredgecolor="black")
ax.set(xlabel="$w_1$, to be removed", ylabel="$w_2$")
plt.show()

# %%
# The dashed line is where :math:`w_1 = 0`. Optimal Brain Damage goes there along the axis, Optimal Brain Surgeon to the
# lowest point of the line: :math:`w_2` takes over. The increase is a fraction of the other one.
#
# In a network with hidden units the loss is quadratic only nearby. We remove the weights of the small network one by
# one, without any retraining, and sum up what each step predicts.

print(
    f"{'weights removed':20}" + "".join(f"{number:8}" for number in (0, 10, 15, 20, 25))
)
figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
for pruner, color in zip(
    (MagnitudePruning, OptimalBrainDamage, OptimalBrainSurgeon), COLORS, strict=False
):
    one_by_one = pruner(
        sparsity=0.9,
        schedule="linear",
        n_steps=round(0.9 * n_weights),
        retrain_epochs=0,
    )
    path = pruning_path(small, X_iris, y_iris, one_by_one)
    removed = n_weights - path["n_weights"]
    ax.semilogy(removed, path["training_loss"], color=color, label=pruner.__name__)
    if not np.isnan(path["predicted_increase"]).any():
        predicted = path["training_loss"][0] + np.cumsum(path["predicted_increase"])
        ax.semilogy(
            removed, predicted, ":", color=color, label=f"{pruner.__name__}, predicted"
        )
    values = [
        path["training_loss"][removed == number][0] for number in (0, 10, 15, 20, 25)
    ]
    print(f"{pruner.__name__:20}" + "".join(f"{value:8.3f}" for value in values))
ax.set(xlabel=f"weights removed, of {n_weights}", ylabel="training loss")
ax.legend()
plt.show()

# %%
# Optimal Brain Surgeon keeps the loss lowest until more than half of the weights are gone. But look at the dotted
# lines: both methods predict too little, above all Optimal Brain Surgeon, whose adjustments add up and lead far away
# from the point around which the loss was expanded. That is why one prunes in small steps, computes the derivatives
# anew after each, and retrains.
#
# What is left? The network as a graph, whole and with 12 of its 35 weights, after Optimal Brain Surgeon with
# retraining. Colors tell the sign of a weight, and widths its size.

sparse = prune(
    small,
    X_iris,
    y_iris,
    OptimalBrainSurgeon(sparsity=1 - 12 / 35, n_steps=8, retrain_epochs=50),
)
iris_names, species = (
    ["sepal\nlength", "sepal\nwidth", "petal\nlength", "petal\nwidth"],
    load_iris().target_names,
)
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, network in zip(axes, (small, sparse), strict=True):
    NetworkGraphDisplay.from_estimator(
        network, feature_names=iris_names, output_names=species, ax=ax
    )
    left = sum(np.count_nonzero(coefs) for coefs in network.coefs_)
    ax.set_title(
        f"{left} weights, training accuracy {network.score(X_iris, y_iris):.3f}"
    )
plt.show()

# %%
# Units that have lost all incoming or all outgoing connections are dotted: some hidden units are not needed at all.
# Even one class may lose all its connections and keep only its intercept, since only the differences between the
# outputs of a softmax count.
#
# The price of Optimal Brain Surgeon is the inverse of an :math:`n \times n` matrix. While a network has more than 1,000
# parameters (``max_weights``), the library uses a matrix for the inputs of each layer instead (Dong, Chen and Pan,
# 2017).
#
# Sensitivity
# -----------
#
# Other criteria need first derivatives only, or none. At a minimum the mean gradient is zero, so it tells nothing; that
# of single samples is not.
#
# .. list-table::
#    :header-rows: 1
#    :widths: 34 36 30
#
#    * - pruner
#      - score of a weight
#      - source
#    * - ``MagnitudePruning``
#      - :math:`|w|`
#      - Han et al. (2015)
#    * - ``SensitivityPruning(criterion="taylor")``
#      - mean over samples of :math:`(g_n w)^2`
#      - Molchanov et al. (2019)
#    * - ``SensitivityPruning(criterion="karnin")``
#      - :math:`\left| \sum_t \Delta w(t)^2\, \frac{w}{\eta\, (w - w_0)} \right|`, summed up while training from
#        :math:`w_0` with the learning rate :math:`\eta`
#      - Karnin (1990)
#    * - ``SensitivityPruning(criterion="snip")``
#      - :math:`|g w|` *before* training
#      - Lee, Ajanthan and Torr (2019)
#    * - ``ActivationNormPruning``
#      - :math:`|w|` times the norm of the weight's input
#      - Sun et al. (2023)
#    * - ``UnitPruning``
#      - for a whole hidden unit: :math:`-\partial E / \partial \alpha` at :math:`\alpha = 1`, a factor of its value,
#        with the linear error :math:`E`
#      - Mozer and Smolensky (1989)
#    * - ``OptimalBrainDamage``
#      - :math:`h w^2 / 2`
#      - LeCun, Denker and Solla (1990)
#    * - ``OptimalBrainSurgeon``
#      - :math:`w^2 / (2\, [H^{-1}]_{qq})`
#      - Hassibi and Stork (1993)
#
# Side by side
# ------------
#
# The digits again: 30 hidden units, 2,220 weights, three splits into training and test samples. Everything is fixed
# beforehand: each pruner removes weights in the same eight steps until 5 % are left, once without retraining and once
# with the default of five epochs after each step. Optimal Brain Surgeon works layer by layer, which is much faster
# (``max_weights=0``). Scores come from the training samples; the test samples are only looked at.

PRUNERS = {
    "random": RandomPruning,
    "magnitude": MagnitudePruning,
    "sensitivity": SensitivityPruning,
    "OBD": OptimalBrainDamage,
    "OBS": OptimalBrainSurgeon,
}
EPOCHS = {"without retraining": 0, "5 epochs after each step": 5}
paths = {}
for seed in range(3):
    X_fit, X_new, y_fit, y_new = split(seed)
    network = train(30, seed=seed, samples=(X_fit, y_fit))
    for name, pruner in PRUNERS.items():
        for title, epochs in EPOCHS.items():
            setting = {
                "sparsity": 0.95,
                "schedule": "geometric",
                "n_steps": 8,
                "retrain_epochs": epochs,
            }
            steps = pruner(
                **setting, **({"max_weights": 0} if name == "OBS" else {})
            )  # 0: layer by layer
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                path = pruning_path(network, X_fit, y_fit, steps, X_new, y_new)
            paths.setdefault((title, name), []).append(path)

left = 1 - path["sparsity"]
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, title in zip(axes, EPOCHS, strict=True):
    print(f"{title}: test accuracy with this share of the weights left")
    print(f"{'':12}" + "".join(f"{share:7.0%}" for share in left))
    for name, marker in zip(PRUNERS, "xosD^", strict=True):
        accuracy = np.mean([path["score"] for path in paths[title, name]], axis=0)
        ax.semilogx(left, accuracy, marker=marker, markersize=5, label=name)
        print(f"{name:12}" + "".join(f"{number:7.3f}" for number in accuracy))
    ax.set(title=title, xlabel="share of the weights left")
    ax.set_xticks([1, 0.5, 0.2, 0.1, 0.05], ["100%", "50%", "20%", "10%", "5%"])
    ax.minorticks_off()
    ax.invert_xaxis()
axes[0].set_ylabel("test accuracy")
axes[1].legend(loc="lower left")
plt.show()

# %%
# - **Without retraining**, the order is that of the theory: Optimal Brain Surgeon, which adjusts what is left, far
#   ahead; then Optimal Brain Damage and the sensitivity to single samples, close to each other; then the magnitude;
#   then chance.
# - **With retraining**, all come closer together, since retraining does by gradient descent what Optimal Brain Surgeon
#   does by the inverse Hessian: half of the weights go at practically no cost by any method but chance. The choice
#   still matters where few weights are left.
#
# Three splits of one small data set show the pattern, but do not rank methods for good. The benchmarks of the library,
# ``python -m benchmarks.evidence.digits`` and ``python -m benchmarks.evidence.monks``, repeat such comparisons on a
# larger scale.
#
# How far can the predictions of Optimal Brain Damage be trusted? The next figure repeats one of the paper: from the
# same trained network, more and more weights are removed in one step, and the increase of the training loss that the
# saliencies predict is compared with the measured one. We also compute what they neglect: the entries off the diagonal
# in :math:`\tfrac{1}{2} \Delta w^\top H \Delta w`, and then also the first-order term, :math:`g^\top \Delta w`.

g = flat(gradient(digits, X_train, y_train))
before = loss(digits, X_train, y_train)
shares = np.linspace(0.4, 0.95, 12)
rows = []
for share in shares:
    removal = OptimalBrainDamage(sparsity=share, schedule="one_shot", retrain_epochs=0)
    pruned = prune(digits, X_train, y_train, removal)
    dw = flat((pruned.coefs_, pruned.intercepts_)) - flat(
        (digits.coefs_, digits.intercepts_)
    )
    quadratic = dw @ hessian_vector_product(digits, X_train, y_train, dw) / 2
    predicted = pruned.pruning_history_[-1]["predicted_increase"]
    rows.append(
        [
            predicted,
            quadratic,
            g @ dw + quadratic,
            loss(pruned, X_train, y_train) - before,
        ]
    )

labels = ["saliencies", "Hessian", "with gradient", "measured"]
print(f"{'removed':9}" + "".join(f"{label:>15}" for label in labels))
for share, row in zip(shares[::3], rows[::3], strict=True):
    print(f"{share:<9.0%}" + "".join(f"{number:15.1e}" for number in row))

figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
for label, style, column in zip(
    labels, ("o--", "^-.", "D:", "s-"), np.transpose(rows), strict=True
):
    ax.semilogy(shares, column, style, markersize=5, label=label)
ax.xaxis.set_major_formatter(PercentFormatter(1))
ax.set(xlabel="share of the weights removed", ylabel="increase of the training loss")
ax.legend()
plt.show()

# %%
# The saliencies predict too little, for three reasons. While few weights that matter are removed, most of the
# difference is the gradient, which is not quite zero after a fixed number of epochs. Then the entries off the diagonal
# count: weights that are removed together act on one another. In the end, the step is too large for any quadratic. The
# *order* of the weights suffers much less than the sum.
#
# Other kinds of sensitivity need to watch the training (Karnin) or to come before it (SNIP). These pruners are given
# to the constructor, and prune within ``fit``. With 80 % of the weights removed, and five epochs after each step:

for criterion in ("taylor", "karnin", "snip"):
    pruned = train(30, pruning=SensitivityPruning(criterion=criterion, sparsity=0.8))
    print(
        f"{criterion:7} {pruned.n_weights_} weights left, test accuracy {pruned.score(X_test, y_test):.3f}"
    )

# %%
# How far to go
# -------------
#
# The sparsity itself must not be chosen on the test samples, either. ``max_score_drop`` removes as many weights as
# possible while the score on *validation* samples drops by no more than this; the test samples are looked at once, in
# the end.

X_part, X_val, y_part, y_val = train_test_split(
    X_train, y_train, test_size=0.3, random_state=0, stratify=y_train
)
network = train(30, samples=(X_part, y_part))
careful = prune(
    network,
    X_part,
    y_part,
    OptimalBrainDamage(max_score_drop=0.01),
    X_val=X_val,
    y_val=y_val,
)
print(f"{careful.sparsity_:.0%} of the weights removed, {careful.n_weights_} left")
for name, samples, labels in (("validation", X_val, y_val), ("test", X_test, y_test)):
    print(
        f"{name:10} accuracy {network.score(samples, labels):.3f} -> {careful.score(samples, labels):.3f}"
    )

# %%
# Are the weights worth something, or the connections?
# ----------------------------------------------------
#
# If a tenth of the weights is enough, why not train only these from the start? Frankle and Carbin (2019) found that it
# works if the remaining weights are reset to the values with which *they* began: the "winning ticket" of the initial
# lottery. We remove 90 % in four steps with 60 epochs after each, and compare, at the same number of weights, the
# test accuracies of four seeds:

steps = {"sparsity": 0.9, "n_steps": 4, "schedule": "geometric", "retrain_epochs": 60}
lottery = {}
for seed in range(4):
    ticket = train(100, seed=seed, pruning=MagnitudePruning(**steps, rewind=0))
    variants = {
        "pruned and retrained": train(
            100, seed=seed, pruning=MagnitudePruning(**steps)
        ),
        "pruned, reset, retrained": ticket,
        "same connections, new weights": train(
            100, seed=seed + 5, connectivity=ticket.masks_
        ),
        "connections at random": train(100, seed=seed, connectivity=0.1),
        "dense, 10 hidden units": train(10, seed=seed),
    }
    for name, network in variants.items():
        lottery.setdefault(name, []).append(network.score(X_test, y_test))
        assert sum(np.count_nonzero(coefs) for coefs in network.coefs_) == 740

print(f"{'740 weights':31}{'mean':>6}{'lowest':>8}{'highest':>9}")
for name, scores in lottery.items():
    print(f"{name:31}{np.mean(scores):6.3f}{min(scores):8.3f}{max(scores):9.3f}")

# %%
# The connections that pruning finds are worth something. Even with new initial weights, the worst of these networks is
# better than the best with connections drawn at random, and about as good as the best dense network of the same size;
# the dense ones spread far more. With the original initial weights, all four do a little better again, as the paper
# claims; but four seeds on data as easy as these are no proof. The network that keeps its trained weights is the best,
# but it has also been trained for longer than the others.
#
# What it is good for: size and latency
# -------------------------------------
#
# Zeros in an array save nothing. ``sparsify()`` stores sparse layers as such, and predictions then skip what has been
# removed; ``compact()`` returns a network without the units that have lost all incoming or outgoing weights.
# :func:`~sknn_concepts.pruning.size_report` measures all three forms. The latencies depend on the machine.

large = train((256, 128), epochs=20)
smaller = {
    "not pruned": large,
    "OBD, 95 % removed": prune(
        large, X_train, y_train, OptimalBrainDamage(sparsity=0.95, n_steps=3)
    ),
    "units, 90 % removed": prune(
        large, X_train, y_train, UnitPruning(sparsity=0.9, n_steps=3)
    ),
}
reports = {}
for name, network in smaller.items():
    units = network.compact().hidden_layer_sizes
    print(
        f"{name}: test accuracy {network.score(X_test, y_test):.3f}, hidden units left {units}"
    )
    reports[name] = size_report(network, X_test, n_rounds=10)
    for form, numbers in reports[name].items():
        kib, milliseconds = (
            numbers["bytes_in_memory"] / 1024,
            1e3 * numbers["batch_latency"],
        )
        print(
            f"    {form:8}{numbers['multiply_adds']:7,} multiplications a row{kib:7.0f} KiB"
            f"{milliseconds:8.2f} ms for {len(X_test)} rows"
        )

figure, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(9, 3.3), layout="constrained")
positions = np.arange(len(reports))
for k, form in enumerate(("dense", "sparse", "compact")):
    sizes = [report[form]["bytes_in_memory"] / 1024 for report in reports.values()]
    times = [1e3 * report[form]["batch_latency"] for report in reports.values()]
    left_ax.bar(positions + 0.27 * (k - 1), sizes, 0.27, label=form)
    right_ax.bar(positions + 0.27 * (k - 1), times, 0.27)
for ax, label in (
    (left_ax, "KiB in memory"),
    (right_ax, f"ms for {len(X_test)} predictions"),
):
    ax.set_xticks(positions, [name.replace(", ", ",\n") for name in reports])
    ax.set_ylabel(label)
figure.legend(loc="outside upper center", ncols=3)
plt.show()

# %%
# For a single row, checks of the input take longer than the network. A service can use a ``predictor``, which
# leaves them out:

network = smaller["OBD, 95 % removed"].compact().sparsify()
row = X_test[:1]
for name, predict in (
    ("predict", network.predict),
    ("predictor", network.predictor("predict")),
):
    predict(row)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        predict(row)
        times.append(time.perf_counter() - start)
    print(f"{name:10} {1e6 * min(times):6.1f} microseconds for a row")

# %%
# A tenth or a twentieth of the weights does not mean a tenth or a twentieth of the time: a sparse layer needs an index
# for each weight, and each layer has costs that do not depend on its weights. Removing whole units leaves a dense
# network, in which a weight costs less time, but the same number of weights predicts less well.
#
# In short
# --------
#
# - Neither a small weight nor a small second derivative makes a weight unimportant; the saliency :math:`h w^2 / 2`
#   combines both, for the price of about one backward pass per output.
# - Start with ``MagnitudePruning``, several steps, and retraining: it is the simplest, and as good as any while half of
#   the weights are left. With few weights left and little retraining, it falls behind ``OptimalBrainDamage``. If you
#   cannot retrain at all, take ``OptimalBrainSurgeon``.
# - Choose the sparsity by validation samples, and then look at the size *and* the time.
# - Sparse from the start (``connectivity``) pays if you know which connections make sense.
#
# Questions to try
# ----------------
#
# 1. Fit the small network with ``alpha=1.0``. The gradient of the loss is larger then. What happens to the rank
#    correlation of the saliencies? Add the first-order term :math:`-g_i w_i`.
# 2. A sparse layer has fewer inputs per unit than its initializer assumes. Does an initializer with a larger variance
#    make the network with ``connectivity=0.1`` learn faster? See :doc:`/concepts/initialization`.
# 3. With ``activation="relu"``, which methods for the diagonal become exact, and why? See :doc:`/concepts/activations`.
# 4. Make the two inputs of the linear network uncorrelated. Where do the two arrows point now?
#
# References
# ----------
#
# - LeCun (1989), Generalization and network design strategies, technical report CRG-TR-89-4, University of Toronto.
# - Mozer and Smolensky (1989), Skeletonization, Advances in Neural Information Processing Systems (NIPS) 1.
# - LeCun, Denker and Solla (1990), Optimal brain damage, NIPS 2.
# - Karnin (1990), A simple procedure for pruning back-propagation trained neural networks, IEEE Transactions on Neural
#   Networks 1(2).
# - Hassibi and Stork (1993), Second order derivatives for network pruning: optimal brain surgeon, NIPS 5.
# - Pearlmutter (1994), Fast exact multiplication by the Hessian, Neural Computation 6(1).
# - Han, Pool, Tran and Dally (2015), Learning both weights and connections for efficient neural networks, NIPS 28.
# - Dong, Chen and Pan (2017), Learning to prune deep neural networks via layer-wise optimal brain surgeon, NIPS 30.
# - Frankle and Carbin (2019), The lottery ticket hypothesis: finding sparse, trainable neural networks, ICLR.
# - Lee, Ajanthan and Torr (2019), SNIP: single-shot network pruning based on connection sensitivity, ICLR.
# - Molchanov, Mallya, Tyree, Frosio and Kautz (2019), Importance estimation for neural network pruning, CVPR.
# - Sun, Liu, Bair and Kolter (2023), A simple and effective pruning approach for large language models,
#   arXiv:2306.11695.
# - Elsayed, Farrahi, Dangel and Mahmood (2024), Revisiting scalable Hessian diagonal approximations for applications in
#   reinforcement learning, ICML.
