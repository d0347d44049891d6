r"""
Activations: which function, and why
====================================

A unit of a layer computes a weighted sum of its inputs, the *net input* or *pre-activation* :math:`z`, and applies a
function of one number, the *activation*:

.. math::

    z_j = \sum_i w_{ij} x_i + b_j, \qquad a_j = f(z_j).

This page asks what the choice of :math:`f` changes. Two things decide it. The value :math:`f(z)` is what the next layer
receives. The slope :math:`f'(z)` is a factor of every gradient that passes through the unit on its way back:

.. math::

    \delta_i^{(l)} = f'\bigl(z_i^{(l)}\bigr) \sum_j w_{ij}^{(l+1)} \delta_j^{(l+1)},
    \qquad \delta_i^{(l)} = \frac{\partial E}{\partial z_i^{(l)}},
    \qquad \frac{\partial E}{\partial w_{ki}^{(l)}} = a_k^{(l-1)} \delta_i^{(l)},

with the loss :math:`E` of one sample. Where a slope is nearly zero, nothing below it learns. *Saturation*,
*vanishing gradients* and *dying ReLU* are three names for ways in which this happens. We provoke each of them, measure
it, and then cure it.

All numbers on this page are computed while it is built. Download it as a notebook and change them.
"""

import copy
import textwrap
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.activations import Activation, get_activation
from sknn_concepts.callbacks import TrainingRecord
from sknn_concepts.curvature import hessian_diagonal
from sknn_concepts.initializers import Normal
from sknn_concepts.inspection import TrainingHealthDisplay, diagnose
from sknn_concepts.math import logistic

# colors that people with color blindness can tell apart (Okabe and Ito, 2008)
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update(
    {"axes.prop_cycle": plt.cycler(color=COLORS), "lines.linewidth": 1.8}
)

# %%
# Why a layer needs one
# ---------------------
#
# Without an activation, that is with the identity, two layers are one: :math:`(xW_1 + b_1)W_2 + b_2` is again a matrix
# times :math:`x` plus a constant. The network stays a linear model, however deep it is. Two half-moons show it:

X_moons, y_moons = make_moons(600, noise=0.1, random_state=0)
for name in ("identity", "relu"):
    network = MLPClassifier(
        (30, 30), activation=name, solver="lbfgs", max_iter=1000, random_state=0
    )
    accuracy = network.fit(X_moons[:300], y_moons[:300]).score(
        X_moons[300:], y_moons[300:]
    )
    print(f"{name:9} test accuracy {accuracy:.3f}")

# %%
# The functions
# -------------
#
# .. list-table::
#    :header-rows: 1
#    :widths: 14 40 46
#
#    * - name
#      - :math:`f(z)`
#      - source
#    * - ``logistic``
#      - :math:`\sigma(z) = 1 / (1 + e^{-z})`; :math:`f' = f (1 - f)`
#      - the sigmoid of logistic regression; in networks since Rumelhart, Hinton and Williams (1986)
#    * - ``tanh``
#      - :math:`\tanh z = 2 \sigma(2z) - 1`; :math:`f' = 1 - f^2`
#      - the same curve, but centered at 0, which LeCun et al. (1998) recommend
#    * - ``softsign``
#      - :math:`z / (1 + |z|)`
#      - Bergstra et al. (2009): saturates more slowly
#    * - ``relu``
#      - :math:`\max(0, z)`
#      - Nair and Hinton (2010); Glorot, Bordes and Bengio (2011) trained deep networks with it
#    * - ``leaky_relu``
#      - :math:`z` for :math:`z > 0`, else :math:`\alpha z`, with :math:`\alpha = 0.01`
#      - Maas, Hannun and Ng (2013)
#    * - ``elu``
#      - :math:`z` for :math:`z > 0`, else :math:`\alpha (e^z - 1)`
#      - Clevert, Unterthiner and Hochreiter (2016)
#    * - ``selu``
#      - :math:`\lambda z` for :math:`z > 0`, else :math:`\lambda \alpha (e^z - 1)`,
#        :math:`\lambda \approx 1.0507`, :math:`\alpha \approx 1.6733`
#      - Klambauer et al. (2017): the constants keep mean 0 and variance 1 from layer to layer
#    * - ``gelu``
#      - :math:`z\, \Phi(z)`, :math:`\Phi` being the distribution function of the standard normal distribution
#      - Hendrycks and Gimpel (2016)
#    * - ``silu``
#      - :math:`z\, \sigma(z)`
#      - Elfwing, Uchibe and Doya (2018); Ramachandran, Zoph and Le (2017), who found it by a search, call it swish
#    * - ``mish``
#      - :math:`z \tanh(\ln(1 + e^z))`
#      - Misra (2019)
#
# Every activation of the library is an object that knows its own value, slope (first derivative) and curvature (second
# derivative). These formulas are the ones that training compiles; the figure evaluates them.

