r"""
Initialization
==============

Training changes weights step by step, so it has to begin somewhere. Where it begins decides whether a network with
hidden layers learns at all:

- *Equal* weights make the units of a layer equal forever: they have to be drawn at random.
- Weights that are *too small* make the values and the gradients fade from layer to layer; weights that are *too large*
  make them explode, or saturate the units. They have to be drawn with the right variance.

This page shows both, and then what the common initializers do: LeCun, Xavier or Glorot, He, and orthogonal. They are
listed in :mod:`sknn_concepts.initializers`. A layer has :math:`n_\mathrm{in}` inputs and :math:`n_\mathrm{out}` units.
"""

# %%
# Zero and equal weights: the symmetry is never left
# --------------------------------------------------
#
# Consider the units of a hidden layer with values :math:`h_j = f(\mathbf{w}_j^\top \mathbf{x} + b_j)` and outgoing
# weights :math:`v_j`, and let :math:`\delta` be the derivative of the loss with respect to the output. Then
#
# .. math::
#
#     \frac{\partial L}{\partial v_j} = \delta\, h_j, \qquad
#     \frac{\partial L}{\partial \mathbf{w}_j} = \delta\, v_j\, f'(\mathbf{w}_j^\top \mathbf{x} + b_j)\, \mathbf{x} .
#
# If two units have the same weights, they have the same gradients, make the same step, and have the same weights again.
# No training changes that: eight such units are one unit, eight times. With zeros it is even worse. If
# :math:`f(0) = 0`, as for tanh and relu, all values :math:`h_j` and all :math:`v_j` are 0, so both gradients are 0, and
# only the intercept of the output learns.
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import load_digits, make_moons
from sklearn.inspection import DecisionBoundaryDisplay

from sknn_concepts import LogisticRegression, MLPClassifier
from sknn_concepts.initializers import (
    Constant,
    FanInUniform,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Normal,
    Orthogonal,
    Uniform,
    Zeros,
)
from sknn_concepts.inspection import SignalPropagationDisplay

# sphinx_gallery_thumbnail_number = 3
BLUE, ORANGE, GREEN, PURPLE, RED, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
)

X, y = make_moons(200, noise=0.15, random_state=0)
starts = {
    "zeros, tanh": (Zeros(), "tanh"),
    "zeros, logistic": (Zeros(), "logistic"),
    "all 0.5, tanh": (Constant(0.5), "tanh"),
    "random, tanh": (GlorotNormal(), "tanh"),
}
networks = {}
for name, (initializer, activation) in starts.items():
    settings = {"solver": "sgd", "learning_rate_init": 0.4, "random_state": 0}
    network = MLPClassifier((8,), activation, initializer=initializer, **settings)
    for _ in range(150):  # epochs
        network.partial_fit(X, y, classes=[0, 1])
    networks[name] = network
    difference = np.ptp(
        network.coefs_[0], axis=1
    ).max()  # between the weights of two units from the same input
    print(
        f"{name:16} loss {network.loss_:.3f}, accuracy {network.score(X, y):.3f}, units differ by {difference:.3g}"
    )

# %%
# The difference is exactly zero after 150 epochs. With zeros and tanh, the loss is still that of guessing, log 2.
# (Logistic units have the value 1/2 for zero weights, not 0. But their weights are equal, and stay equal.)
#
# The eight equal units are worth one: a network with a single unit, whose outgoing weight is eight times as large,
# predicts the same.
equal = networks["all 0.5, tanh"]
single = MLPClassifier((1,), "tanh").partial_fit(X, y, classes=[0, 1])
single.coefs_ = [equal.coefs_[0][:, :1], 8 * equal.coefs_[1][:1]]
single.intercepts_ = [equal.intercepts_[0][:1], equal.intercepts_[1]]
print(
    "largest difference of probabilities:",
    np.abs(single.predict_proba(X) - equal.predict_proba(X)).max(),
)

