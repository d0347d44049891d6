r"""
Backpropagation by hand
=======================

Backpropagation computes the derivative of the loss with respect to every weight of a network, by the chain rule, from
the output back to the input. It is done by hand once to understand it, and by hand it goes wrong easily. This page
does it for the best known example, two inputs, two hidden units and two outputs, all of them logistic (Matt Mazur,
*A Step by Step Backpropagation Example*, 2015). The numbers come from the compiled code that trains networks, and are
computed while this page is built.

For one sample with inputs :math:`i` and targets :math:`t`, a unit :math:`j` computes

.. math::

    \mathrm{net}_j = \sum_i w_{ij}\,\mathrm{out}_i + b_j, \qquad
    \mathrm{out}_j = \sigma(\mathrm{net}_j) = \frac{1}{1 + e^{-\mathrm{net}_j}},

and the loss is half the squared error, summed over the outputs:

.. math::

    E = \sum_k \tfrac12 (\mathrm{out}_{ok} - t_k)^2.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from sknn_concepts import MLPClassifier
from sknn_concepts.curvature import gradient
from sknn_concepts.inspection import (
    NetworkGraphDisplay,
    explain_step,
    network_from_weights,
)

BLUE, ORANGE = "#0072B2", "#D55E00"  # colors that color-blind readers can tell apart

# %%
# The network
# -----------
#
# :func:`~sknn_concepts.inspection.network_from_weights` makes a network of given weights. ``coefs[k][i][j]`` is the
# weight from unit :math:`i` of one layer to unit :math:`j` of the next: a *row* for each unit that sends, a *column*
# for each unit that receives. The weights :math:`w_1` and :math:`w_2` lead to :math:`h_1`, so they are the first
# column. In this example both units of a layer have the same intercept, .35 and .60.

coefs = [
    [[0.15, 0.25], [0.20, 0.30]],  # w1 w3
    #                                w2 w4
    [[0.40, 0.50], [0.45, 0.55]],  # w5 w7
    #                                w6 w8
]
network = network_from_weights(
    coefs, [0.35, 0.60], activation="logistic", output_activation="logistic"
)
x, t = [0.05, 0.10], [0.01, 0.99]


def write_weights(ax):
    """Write the names and values of the weights beside the lines of the graph."""
    heights = [0.75, 0.25]
    for layer, first in ((0, 1), (1, 5)):
        for j in range(2):
            for i in range(2):
                place = 0.23 if i == j else 0.3  # from the sending unit on
                height = heights[i] + place * (heights[j] - heights[i])
                label = f"$w_{first + 2 * j + i}$ = {coefs[layer][i][j]:.2f}"
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
                ax.text(
                    layer + place,
                    height,
                    label,
                    fontsize=9,
                    ha="center",
                    va="center",
                    bbox=box,
                )
    for layer, letter in enumerate("iho"):
        for j, height in enumerate(heights):
            text = f"${letter}_{j + 1}$"
            ax.text(layer, height, text, fontsize=9, ha="center", va="center")
    for layer, intercept in ((1, 0.35), (2, 0.60)):
        text = f"intercepts {intercept:.2f}"
        ax.text(layer, 0.05, text, fontsize=9, ha="center", va="center")


fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
NetworkGraphDisplay.from_estimator(
    network,
    feature_names=["input 0.05  ", "input 0.10  "],
    output_names=["  target 0.01", "  target 0.99"],
    ax=ax,
)
for units in ax.collections[2:]:  # the first two are the lines; room for names
    units.set_sizes([380])
write_weights(ax)
limits = ax.set(xlim=(-0.4, 2.4), ylim=(-0.02, 1.2))

# %%
# Forward, backward, update
# -------------------------
#
# :func:`~sknn_concepts.inspection.explain_step` makes one step of gradient descent and tells every quantity by name:
# the formula, the numbers in its place, and the value. The article leaves the intercepts as they are, which
# ``intercepts="fixed"`` does. A notebook shows the table below; ``print(step)`` writes the same lines as text,
# ``step.to_latex()`` as LaTeX, and ``step.to_frame()`` returns a data frame.

step = explain_step(network, x, t, learning_rate=0.5, intercepts="fixed")
step

# %%
# There are two rules behind the table. The *delta* of a unit is the derivative of the loss with
# respect to its net input:
#
# .. math::
#
#     \delta_{ok} = \frac{\partial E}{\partial \mathrm{out}_{ok}}
#                   \frac{\partial \mathrm{out}_{ok}}{\partial \mathrm{net}_{ok}}
#                 = (\mathrm{out}_{ok} - t_k)\; \mathrm{out}_{ok}(1 - \mathrm{out}_{ok}),
#     \qquad
#     \delta_{hj} = \Bigl(\sum_k \delta_{ok}\, w_{jk}\Bigr)\; \mathrm{out}_{hj}(1 - \mathrm{out}_{hj}).
#
# A hidden unit collects the deltas of all units to which it sends, each times the weight between them. The gradient of
# a weight is then the delta of the unit to which it leads, times the output of the unit from which it comes:
#
# .. math::
#
#     \frac{\partial E}{\partial w_{ij}} = \delta_j\, \mathrm{out}_i, \qquad
#     \frac{\partial E}{\partial b_j} = \delta_j.
#
# The same in a few lines of NumPy, as a check of the engine:


def by_hand(x, t, coefs, intercepts):
    """Return the outputs of both layers, and the gradients of both matrices of weights."""
    hidden = 1 / (1 + np.exp(-(x @ coefs[0] + intercepts[0])))
    output = 1 / (1 + np.exp(-(hidden @ coefs[1] + intercepts[1])))
    delta_output = (output - t) * output * (1 - output)
    delta_hidden = (coefs[1] @ delta_output) * hidden * (1 - hidden)
    return hidden, output, np.outer(x, delta_hidden), np.outer(hidden, delta_output)


weights = [np.array(w) for w in coefs]
hidden, output, first, second = by_hand(np.array(x), np.array(t), weights, [0.35, 0.60])
assert np.allclose(step.outputs[1][0], hidden, rtol=1e-14) and np.allclose(
    step.outputs[2][0], output, rtol=1e-14
)
assert np.allclose(step.coef_gradients[0], first, rtol=1e-12) and np.allclose(
    step.coef_gradients[1], second, rtol=1e-12
)
print(f"loss {step.loss:.9f}, outputs {output[0]:.9f} and {output[1]:.9f}")
print("gradient of w5, w6, w7, w8:", *(f"{g:.9f}" for g in second.T.ravel()))

# %%
# Learning rates of .5 and .3
# ---------------------------
#
# The gradient is the same; the step is as long as the learning rate says. What happens to the intercepts is a choice,
# and a frequent reason for results that differ in the second digit. The loss after the step shows it:

print("learning rate  intercepts   new w5       new w1       loss after the step")
for rate in (0.5, 0.3):
    for mode in ("fixed", "shared", "per_unit"):
        one = explain_step(network, x, t, learning_rate=rate, intercepts=mode)
        w5, w1 = one.new_coefs[1][0, 0], one.new_coefs[0][0, 0]
        print(f"{rate:<15}{mode:12} {w5:.9f}  {w1:.9f}  {one.loss_after:.9f}")

# %%
# With *per_unit*, the usual form, each unit has an intercept of its own. With *shared*, as the drawing of the article
# has it, one intercept serves both units of a layer, and its gradient is the sum of their deltas. With *fixed*, only
# weights learn.
#
# ``step.updated`` is the network after the step, so that steps can follow one another. Here the larger rate stays
# ahead; one that is too large would overshoot:


def losses_of(rate, n_steps=200):
    """Return the loss before each step."""
    current, losses = network, []
    for _ in range(n_steps):
        one = explain_step(current, x, t, learning_rate=rate, intercepts="fixed")
        losses.append(one.loss)
        current = one.updated
    return losses


fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for rate, color, style in ((0.5, BLUE, "-"), (0.3, ORANGE, "--")):
    losses = losses_of(rate)
    ax.plot(losses, style, color=color, label=f"learning rate {rate}")
    print(
        f"learning rate {rate}: loss {losses[0]:.6f} at first, {losses[100]:.6f} after 100 steps"
    )
ax.set(xlabel="Step", ylabel="Loss", yscale="log")
legend = ax.legend()

# %%
# Checked against finite differences
# ----------------------------------
#
# A derivative can always be checked without calculus: move one weight a little to both sides, and see how the loss
# changes, :math:`(E(w + h) - E(w - h)) / 2h`. This takes two forward passes for each weight, where backpropagation
# takes one backward pass for all of them, but it is hard to get wrong.


def loss_with(layer, i, j, change):
    """Return the loss of the network with one weight changed."""
    moved = [w.copy() for w in weights]
    moved[layer][i, j] += change
    _, output, *_ = by_hand(np.array(x), np.array(t), moved, [0.35, 0.60])
    return 0.5 * np.sum((output - t) ** 2)


def difference(layer, i, j, h):
    """Return the central difference quotient of the loss."""
    return (loss_with(layer, i, j, h) - loss_with(layer, i, j, -h)) / (2 * h)


print("weight  backpropagation   finite difference")
for layer, first in ((0, 1), (1, 5)):
    for j in range(2):
        for i in range(2):
            exact, quotient = (
                step.coef_gradients[layer][i, j],
                difference(layer, i, j, 1e-5),
            )
            assert abs(exact - quotient) < 1e-9
            print(f"w{first + 2 * j + i}      {exact:+.12f}   {quotient:+.12f}")

# %%
# How small is *a little*? For large :math:`h` the curve bends, an error that grows with :math:`h^2`; for small
# :math:`h` the two losses agree in nearly all digits, and what is left of their difference is rounding error, which
# grows with :math:`1/h`. Between them, near :math:`h = 10^{-5}` in double precision, lies the best choice:

steps = np.logspace(-12, 0, 49)
errors = [abs(difference(1, 0, 0, h) - step.coef_gradients[1][0, 0]) for h in steps]
fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.loglog(steps, errors, "o-", color=BLUE, markersize=3, label="$w_5$")
ax.set(xlabel="$h$", ylabel="Error of the finite difference")
ax.legend()
print(f"smallest error {min(errors):.1e}, with h = {steps[np.argmin(errors)]:.0e}")

# %%
# Slips of hand calculations
# --------------------------
#
# **A net input that adds up wrong.** :math:`\mathrm{net}_{h1} = .15 \cdot .05 + .20 \cdot .10 + .35`. The first
# product is .0075, and is easily written down as .075. All further numbers are then consistent with each other, and
# wrong. The output of the unit changes by less than three percent, so that nothing looks odd; adding up again shows it,
# or a derivative that does not agree with finite differences of the loss.


def sigma(z):
    """Return the logistic function."""
    return 1 / (1 + np.exp(-z))


right, wrong = 0.0075 + 0.02 + 0.35, 0.075 + 0.02 + 0.35
print(f"net_h1 {right:.4f} (right)   {wrong:.4f} (wrong)")
print(f"out_h1 {sigma(right):.4f} (right)   {sigma(wrong):.4f} (wrong)")
assert np.isclose(step.net_inputs[0][0, 0], right)

# %%
# **Weights in another order.** Which weight is :math:`w_2`? Here it leads from :math:`i_2` to :math:`h_1`, in other
# texts from :math:`i_1` to :math:`h_2`. The shapes fit either way if a layer has as many units as the one before, so
# that no error is raised: the network is merely another one. With an example of unequal layers the slip cannot happen.

transposed = network_from_weights(
    [w.T for w in weights],
    [0.35, 0.60],
    activation="logistic",
    output_activation="logistic",
)
other = explain_step(transposed, x, t, learning_rate=0.5, intercepts="fixed")
for label, one in (("as drawn  ", step), ("transposed", other)):
    o1, o2 = one.predictions[0]
    print(
        f"{label}  outputs {o1:.6f} and {o2:.6f}, dE/dw5 {one.coef_gradients[1][0, 0]:.6f}, loss {one.loss:.6f}"
    )

# %%
# **A value of the logistic function that is far off.** :math:`\sigma(.88)` is about .71, and has been taken for .99.
# For an output of .99 the net input must be almost 4.6:

print(
    f"sigma(0.88) = {sigma(0.88):.4f},   sigma(z) = 0.99 for z = {np.log(0.99 / 0.01):.4f}"
)
for out in (sigma(0.88), 0.99):
    print(f"output {out:.4f}: slope out (1 - out) = {out * (1 - out):.4f}")

# %%
# The slip matters twice: in the output, and in the slope, which is a factor of every gradient below. With .99 the unit
# seems to be saturated and to learn almost nothing, and it is in fact on the steep part of the curve.

z = np.linspace(-6, 6, 241)
fig, axes = plt.subplots(1, 2, figsize=(8, 3.0), layout="constrained")
for ax, curve, label in (
    (axes[0], sigma(z), r"$\sigma(z)$"),
    (axes[1], sigma(z) * (1 - sigma(z)), "slope"),
):
    ax.plot(z, curve, color="0.3", linewidth=1.5)
    ax.set(xlabel="Net input $z$", ylabel=label)
for place, color, marker, label in (
    (0.88, BLUE, "o", "$z$ = 0.88"),
    (4.595, ORANGE, "s", "$z$ = 4.595"),
):
    axes[0].plot(
        place, sigma(place), marker, color=color, label=f"{label}: {sigma(place):.2f}"
    )
    slope = sigma(place) * (1 - sigma(place))
    axes[1].plot(place, slope, marker, color=color, label=f"{label}: {slope:.3f}")
axes[0].legend(loc="upper left", fontsize="small")
axes[1].legend(loc="upper left", fontsize="small")
limits = axes[1].set_ylim(top=0.34)  # room for the legend

# %%
# **New weights in the backward pass.** The deltas of hidden units use :math:`w_5` to :math:`w_8` *before* the step. If you
# update the output layer first and then use the new weights, you get another gradient:

delta_output = step.deltas[1][0]
slope = step.slopes[0][0]
for label, w in (("old", weights[1]), ("new", step.new_coefs[1])):
    of_first = np.outer(x, (w @ delta_output) * slope)
    moved = [weights[0] - 0.5 * of_first, step.new_coefs[1]]
    _, output, *_ = by_hand(np.array(x), np.array(t), moved, [0.35, 0.60])
    loss = 0.5 * np.sum((output - t) ** 2)
    print(
        f"{label} weights: dE/dw1 = {of_first[0, 0]:.9f}, loss after the step {loss:.9f}"
    )

# %%
# The article gives 0.291027924 for the loss after the step. That is the loss with the *new* weights, although the
# article uses the old ones in its text; with those, it is the value at the end of the table above.

# %%
# **A sign.** :math:`\partial E / \partial \mathrm{out}` is :math:`\mathrm{out} - t`, not :math:`t - \mathrm{out}`. The
# step then climbs, and the loss grows: look at the loss after the step.

print(f"loss {step.loss:.6f}, after a step {step.loss_after:.6f}")
assert step.loss_after < step.loss

# %%
# Other losses, activations and batches
# -------------------------------------
#
# The recipe is always the same: a delta for each unit, and products of deltas and outputs. Only two factors change, the
# derivative of the loss and the slope of the activation. With a softmax and the cross-entropy the deltas of the outputs
# become simply :math:`p_k - t_k`: the slope of the softmax has cancelled (:doc:`/concepts/losses` shows why this
# matters). For a batch, gradients are means over the samples. This is a classifier with relu units and two samples:

X = np.array([[0.05, 0.10], [0.80, 0.30]])
y = np.array(["cat", "dog"])
classifier = network_from_weights(
    [
        [[0.15, 0.25, -0.5], [0.20, 0.30, 0.1]],
        [[0.4, 0.5, 0.1], [0.45, 0.55, 0.2], [0.3, -0.2, 0.6]],
    ],
    [0.35, 0.60],
    activation="relu",
    classes=["bird", "cat", "dog"],
)
batch = explain_step(classifier, X, y, learning_rate=0.5)
print("p    ", batch.predictions.round(4).tolist())
print("t    ", batch.targets.astype(int).tolist())
print("delta", batch.deltas[1].round(4).tolist())
print(f"mean loss {batch.loss:.6f}, after the step {batch.loss_after:.6f}")

# %%
# The text has all lines of it; these are those of the gradients of the output layer, where each number is a mean over
# two samples:

lines = str(batch).splitlines()
start = lines.index("Gradients")
print("\n".join(lines[start : start + 5]))

# %%
# It is the gradient that training follows. A step of ``partial_fit`` with plain gradient descent ends at the same
# weights:

trained = network_from_weights(
    classifier.coefs_,
    classifier.intercepts_,
    activation="relu",
    classes=["bird", "cat", "dog"],
    solver="sgd",
    momentum=0.0,
    alpha=0.0,
    learning_rate_init=0.5,
    batch_size=2,
).partial_fit(X, y)
assert isinstance(trained, MLPClassifier)
for explained, after in zip(batch.new_coefs, trained.coefs_, strict=True):
    assert np.allclose(explained, after, rtol=1e-12)
assert np.allclose(gradient(classifier, X, y)[0][0], batch.coef_gradients[0])

# %%
# Your own network
# ----------------
#
# ``explain_step`` takes any network that is fitted, and shows one more step of it. For a sample of a fitted classifier:

X, y = load_iris(return_X_y=True)
net = MLPClassifier(
    (2,), "tanh", solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0
)
net.fit(X, y)
print(explain_step(net, X[:1], y[:1], learning_rate=0.5))

# %%
# To remember
# -----------
#
# - Delta of an output: derivative of the loss times slope. Delta of a hidden unit: deltas above times weights, added
#   up, times slope. Gradient of a weight: delta where it leads to, times output where it comes from.
# - All deltas are computed with the weights before the step.
# - A gradient that is not checked against finite differences is a guess.
# - In deep networks, a delta is a product of many slopes and weights, so it may vanish or explode:
#   :doc:`/concepts/activations` and :doc:`/concepts/initialization` go on from here, and
#   :func:`~sknn_concepts.inspection.diagnose` says when it has happened.