FAMILIES = {
    "saturating on both sides": ["logistic", "tanh", "softsign"],
    "rectifiers": ["relu", "leaky_relu", "elu", "selu"],
    "smooth, with a dip": ["gelu", "silu", "mish"],
}
DERIVATIVES = {
    "value": "value $f(z)$",
    "slope": "slope $f'(z)$",
    "curvature": "curvature $f''(z)$",
}


def evaluate(name, derivative, z):
    """Value, slope or curvature of an activation at each number of an array."""
    function = getattr(get_activation(name), derivative)
    return np.array([function(number) for number in np.ravel(z)]).reshape(np.shape(z))


z = np.linspace(-5, 5, 401)
figure, axes = plt.subplots(
    3, 3, figsize=(9, 7.5), sharex=True, sharey="row", layout="constrained"
)
for column, (family, names) in zip(axes.T, FAMILIES.items(), strict=True):
    column[0].set_title(family)
    column[-1].set_xlabel("net input $z$")
    for ax, derivative in zip(column, DERIVATIVES, strict=True):
        ax.axhline(0, color="0.8", linewidth=0.8)
        for name, style in zip(names, ("-", "--", "-.", ":"), strict=False):
            ax.plot(z, evaluate(name, derivative, z), style, label=name)
    column[0].legend(loc="upper left")
for ax, label in zip(axes[:, 0], DERIVATIVES.values(), strict=True):
    ax.set_ylabel(label)
axes[0, 0].set_ylim(-2, 3)
plt.show()

# %%
# Three things are worth finding in the figure, and in the numbers below.
#
# - The slope of ``logistic`` is at most 1/4, at :math:`z = 0`; that of ``tanh`` is at most 1.
# - The slope of ``relu`` is exactly 0 for all negative :math:`z`, that of ``leaky_relu`` is never 0. ``elu`` and
#   ``selu`` lie in between: negative, but with a slope that vanishes like :math:`e^z`.
# - ``gelu``, ``silu`` and ``mish`` are smooth versions of ``relu``. They are not monotone: they have a minimum, left of
#   which the slope is slightly negative.

wide = np.linspace(-30, 30, 6001)
heads = ["f(-30)", "minimum", "f(30)", "max f'", "f'(0)", "f'(-5)"]
print(f"{'':12}" + "".join(f"{head:>9}" for head in heads))
for name in sum(FAMILIES.values(), []):
    values, slopes = evaluate(name, "value", wide), evaluate(name, "slope", wide)
    at_0, at_5 = evaluate(name, "slope", np.array([0.0, -5.0]))
    numbers = [values[0], values.min(), values[-1], slopes.max(), at_0, at_5]
    print(f"{name:12}" + "".join(f"{number:9.3f}" for number in numbers))

# %%
# The second derivative does not matter for gradient descent, but for methods that use the curvature of the loss; see
# :doc:`/concepts/pruning_and_connectivity`.
#
# Saturation
# ----------
#
# A unit *saturates* where its function is flat: for ``logistic`` and ``tanh``, where :math:`|z|` is large. Net inputs
# are large when the weights are, or when the inputs are. To see what it does, we take handwritten digits (8 x 8
# pixels, standardized) and a network with one hidden layer of 64 ``tanh`` units. Their initial weights are drawn from
# :math:`N(0, s^2 / 64)`. With :math:`s = 1`, the sum over 64 inputs has a variance of about 1; then we multiply the
# weights by 5 and by 20. The weights of the output layer stay as they are, so that what comes back from there is alike.