SHADES = LinearSegmentedColormap.from_list(
    "blue to orange", ["#7FB8D8", "white", "#F2CF80"]
)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained", sharey=True)
for ax, name in zip(
    axes, ("zeros, tanh", "all 0.5, tanh", "random, tanh"), strict=True
):
    DecisionBoundaryDisplay.from_estimator(
        networks[name],
        X,
        response_method="predict_proba",
        plot_method="pcolormesh",
        cmap=SHADES,
        vmin=0,
        vmax=1,
        ax=ax,
    )
    for label, color, marker in ((0, BLUE, "o"), (1, ORANGE, "^")):
        ax.scatter(
            *X[y == label].T,
            c=color,
            marker=marker,
            edgecolor="white",
            s=30,
            label=f"class {label}",
        )
    ax.set(
        xlabel="$x_1$",
        ylabel="$x_2$",
        title=f"{name}\naccuracy {networks[name].score(X, y):.3f}",
    )
plt.show()

# %%
# It is different without hidden layers. There is no symmetry to break, because each weight has an input of its own, and
# the log loss with a penalty has a single minimum. Linear models may start from zero, and do so here.
for initializer in (Zeros(), Normal(scale=1.0)):
    model = LogisticRegression(initializer=initializer, tol=1e-10, random_state=0).fit(
        X, y
    )
    print(
        f"{initializer}: w = {model.coef_[0].round(6)}, b = {model.intercept_[0]:.6f}"
    )

# %%
# How large? The variance from layer to layer
# -------------------------------------------
#
# Draw the weights independently, with mean 0 and variance :math:`\operatorname{Var}(w)`, and set the intercepts to 0.
# The net input of a unit, :math:`z = \sum_i w_i x_i`, then has the variance
#
# .. math::
#
#     \operatorname{Var}(z) = n_\mathrm{in} \operatorname{Var}(w)\, \operatorname{E}(x^2) .
#
# The errors go backwards through the same weights: with :math:`n_\mathrm{out}` in place of :math:`n_\mathrm{in}`.
# A factor other than 1 acts in each layer, so that after L layers it has the power L. Which variance keeps the size?
#
# - **LeCun** (LeCun et al., 1998): :math:`1 / n_\mathrm{in}`. It keeps the values where the activation is close to the
#   identity, as tanh is around 0.
# - **Xavier or Glorot** (Xavier Glorot and Bengio, 2010): :math:`2 / (n_\mathrm{in} + n_\mathrm{out})`, a compromise
#   between the values, which want :math:`1/n_\mathrm{in}`, and the errors, which want :math:`1/n_\mathrm{out}`.
# - **He** (He et al., 2015): :math:`2 / n_\mathrm{in}`, for relu. It sets one half of the net inputs to 0, which halves
#   :math:`\operatorname{E}(x^2)`, and the 2 makes up for that.
# - **Orthogonal** (Saxe, McClelland and Ganguli, 2014): a random matrix with
#   :math:`W^\top W = I` if it is square. It keeps the length of *every* vector, not only the mean length.
#
# The first three do not depend on the shape of the distribution. A uniform one on :math:`[-a, a]` has the variance
# :math:`a^2/3`, so its bound must be :math:`\sqrt{3}` times the standard deviation that is wanted.
n_in, n_out = 300, 100
lecun, glorot, he = np.sqrt(1 / n_in), np.sqrt(2 / (n_in + n_out)), np.sqrt(2 / n_in)
for initializer, formula, expected in (
    (LecunNormal(), "sqrt(1 / n_in)", lecun),
    (LecunUniform(), "sqrt(1 / n_in)", lecun),
    (GlorotNormal(), "sqrt(2 / (n_in + n_out))", glorot),
    (GlorotUniform(), "sqrt(2 / (n_in + n_out))", glorot),
    (HeNormal(), "sqrt(2 / n_in)", he),
    (HeUniform(), "sqrt(2 / n_in)", he),
    (FanInUniform(), "sqrt(1 / (3 n_in))", np.sqrt(1 / (3 * n_in))),
):
    weights = initializer.weights(np.random.RandomState(0), n_in, n_out)
    name = type(initializer).__name__
    largest = np.abs(weights).max()
    print(
        f"{name:13} std. {weights.std():.4f}, {formula:24} = {expected:.4f}, largest {largest:.3f}"
    )