X, y = load_digits(return_X_y=True)
X_raw, X_raw_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
scaler = StandardScaler().fit(X_raw)
X_train, X_test = scaler.transform(X_raw), scaler.transform(X_raw_test)


def train(epochs, samples=X_train, **parameters):
    """Network that is trained for a number of epochs, however little it still improves."""
    parameters = {"hidden_layer_sizes": (64,), "random_state": 0, **parameters}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # the fits are short on purpose
        return MLPClassifier(
            **parameters, max_iter=epochs, n_iter_no_change=epochs
        ).fit(samples, y_train)


def untrained(**parameters):
    """Network with its initial weights: an epoch with a learning rate of 1e-30 moves none of them."""
    return train(1, learning_rate_init=1e-30, **parameters)


def scaled(s):
    """Initializer that multiplies the weights of the hidden layers, but not those of the ten outputs."""
    return lambda rng, fan_in, fan_out: (
        (1 if fan_out == 10 else s)
        * rng.normal(0, 1 / np.sqrt(fan_in), (fan_in, fan_out))
    )


def deltas(network, samples, labels):
    """Root mean square of dE/dz over samples and units, for each hidden layer."""
    _, squares = hessian_diagonal(network, samples, labels, method="fisher")
    return np.array([np.sqrt(square.mean()) for square in squares[:-1]])


print(f"{'':5}{'untrained:':19}{'after 30 epochs:'}")
print(
    f"{'s':5}{'mean slope':10}{'delta':>9}{'weights moved by':>20}{'loss':>8}{'test accuracy':>16}"
)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for s, style in zip((1, 5, 20), ("-", "--", ":"), strict=True):
    setting = {"activation": "tanh", "initializer": scaled(s)}
    before = untrained(**setting)
    a = before.transform(X_train)
    left.hist(
        a.ravel(),
        bins=np.linspace(-1, 1, 41),
        density=True,
        histtype="step",
        linestyle=style,
        linewidth=1.5,
    )
    network = train(30, **setting, solver="sgd", learning_rate_init=0.05)
    right.semilogy(range(1, 31), network.loss_curve_, style, label=f"s = {s}")
    slope, delta = np.mean(1 - a**2), deltas(before, X_train, y_train)[0]
    moved = np.std(network.coefs_[0] - before.coefs_[0]) / np.std(before.coefs_[0])
    print(
        f"{s:<5}{slope:10.3f}{delta:9.3f}{moved:20.1%}{network.loss_:8.3f}{network.score(X_test, y_test):16.3f}"
    )
left.set(
    xlabel="value $a$ of the hidden units, untrained", ylabel="density", yscale="log"
)
left.set_xticks([-1, -0.5, 0, 0.5, 1])
right.set(xlabel="epoch", ylabel="training loss")
right.legend(title="initial weights")
plt.show()

# %%
# With :math:`s = 20`, most values are practically -1 or 1: the units have become switches. Their mean slope is a small
# fraction of what it was, and the gradient that passes through them, :math:`\delta`, has shrunk. Their weights hardly
# move compared with their size, so that the network has to make do with hidden units that stay as they were drawn.
#
# (The gradients are those of the library: ``hessian_diagonal`` with ``method="fisher"`` returns the mean squared
# gradient of single samples, and that of an intercept is the mean of :math:`\delta^2`. Gradients must be squared
# *before* they are averaged: those of different samples point in different directions and would cancel in part.)
#
# The cure is to stay in the middle of the function: standardize the inputs, and draw the weights with a variance of
# about :math:`1 / n_\text{in}`; see :doc:`/concepts/initialization`. In the *output*, by contrast, a logistic or
# softmax unit may saturate: together with the log loss, the flat slope cancels; see :doc:`/concepts/losses`.
#
# Vanishing gradients
# -------------------
#
# Even without saturation, each layer multiplies the gradient by a slope and by the weights. If the weights of a layer
# of :math:`n` units are independent with variance :math:`\operatorname{Var}(w)`, the recursion at the top gives, for
# each sample,
#
# .. math::
#
#     \frac{\operatorname{rms}(\delta^{(l)})}{\operatorname{rms}(\delta^{(l+1)})}
#     \approx \sqrt{n \operatorname{Var}(w)\; \overline{f'(z^{(l)})^2}},
#
# where rms is the root of the mean square over the units of a layer, and the bar is the mean over them. From layer to
# layer, these ratios *multiply*. For ``logistic`` units with Glorot's variance, :math:`1 / n`, each is at most 1/4
# (Glorot and Bengio, 2010; Hochreiter, 1991, described the effect first).
#
# We compare this with the gradients of untrained networks with 20 hidden layers of 64 units.

DEPTH, WIDTH = 20, 64
SETTINGS = [
    ("logistic", "glorot_normal"),
    ("tanh", "glorot_normal"),
    ("relu", "glorot_normal"),
    ("relu", "he_normal"),
    ("selu", "lecun_normal"),
    ("gelu", "he_normal"),
]
STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]


def predicted_share(network, activation, samples):
    """Share of the last hidden layer's delta that reaches the first one, from slopes and weights."""
    factors = np.ones(len(samples))  # of each sample
    for layer in range(DEPTH - 1):
        z = samples if layer == 0 else network.transform(samples, layer - 1)
        slopes = evaluate(
            activation, "slope", z @ network.coefs_[layer] + network.intercepts_[layer]
        )
        factors *= WIDTH * network.coefs_[layer + 1].var() * np.mean(slopes**2, axis=1)
    return np.sqrt(factors.mean())


print(f"{'':26}{'first / last layer':^21}{'ratio per layer':^21}")
print(
    f"{'activation, initializer':26}{'measured':>10}{'predicted':>10}{'measured':>11}{'predicted':>10}"
)
samples, labels = X_train[:30], y_train[:30]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for (activation, initializer), style in zip(SETTINGS, STYLES, strict=True):
    network = untrained(
        hidden_layer_sizes=(WIDTH,) * DEPTH,
        activation=activation,
        initializer=initializer,
    )
    values = [network.transform(samples, layer) for layer in range(DEPTH)]
    spread = [
        np.sqrt(np.mean(a.var(axis=0))) for a in values
    ]  # over the samples, then the mean over units
    delta = deltas(network, samples, labels)
    measured, predicted = (
        delta[0] / delta[-1],
        predicted_share(network, activation, samples),
    )
    label = f"{activation}, {initializer}"
    ratios = [share ** (1 / (DEPTH - 1)) for share in (measured, predicted)]
    print(
        f"{label:26}{measured:10.1e}{predicted:10.1e}{ratios[0]:11.3f}{ratios[1]:10.3f}"
    )
    left.semilogy(range(1, DEPTH + 1), spread, linestyle=style, label=label)
    right.semilogy(range(1, DEPTH + 1), delta, linestyle=style)
left.set(
    xlabel="hidden layer",
    ylabel="standard deviation of $a$ over samples",
    title="forward",
    xticks=range(2, 21, 3),
)
right.set(
    xlabel="hidden layer",
    ylabel=r"root mean square of $\delta$",
    title="backward",
    xticks=range(2, 21, 3),
)
figure.legend(loc="outside lower center", ncols=3)
plt.show()

# %%
# The left figure follows the samples upwards: by how much do the values of a unit differ from sample to sample? The
# right one follows the gradients downwards.
#
# - With ``logistic`` units, each layer leaves less than a quarter of the gradient. After 20 layers, the first one gets
#   about :math:`10^{-12}` of what the last one gets. Upwards it is the same: in the last layer, all samples look alike.
# - ``relu`` has the slope 1 for half of the net inputs, so that the mean squared slope is 1/2. With the variance
#   :math:`1 / n` the signals shrink by about :math:`\sqrt{1/2}` a layer, in both directions. The variance
#   :math:`2 / n` of He et al. (2015) makes up for it.
# - ``tanh`` has the slope 1 at 0 and works well with Glorot's variance. Its values shrink slowly from layer to layer.
# - ``selu`` keeps the standard deviation of its values close to 1, as its authors promise.
#
# What does that mean for training? Ten hidden layers, 20 epochs, and the same optimizer for all:

figure, ax = plt.subplots(figsize=(9, 3.5), layout="constrained")
runs = [*SETTINGS[:2], SETTINGS[3], ("logistic", Normal(4 / 8))]
for (activation, initializer), style in zip(runs, STYLES, strict=False):
    network = train(
        20,
        hidden_layer_sizes=(64,) * 10,
        activation=activation,
        initializer=initializer,
    )
    label = f"{activation}, {initializer}"
    ax.semilogy(range(1, 21), network.loss_curve_, linestyle=style, label=label)
    print(
        f"{label:28} loss {network.loss_:.3f}, test accuracy {network.score(X_test, y_test):.3f}"
    )
ax.axhline(np.log(10), color="0.6", linewidth=1)
ax.annotate(
    "ln 10: all ten digits equally probable",
    (20, np.log(10)),
    ha="right",
    va="bottom",
    color="0.4",
)
ax.set(xlabel="epoch", ylabel="training loss", ylim=(None, 6), xticks=range(2, 21, 3))
ax.legend(loc="lower left")
plt.show()

# %%
# The deep logistic network has learned nothing at all: its loss stays at :math:`\ln 10`, that of guessing. It is not
# the form of the function alone, though, but the product of slopes and weights. With weights four times as large as
# Glorot's, which make up for the slope of 1/4, it does learn (the last line), slowly.
#
# Dying ReLU
# ----------
#
# The slope of ``relu`` is exactly zero for :math:`z \le 0`. A unit whose net input is negative *for every sample* has
# no gradient at all: its incoming weights stop changing for good. It is *dead*. It takes one large step to get there,
# above all if all inputs are positive, because then all weights of a unit are pushed in the same direction. We provoke
# it with the raw pixels, from 0 to 16, and a learning rate of 0.1 (the default is 0.001). The penalty is switched off,
# so that nothing but the gradient of the loss moves a weight.


def dead_units(network, samples):
    """Mask of the units of the last hidden layer whose net input is not positive for any sample."""
    return (network.transform(samples) <= 0).all(axis=0)


def follow(samples, activation, learning_rate, epochs=12, **parameters):
    """Train a network with a hidden layer; return it with the share of dead units after each epoch."""
    network = MLPClassifier(
        (64,),
        activation,
        initializer="he_normal",
        learning_rate_init=learning_rate,
        alpha=0.0,
        **parameters,
    )
    shares = []
    for _ in range(epochs):
        network.partial_fit(samples, y_train, classes=range(10))
        shares.append(dead_units(network, samples).mean())
    return network, shares


with TrainingRecord():
    sick, _ = follow(X_raw, "relu", 0.1, random_state=0)
dead = dead_units(sick, X_raw)
squares, _ = hessian_diagonal(sick, X_raw, y_train, method="fisher")
print(
    f"{dead.sum()} of {dead.size} units are dead; test accuracy {sick.score(X_raw_test, y_test):.3f}"
)
print(
    f"largest mean squared gradient of one of their weights: {squares[0][:, dead].max()}"
)

# %%
# Here we knew what to look for. In a real network, nobody tells you that its units are dead. That is what
# :class:`~sknn_concepts.callbacks.TrainingRecord` is for: a network that is trained within it keeps a record of the
# gradients, weights and units of each layer. :func:`~sknn_concepts.inspection.diagnose` reads the record, and says what
# is wrong, how it shows, and what to change:

for line in str(diagnose(sick, X_raw, y_train)).splitlines():
    print(textwrap.fill(line, 84, subsequent_indent="    "))

# %%
# :class:`~sknn_concepts.inspection.TrainingHealthDisplay` draws the record. Most units died in the first epoch, when
# the weights changed by more than their own size. Above the dotted line, ``diagnose`` speaks of dead units.

TrainingHealthDisplay.from_estimator(sick)
plt.show()

# %%
# What helps? We try each remedy alone, with three seeds. For activations that let something through on the negative
# side, "dead" only means that all net inputs are negative; whether it hurts is told by the accuracy.