# %%
# Two things that are often mixed up
# ----------------------------------
#
# - :math:`U(-1/\sqrt{n_\mathrm{in}},\, 1/\sqrt{n_\mathrm{in}})` has the *bound* :math:`1/\sqrt{n_\mathrm{in}}`, and
#   therefore the standard deviation :math:`1/\sqrt{3\,n_\mathrm{in}}`, not :math:`1/\sqrt{n_\mathrm{in}}`.
# - *Xavier* or *Glorot* is something else. Its normal form has the standard deviation
#   :math:`\sqrt{2/(n_\mathrm{in} + n_\mathrm{out})}`, and its uniform form the bound
#   :math:`\sqrt{6/(n_\mathrm{in} + n_\mathrm{out})}`.
#
# The first is the heuristic that Glorot and Bengio describe as common (their eq. 1), in order to replace it: its
# variance is a third of what keeps the values, so that they lose a factor of :math:`\sqrt{3}` in each layer. It is also
# how PyTorch draws linear layers by default, and is called ``"fan_in_uniform"`` here. ``"lecun_uniform"`` is the one
# with the standard deviation :math:`1/\sqrt{n_\mathrm{in}}`, and the bound :math:`\sqrt{3/n_\mathrm{in}}`.
n = 400  # inputs and units, so that Glorot's variance is 1 / n, like LeCun's
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for initializer, label, color, style in (
    (FanInUniform(), r"$U(\pm 1/\sqrt{n_{in}})$", RED, "-"),
    (
        GlorotUniform(),
        r"Glorot, uniform: $U(\pm\sqrt{6/(n_{in}+n_{out})})$",
        BLUE,
        "--",
    ),
    (GlorotNormal(), "Glorot, normal", GREEN, "-."),
):
    weights = initializer.weights(np.random.RandomState(0), n, n).ravel()
    left.hist(
        weights * np.sqrt(n),
        bins=100,
        range=(-3, 3),
        density=True,
        histtype="step",
        color=color,
        linestyle=style,
        label=f"{label}\nstd. {weights.std() * np.sqrt(n):.3f}",
    )
left.set(
    xlabel=r"weight, in units of $1/\sqrt{n}$",
    ylabel="density",
    ylim=(0, 1.05),
    title="Initial weights",
)
left.legend(fontsize=8, loc="upper right")

random_state = np.random.RandomState(0)
for initializer, color in ((GlorotNormal(), GREEN), (Orthogonal(), PURPLE)):
    for depth, style in ((1, "-"), (5, "--"), (30, ":")):
        product = np.eye(100)
        for _ in range(depth):
            product = product @ initializer.weights(random_state, 100, 100)
        label = f"{type(initializer).__name__}, depth {depth}"
        right.plot(
            np.linalg.svd(product, compute_uv=False),
            color=color,
            linestyle=style,
            label=label,
        )
right.set(
    xlabel="number of the singular value",
    ylabel="singular value",
    yscale="log",
    ylim=(1e-12, 1e2),
)
right.set_title("Product of the weights of linear layers")
right.legend(fontsize=8)
plt.show()