REMEDIES = {
    "nothing": (X_raw, X_raw_test, "relu", 0.1, {}),
    "learning rate 0.01": (X_raw, X_raw_test, "relu", 0.01, {}),
    "learning rate 0.001": (X_raw, X_raw_test, "relu", 0.001, {}),
    "standardized inputs": (X_train, X_test, "relu", 0.1, {}),
    "clipped gradients": (X_raw, X_raw_test, "relu", 0.1, {"max_grad_norm": 0.1}),
    "leaky_relu": (X_raw, X_raw_test, "leaky_relu", 0.1, {}),
    "elu": (X_raw, X_raw_test, "elu", 0.1, {}),
    "gelu": (X_raw, X_raw_test, "gelu", 0.1, {}),
}
SHOWN = ["nothing", "learning rate 0.01", "standardized inputs", "leaky_relu", "elu"]

print(f"{'remedy':22}{'dead':>6}{'test accuracy':>15}{'lowest of 3':>13}")
figure, ax = plt.subplots(figsize=(9, 3.5), layout="constrained")
for remedy, (samples, test, activation, rate, parameters) in REMEDIES.items():
    fits = [
        follow(samples, activation, rate, random_state=seed, **parameters)
        for seed in range(3)
    ]
    scores = [network.score(test, y_test) for network, _ in fits]
    shares = np.mean([share for _, share in fits], axis=0)
    print(f"{remedy:22}{shares[-1]:6.0%}{np.mean(scores):15.3f}{min(scores):13.3f}")
    if remedy in SHOWN:
        style = STYLES[SHOWN.index(remedy)]
        ax.plot(
            range(1, 13),
            shares,
            linestyle=style,
            label=f"{remedy} (accuracy {np.mean(scores):.2f})",
        )
ax.set(
    xlabel="epoch",
    ylabel="share of units with z ≤ 0\nfor all samples",
    ylim=(-0.03, 1.03),
)
ax.legend(loc="center right")
plt.show()

# %%
# Standardized inputs prevent the damage altogether, and a smaller learning rate most of it. ``leaky_relu`` lets the
# units be negative, but keeps them learning. Clipping is no cure here, because Adam divides the gradient by its own
# size anyway. Nor are ``elu`` and ``gelu``: where :math:`z` is far below zero, their slopes are as good as zero, too.
#
# With the default learning rate, 0.001, the accuracy is low for another reason, although hardly any unit is dead: 12
# epochs are too few for such small steps.

for epochs in (12, 60):
    slow, shares = follow(X_raw, "relu", 0.001, epochs, random_state=0)
    score = slow.score(X_raw_test, y_test)
    print(f"{epochs} epochs: {shares[-1]:.0%} dead, test accuracy {score:.3f}")

# %%
# A network that is already ill does not recover by itself, not even at a sensible learning rate, since there is nothing
# to learn from. With a leak there is:

for activation in ("relu", "leaky_relu"):
    network = copy.deepcopy(sick).set_params(
        activation=activation, learning_rate_init=0.01
    )
    for _ in range(30):
        network.partial_fit(X_raw, y_train)
    moved = np.abs(network.coefs_[0] - sick.coefs_[0])[:, dead].max()
    scores = [one.score(X_raw_test, y_test) for one in (sick, network)]
    print(
        f"{activation:11} weights of dead units moved by at most {moved:.2f}; ", end=""
    )
    print(f"accuracy {scores[0]:.3f} -> {scores[1]:.3f}")

# %%
# Does the choice matter?
# -----------------------
#
# Each of them, with the initializer that suits it, on the standardized digits: mean and standard deviation of the test
# accuracy over three seeds, after 20 epochs with the same settings.

SUITED = {
    "logistic": "glorot_normal",
    "tanh": "glorot_normal",
    "softsign": "glorot_normal",
    "selu": "lecun_normal",
}

print(f"{'':12}{'1 hidden layer':>17}{'3 hidden layers':>17}")
for name in sum(FAMILIES.values(), []):
    cells = []
    for depth in (1, 3):
        sizes, initializer = (64,) * depth, SUITED.get(name, "he_normal")
        fits = [
            train(
                20,
                hidden_layer_sizes=sizes,
                activation=name,
                initializer=initializer,
                random_state=seed,
            )
            for seed in range(3)
        ]
        scores = [network.score(X_test, y_test) for network in fits]
        cells.append(f"{np.mean(scores):.3f} ± {np.std(scores):.3f}")
    print(f"{name:12}{cells[0]:>17}{cells[1]:>17}")

# %%
# What to take from it: ``logistic`` learns more slowly than the others, the more so with three layers. The others are
# close to one another; compare their differences with the standard deviations. Note what the table does *not* show:
# that the modern functions win. On these data, functions that are centered at 0 do at least as well as rectifiers.
# Papers report gains for large networks and data, which we do not have here. On your own data, compare by
# cross-validation: ``activation`` is a parameter like others, as in
# ``GridSearchCV(network, {"activation": ["relu", "tanh", "gelu"]})``.
#
# What they cost
# --------------
#
# To time an activation in the engine itself, we take a network with one input, 512 hidden units and one output, so that
# almost all the work is the activation: a value then costs one multiplication before it and one after it. Times are the
# best of several rounds, in nanoseconds per value (one unit, one sample). The last line is for comparison: a layer with
# 512 inputs. **They depend on the machine** (processor, its vector instructions, what else is running), so that only
# the order of magnitude can be carried over.

rows, n_units = 500, 512
X_timing = np.random.RandomState(0).normal(size=(rows, n_units))
timed = {name: (name, 1) for name in sum(FAMILIES.values(), [])} | {
    "relu, 512 inputs": ("relu", 512)
}
jobs = {}
for label, (name, n_inputs) in timed.items():
    network = MLPRegressor(
        hidden_layer_sizes=(n_units,), activation=name, n_jobs=1, random_state=0
    )
    jobs[label] = (
        network.partial_fit(X_timing[:, :n_inputs], X_timing[:, 0]),
        X_timing[:, :n_inputs],
    )
nanoseconds = {label: [np.inf, np.inf] for label in jobs}
for _ in range(
    16
):  # in turn, so that a busy moment of the machine does not hit one of them only
    for label, (network, samples) in jobs.items():
        for kind, call in enumerate(
            (network.predict, lambda x, net=network: net.partial_fit(x, X_timing[:, 0]))
        ):
            start = time.perf_counter()
            call(samples)
            seconds = time.perf_counter() - start
            nanoseconds[label][kind] = min(
                nanoseconds[label][kind], 1e9 * seconds / (rows * n_units)
            )
for label, (prediction, training) in nanoseconds.items():
    print(f"{label:18}{prediction:8.2f} ns prediction{training:8.2f} ns training")

figure, ax = plt.subplots(figsize=(9, 3.5), layout="constrained")
labels = [label for label, (_, n_inputs) in timed.items() if n_inputs == 1]
positions = np.arange(len(labels))
ax.bar(
    positions - 0.2,
    [nanoseconds[label][0] for label in labels],
    0.4,
    label="prediction: value",
)
ax.bar(
    positions + 0.2,
    [nanoseconds[label][1] for label in labels],
    0.4,
    label="training: value and slope, update",
)
ax.set_xticks(positions, labels)
ax.set_ylabel("nanoseconds per value")
ax.legend()
plt.show()

# %%
# An exponential or an error function costs a few nanoseconds. In a layer with hundreds of inputs, the hundreds of
# multiplications for each value cost more than that, so that the price of a smooth activation rarely decides; in narrow
# layers it may be noticed.
#
# One of your own
# ---------------
#
# A class with ``value`` and ``slope`` is enough; it is compiled like the built-in ones. The swish of Ramachandran, Zoph
# and Le (2017) has a parameter :math:`\beta`: the function :math:`z\, \sigma(\beta z)` lies between :math:`z / 2`
# (:math:`\beta = 0`) and ``relu`` (:math:`\beta \to \infty`). Layers may also differ: ``activation`` accepts a list.


class Swish(Activation):
    """z sigma(beta z)."""

    beta: float = 1.0

    def value(self, z):
        return z * logistic(self.beta * z)

    def slope(self, z):
        s = logistic(self.beta * z)
        return s + self.beta * z * s * (1.0 - s)