# %%
# The right figure shows what orthogonal weights are for. The singular values of a product of matrices say by how much a
# stack of linear layers stretches the inputs in each direction. With independent weights of the right variance, the
# mean of their squares stays about 1, but after 30 layers a few directions are stretched and most have
# vanished. With orthogonal weights, all singular values are 1 at any depth (the three lines coincide).
#
# Values and gradients, layer by layer
# ------------------------------------
#
# :class:`sknn_concepts.inspection.SignalPropagationDisplay` sends random samples through 30 layers of 100 units, before
# any training, and random gradients back from the last layer. It shows the standard deviations of the values of each
# layer, and of the derivatives of the loss with respect to its net inputs.
initializers = {
    "N(0, 0.05²)": Normal(scale=0.05),
    "U(±1/√n)": Uniform(bound=1 / np.sqrt(100)),
    "Glorot, normal": GlorotNormal(),
    "orthogonal": Orthogonal(),
    "He, normal": HeNormal(),
    "N(0, 0.2²)": Normal(scale=0.2),
}
deviations = np.array(
    [0.05, np.sqrt(1 / 300), np.sqrt(1 / 100), np.sqrt(1 / 100), np.sqrt(2 / 100), 0.2]
)
fig, axes = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained", sharex=True)
displays = {
    activation: SignalPropagationDisplay.from_strategies(
        initializers, activation, depth=30, random_state=0, ax=row
    )
    for activation, row in zip(("tanh", "relu"), axes, strict=True)
}
for activation, row in zip(displays, axes, strict=True):
    row[0].get_legend().remove()
    for ax, quantity in zip(row, ("values", "gradients"), strict=True):
        ax.set(
            title=f"{activation}, {quantity}", xlabel="layer", ylabel="std. deviation"
        )
        ax.tick_params(labelbottom=True)
fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
# For relu, theory predicts the factor :math:`\sqrt{n_\mathrm{in} \operatorname{Var}(w) / 2}` per layer, forwards and
# backwards. The measured ones are means over the 30 layers; they differ somewhat, because 100 units are not infinitely
# many.
values, gradients = displays["relu"].values, displays["relu"].gradients
for name, theory in zip(initializers, np.sqrt(100 * deviations**2 / 2), strict=True):
    forwards = (values[name][-1] / values[name][1]) ** (1 / 29)
    backwards = (gradients[name][0] / gradients[name][-1]) ** (1 / 29)
    print(
        f"{name:15} theory {theory:.3f}, values {forwards:.3f}, gradients {backwards:.3f} per layer"
    )

# %%
# The gradient of a weight is the product of the value at its input and the gradient at its unit. If both fade by the
# same factor, one forwards and the other backwards, the product is about as small in all layers: not only the first
# layers learn too slowly.
for name in ("U(±1/√n)", "Glorot, normal", "He, normal"):
    product = values[name][:-1] * gradients[name]
    print(
        f"{name:15} value times gradient in layers 1, 15 and 30: {product[0]:.0e}, {product[14]:.0e}, {product[29]:.0e}"
    )

# %%
# tanh bounds the values, so large weights cannot make them explode. They saturate the units instead, whose slope
# :math:`1 - \tanh^2(z)` is then almost 0, and the gradient depends on the few units that are not saturated. (The highest
# bars, which the figure cuts off, have the density that is printed.)
X, y = np.random.default_rng(0).normal(size=(300, 100)), np.arange(300) % 10
scales = {
    "N(0, 0.05²)": Normal(0.05),
    "Glorot, normal": GlorotNormal(),
    "N(0, 0.5²)": Normal(0.5),
}
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained", sharey=True)
for ax, (name, initializer) in zip(axes, scales.items(), strict=True):
    # one epoch at a learning rate of almost 0 is a way to have a network with its initial weights
    network = MLPClassifier(
        (100,) * 10,
        "tanh",
        initializer=initializer,
        learning_rate_init=1e-200,
        random_state=0,
    )
    network.partial_fit(X, y, classes=range(10))
    highest = []
    for layer, color in ((0, SKY), (4, BLUE), (9, "black")):
        outputs = network.transform(X, layer)
        density, _, _ = ax.hist(
            outputs.ravel(),
            bins=60,
            range=(-1, 1),
            density=True,
            histtype="step",
            color=color,
            label=f"layer {layer + 1}",
        )
        highest.append(f"{density.max():.1f}")
    print(f"{name:14} highest bars in layers 1, 5 and 10: {', '.join(highest)}")
    saturated = np.mean(np.abs(outputs) > 0.99)
    ax.set(
        xlabel="value of a unit",
        ylim=(0, 6),
        title=f"{name}\nlayer 10: {saturated:.0%} saturated",
    )