step = 1e-6
for beta in (0.5, 2.0):
    swish = Swish(beta)
    difference = (swish.value(0.7 + step) - swish.value(0.7 - step)) / (2 * step)
    accuracy = train(30, hidden_layer_sizes=(64, 64), activation=[swish, "tanh"]).score(
        X_test, y_test
    )
    print(
        f"beta = {beta}: slope at 0.7 {swish.slope(0.7):.6f}, by differences {difference:.6f}; test {accuracy:.3f}"
    )

# %%
# Recognize it
# ------------
#
# ``diagnose`` recognizes the other two illnesses, too. We train the three networks of this page within a
# ``TrainingRecord`` once more, and a healthy one:

with TrainingRecord():
    record = {
        "dying": (
            train(
                12,
                samples=X_raw,
                activation="relu",
                initializer="he_normal",
                learning_rate_init=0.1,
            ),
            X_raw,
        ),
        "saturated": (
            train(
                30,
                activation="tanh",
                initializer=scaled(20),
                solver="sgd",
                learning_rate_init=0.05,
            ),
            X_train,
        ),
        "deep": (
            train(
                20,
                hidden_layer_sizes=(64,) * 10,
                activation="logistic",
                initializer="glorot_normal",
            ),
            X_train,
        ),
        "healthy": (train(30, activation="relu", initializer="he_normal"), X_train),
    }
for name, (network, samples) in record.items():
    findings = diagnose(network, samples, y_train).findings
    print(
        f"{name} network: {', '.join(finding.name for finding in findings) or 'nothing wrong was found'}"
    )
    for finding in findings:
        print(
            textwrap.fill(
                f"{finding.evidence} {finding.advice}",
                76,
                initial_indent="    ",
                subsequent_indent="    ",
            )
        )

# %%
# In short
# --------
#
# - **Hidden layers**: start with ``relu`` and ``he_normal``, on standardized inputs, or with ``tanh`` and
#   ``glorot_normal`` if the network is small. Try ``gelu`` or ``silu`` if you can afford a comparison, and ``selu``
#   with ``lecun_normal`` for deep networks without other normalization.
# - ``logistic`` is for **outputs** that are probabilities, not for hidden layers of deep networks.
# - If the loss does not move, train within a :class:`~sknn_concepts.callbacks.TrainingRecord`, and ask
#   :func:`~sknn_concepts.inspection.diagnose` or look at a :class:`~sknn_concepts.inspection.TrainingHealthDisplay`;
#   or look at the values (``transform(X, layer)``). Almost all at the ends of the range means saturation; zero for all
#   samples means dead units. Scale the inputs and lower the learning rate before you change the function.
#
# Questions to try
# ----------------
#
# 1. Replace ``tanh`` by ``relu`` in the section on saturation (the slope is then ``a > 0``). Which of the columns still
#    changes with :math:`s`, and which does not?
# 2. Replace ``"leaky_relu"`` by ``LeakyRelu(0.2)`` among the remedies (from ``sknn_concepts.activations``). Do the
#    units still become negative?
# 3. Is there a variance of the weights with which ``logistic`` units keep the size of the gradient over 20 layers? How
#    many units are saturated then, and by how much do their values still differ from sample to sample?
#
# References
# ----------
#
# - Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, Nature 323.
# - Hochreiter (1991), Untersuchungen zu dynamischen neuronalen Netzen, diploma thesis, TU München.
# - LeCun, Bottou, Orr and Müller (1998), Efficient backprop, in Neural networks: tricks of the trade.
# - Bergstra, Desjardins, Lamblin and Bengio (2009), Quadratic polynomials learn better image features, technical
#   report.
# - Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines, ICML.
# - Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS.
# - Glorot, Bordes and Bengio (2011), Deep sparse rectifier neural networks, AISTATS.
# - Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic models, ICML workshop.
# - He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, ICCV.
# - Clevert, Unterthiner and Hochreiter (2016), Fast and accurate deep network learning by exponential linear units,
#   ICLR.
# - Hendrycks and Gimpel (2016), Gaussian error linear units, arXiv:1606.08415.
# - Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks, NIPS.
# - Ramachandran, Zoph and Le (2017), Searching for activation functions, arXiv:1710.05941.
# - Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units for neural network function approximation in
#   reinforcement learning, Neural Networks 107.
# - Misra (2019), Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.