axes[0].set_ylabel("density")
axes[1].legend()
plt.show()

# %%
# What it does to training
# ------------------------
#
# A network of eight hidden layers learns digits for 15 epochs, from different initial weights and otherwise the same.
X, y = load_digits(return_X_y=True)
initializers = {
    "zeros": (Zeros(), "black", ":"),
    "N(0, 0.05²)": (Normal(scale=0.05), "gray", "-"),
    "N(0, 0.5²)": (Normal(scale=0.5), RED, "-"),
    "U(±1/√n_in)": (FanInUniform(), SKY, "--"),
    "Glorot, uniform": (GlorotUniform(), BLUE, "-"),
    "He, normal": (HeNormal(), ORANGE, "-"),
    "orthogonal": (Orthogonal(), PURPLE, ":"),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
for ax, activation in zip(axes, ("tanh", "relu"), strict=True):
    for name, (initializer, color, style) in initializers.items():
        network = MLPClassifier(
            (64,) * 8, activation, initializer=initializer, random_state=0
        )
        for _ in range(15):
            network.partial_fit(X / 16, y, classes=range(10))
        ax.plot(
            range(1, 16), network.loss_curve_, color=color, linestyle=style, label=name
        )
        print(f"{activation}: accuracy {network.score(X / 16, y):.3f} from {name}")
    ax.set(xlabel="epoch", yscale="log", title=activation)
axes[0].set_ylabel("training loss")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %%
# Zeros never learn. With small weights, the loss stays at that of guessing for some epochs, and lags behind the others
# afterwards. Large weights begin with a large loss, since their outputs are certain and wrong, and training has to undo that
# first. Glorot, He and orthogonal weights are similarly good with tanh; with relu, He is the fastest, as the theory
# says. Batches, shuffling and optimizer are the same for all; change ``random_state`` to see how much is chance.
#
# Which one to use
# ----------------
#
# ====================== =========================================== =============================================
# Activation             ``initializer=``                            Variance of the weights
# ====================== =========================================== =============================================
# tanh, logistic         ``"glorot_uniform"``, ``"glorot_normal"``   :math:`2 / (n_\mathrm{in} + n_\mathrm{out})`
# relu and its variants  ``"he_uniform"``, ``"he_normal"``           :math:`2 / n_\mathrm{in}`
# selu                   ``"lecun_normal"``                          :math:`1 / n_\mathrm{in}`
# identity, very deep    ``"orthogonal"``                            :math:`1 / \max(n_\mathrm{in}, n_\mathrm{out})`
# no hidden layer        ``"zeros"``                                 0
# ====================== =========================================== =============================================
#
# The default, ``"auto"``, draws what scikit-learn draws: Glorot's uniform weights, also for relu, and for logistic
# units the bound :math:`\sqrt{2/(n_\mathrm{in} + n_\mathrm{out})}`, a third of Glorot's variance. The deeper the
# network, the more the choice matters.
#
# Intercepts may start at zero, because random weights are enough to break the symmetry. Only ``"auto"`` and
# ``"fan_in_uniform"`` draw them as well.
#
# Try it
# ------
#
# - Set one of the weights of the equal units to 0.51 before training: ``network.coefs_[0][0, 0] = 0.51``. How long does
#   the symmetry survive?
# - Which ``Orthogonal(gain=...)`` is right for relu?
# - Replace ``"relu"`` by ``"leaky_relu"`` or ``"gelu"`` in the layer-by-layer figure. Is He still right?
# - At which depth does ``U(±1/√n)`` stop learning digits?
#
# References
# ----------
#
# - Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS.
# - He, Zhang, Ren and Sun (2015), Delving deep into rectifiers: surpassing human-level performance on ImageNet
#   classification, ICCV.
# - LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, in Neural Networks: Tricks of the Trade.
# - Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural
#   networks, ICLR.
