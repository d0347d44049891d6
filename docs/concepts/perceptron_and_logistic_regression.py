r"""
Perceptron and logistic regression
==================================

Perceptron and logistic regression are the same neuron. Both compute the net input

.. math::

    z = \mathbf{w}^\top \mathbf{x} + b

from the features :math:`\mathbf{x}`, the weights :math:`\mathbf{w}` and the intercept :math:`b`, and both predict
class 1 where :math:`z > 0`. They differ in their output :math:`\hat y`, and therefore in what they learn from a sample:

- The *perceptron* (Rosenblatt, 1958) outputs a class: :math:`\hat y = 1` if :math:`z > 0`, otherwise 0.
- *Logistic regression* (Cox, 1958) outputs a probability:
  :math:`\hat y = \sigma(z) = 1 / (1 + e^{-z}) = P(y = 1 \mid \mathbf{x})`.

This page shows what follows from this difference: when learning ends, what the outputs mean, what outliers do, what
happens with more than two classes, and which problems neither of the two can solve.
"""

# %%
# One neuron, two outputs
# -----------------------
#
# Both neurons learn by the same formula. For a sample :math:`(\mathbf{x}, y)` and the learning rate :math:`\eta`,
#
# .. math::
#
#     \mathbf{w} \leftarrow \mathbf{w} + \eta\,(y - \hat y)\,\mathbf{x}, \qquad b \leftarrow b + \eta\,(y - \hat y).
#
# For the perceptron, the error :math:`y - \hat y` is -1, 0 or 1, so a sample on the correct side changes nothing. (Exactly
# on the boundary, at :math:`z = 0`, the learning rule of the library counts a mistake for either class, although the
# neuron predicts class 0 there. So it also leaves zero weights if the first sample is of class 0.) For
# logistic regression, the error is never exactly 0, and it is large where the neuron is certain and wrong.
# Both neurons start from zero here, and learn from the same four samples, one after the other.
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from scipy.optimize import LinearConstraint, minimize
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_blobs, make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.svm import SVC

from sknn_concepts import LogisticRegression, MLPClassifier, Perceptron
from sknn_concepts.activations import Logistic, Step
from sknn_concepts.losses import LogLoss, PerceptronLoss

# sphinx_gallery_thumbnail_number = 9
samples, targets = (
    np.array([[2.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [0.5, 2.0]]),
    np.array([1, 0, 0, 1]),
)
neurons = {
    "perceptron": Perceptron(),
    "logistic regression": Perceptron(
        loss="log_loss", activation="logistic", solver="sgd", eta0=1.0
    ),
}
for name, neuron in neurons.items():
    for x, y in zip(samples, targets, strict=True):
        neuron.partial_fit([x], [y], classes=[0, 1])
        print(
            f"{name:20} y = {y}   w = {neuron.coef_[0].round(3)}   b = {neuron.intercept_[0]:.3f}"
        )

# %%
# The perceptron changes its weights only when it is wrong; logistic regression changes them each time.
#
# For both, the formula is a step of gradient descent on a loss. Let :math:`m = (2y - 1)\,z` be the *margin*, which is
# positive where the sample is on the correct side. Then the loss of the perceptron is :math:`\max(0, -m)`, and that of
# logistic regression, the log loss, is :math:`\log(1 + e^{-m})`. Only the log loss asks for more than the correct side.
BLUE, ORANGE, GREEN, PURPLE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
)  # Okabe and Ito's colors


def values(formula, *arguments):
    """Values of a formula of the library, which takes single numbers, for arrays."""
    return np.vectorize(formula, otypes=[float])(*arguments)


z = np.linspace(-5, 5, 501)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
left.plot(z, values(Step().value, z), color=BLUE, label="perceptron: step")
left.plot(
    z,
    values(Logistic().value, z),
    color=ORANGE,
    linestyle="--",
    label="logistic\nregression: $\\sigma(z)$",
)
left.set(xlabel="net input z", ylabel=r"output $\hat y$", title="Output")
right.plot(
    z,
    values(PerceptronLoss().loss, 1.0, z),
    color=BLUE,
    label=r"perceptron: $\max(0, -m)$",
)
right.plot(
    z,
    values(LogLoss().loss, 1.0, z),
    color=ORANGE,
    linestyle="--",
    label=r"log loss: $\log(1 + e^{-m})$",
)
right.set(xlabel="margin m", ylabel="loss of a sample", title="Loss")
for ax in (left, right):
    ax.legend()
plt.show()

# %%
# The perceptron on separable data: it converges
# ----------------------------------------------
#
# Data are *separable* if some line (in more dimensions, a hyperplane) has all samples of class 1 on one side and all of
# class 0 on the other. Write :math:`\tilde{\mathbf{x}} = (\mathbf{x}, 1)` and
# :math:`\tilde{\mathbf{w}} = (\mathbf{w}, b)`, and code the classes as :math:`s = 2y - 1 = \pm 1`. Let
#
# .. math::
#
#     R = \max_i \lVert \tilde{\mathbf{x}}_i \rVert, \qquad
#     \gamma = \max_{\lVert\mathbf{u}\rVert = 1}\, \min_i\, s_i\, \mathbf{u}^\top \tilde{\mathbf{x}}_i > 0 .
#
# **Novikoff's theorem (1962).** A perceptron that starts from zero makes at most :math:`(R / \gamma)^2` mistakes,
# however many samples there are, and in whatever order and however often they come.
#
# *Proof.* Take :math:`\eta = 1`, and let :math:`\tilde{\mathbf{w}}_k` be the weights after the k-th mistake. Each
# mistake adds :math:`s\,\tilde{\mathbf{x}}`, which increases :math:`\mathbf{u}^\top\tilde{\mathbf{w}}` by at least
# :math:`\gamma` for the best :math:`\mathbf{u}`, so
# :math:`\lVert\tilde{\mathbf{w}}_k\rVert \ge \mathbf{u}^\top\tilde{\mathbf{w}}_k \ge k\gamma`.
# Since the sample was on the wrong side, it increases :math:`\lVert\tilde{\mathbf{w}}\rVert^2` by at most :math:`R^2`,
# so :math:`\lVert\tilde{\mathbf{w}}_k\rVert \le \sqrt{k}\,R`. Both are possible only while
# :math:`k\gamma \le \sqrt{k}\,R`, that is, :math:`k \le (R/\gamma)^2`.
#
# The rule does nothing between two mistakes, so it is enough to go from one mistake to the next.


def separable_data(gap, n_samples=60, random_state=0):
    """Two classes on either side of a line, the nearest sample of each at a distance of `gap` / 2 from it."""
    X, normal = (
        np.random.default_rng(random_state).uniform(-1, 1, (n_samples, 2)),
        np.array([0.6, 0.8]),
    )
    distance = X @ normal - 0.2
    y = (distance > 0).astype(int)
    for label, side in ((0, -1), (1, 1)):
        X[y == label] += side * (gap / 2 - np.abs(distance[y == label]).min()) * normal
    return X, y


def learn_from_mistakes(X, y):
    """Weights after each mistake of a perceptron that sees the samples again and again; the intercept is last."""
    perceptron, weights, position, margins = Perceptron(), [], 0, np.zeros(len(y))
    while np.any(margins <= 0):
        to_next = np.argmax(
            np.roll(margins <= 0, -position)
        )  # samples until the next mistake
        position = (position + to_next) % len(y)
        perceptron.partial_fit(X[[position]], y[[position]], classes=[0, 1])
        weights.append(np.append(perceptron.coef_, perceptron.intercept_))
        margins = (2 * y - 1) * perceptron.decision_function(X)
    return np.array(weights)


def radius_and_margin(X, y):
    """R and gamma. The shortest vector v with s_i v'x_i >= 1 for all samples has the length 1 / gamma."""
    signed = (2 * y - 1)[:, None] * np.column_stack([X, np.ones(len(X))])
    least_one = LinearConstraint(signed, lb=1.0)
    shortest = minimize(
        lambda v: v @ v / 2,
        np.zeros(3),
        jac=lambda v: v,
        constraints=least_one,
        method="SLSQP",
    ).x
    return np.linalg.norm(signed, axis=1).max(), 1 / np.linalg.norm(shortest)


X, y = separable_data(gap=0.1)
weights = learn_from_mistakes(X, y)
R, gamma = radius_and_margin(X, y)
print(
    f"R = {R:.3f}, gamma = {gamma:.4f}: at most {(R / gamma) ** 2:.0f} mistakes; counted: {len(weights)}"
)

fitted = Perceptron(shuffle=False, tol=None).fit(
    X, y
)  # 1000 epochs, in the order of the samples
print(
    "the same weights by fit:",
    np.append(fitted.coef_, fitted.intercept_).round(3),
    weights[-1].round(3),
)

# %%
# On the left, the boundary after each mistake, from light to dark; the last one, in orange, makes none. On the right, the length of the weights between the
# two bounds of the proof. The mistakes have to end before the bounds cross, at :math:`(R/\gamma)^2`.


def plot_samples(ax, X, y):
    """Samples of two or three classes."""
    for label, color, marker in zip(
        np.unique(y), (BLUE, ORANGE, GREEN), "o^s", strict=False
    ):
        ax.scatter(
            *X[y == label].T,
            c=color,
            marker=marker,
            edgecolor="white",
            s=36,
            label=f"class {label}",
        )
    ax.set(
        xlabel="$x_1$", ylabel="$x_2$", xlim=ax.get_xlim(), ylim=ax.get_ylim()
    )  # lines do not change the limits


def plot_boundary(ax, coef, intercept, **style):
    """The line w'x + b = 0."""
    foot = -intercept * coef / (coef @ coef)
    ax.axline(foot, foot + [-coef[1], coef[0]], **style)


fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
plot_samples(left, X, y)
for k, w in enumerate(weights, start=1):
    plot_boundary(
        left, w[:2], w[2], color="black", alpha=(k / len(weights)) ** 2, linewidth=1
    )
plot_boundary(left, w[:2], w[2], color="#D55E00", linewidth=2, label="the last one")
left.set(
    ylim=(-1.7, 1.1), xticks=[-1, -0.5, 0, 0.5, 1], title="Boundary after each mistake"
)
left.legend(loc="lower left", ncols=3, columnspacing=1, handletextpad=0.4)
k = np.arange(1, 1.3 * (R / gamma) ** 2)
right.plot(
    k, R * np.sqrt(k), color=ORANGE, linestyle="--", label=r"upper bound $\sqrt{k}\,R$"
)
right.plot(
    k[: len(weights)],
    np.linalg.norm(weights, axis=1),
    color="black",
    label="length of the weights",
)
right.plot(k, k * gamma, color=BLUE, linestyle=":", label=r"lower bound $k\gamma$")
right.axvline((R / gamma) ** 2, color="gray", linewidth=1)
right.set(
    xlabel="mistakes k",
    ylabel="length",
    xscale="log",
    yscale="log",
    title="Why the mistakes must end",
)
right.legend()
plt.show()

# %%
# How many mistakes there are depends on the order of the samples, but no order exceeds the bound. The smaller the gap
# between the classes, the larger the bound, and the longer it takes.
gaps, bounds, counts = [0.8, 0.4, 0.2, 0.1, 0.05], [], []
for gap in gaps:
    X, y = separable_data(gap)
    orders = [np.random.default_rng(seed).permutation(len(y)) for seed in range(5)]
    counts.append([len(learn_from_mistakes(X[order], y[order])) for order in orders])
    R, gamma = radius_and_margin(X, y)
    bounds.append((R / gamma) ** 2)
    print(
        f"gap {gap:5.3f}   bound {bounds[-1]:7.0f}   mistakes in five orders: {sorted(counts[-1])}"
    )
    assert max(counts[-1]) <= bounds[-1]

fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(
    gaps,
    bounds,
    color=ORANGE,
    linestyle="--",
    marker="^",
    label=r"bound $(R/\gamma)^2$",
)
ax.plot(
    gaps,
    counts,
    color=BLUE,
    linestyle="none",
    marker="o",
    alpha=0.7,
    label=["mistakes", *["_"] * 4],
)
ax.set(
    xlabel="gap between the classes",
    xscale="log",
    yscale="log",
    ylabel="number of mistakes",
)
ax.set_xticks(gaps, gaps)
ax.minorticks_off()
ax.legend()
plt.show()

# %%
# The learning rate does not matter here: from zero, :math:`\eta` only multiplies all weights by the same number, which
# changes neither the mistakes nor the boundary.
slow, fast = (Perceptron(eta0=eta0, tol=None).fit(X, y) for eta0 in (2.0**-10, 2.0**10))
print(
    "weights with eta0 = 1024, divided by those with 1/1024:", fast.coef_ / slow.coef_
)

# %%
# Logistic regression on separable data: it needs a penalty
# ---------------------------------------------------------
#
# Once a line separates the classes, longer weights :math:`(\mathbf{w}, b)` have the same boundary, but all
# probabilities are closer to 0 and 1, and the loss is smaller. There is no minimum, and without a penalty the weights
# would grow forever. With the penalty :math:`\lVert\mathbf{w}\rVert^2 / 2`, the objective
#
# .. math::
#
#     C \sum_i \log(1 + e^{-m_i}) + \tfrac12 \lVert \mathbf{w} \rVert^2
#
# has exactly one minimum. As C grows, its boundary approaches the one that is as far as possible from both classes, the
# boundary of the hard-margin support vector machine (Rosset, Zhu and Hastie, 2004). The perceptron ends at the first
# line without mistakes, which may be close to some samples. In the right figure, the distance is negative if the sample
# is on the wrong side: with a small C, the penalty matters more than the samples, and some are misclassified.
X, y = separable_data(gap=0.2)


def distance_to_boundary(model):
    """Distance of the nearest sample from the boundary; negative if it is on the wrong side."""
    return np.min((2 * y - 1) * model.decision_function(X)) / np.linalg.norm(
        model.coef_
    )


Cs = 10.0 ** np.arange(-1, 12)
models = [
    LogisticRegression(C=C, solver="newton-cholesky", tol=1e-14).fit(X, y) for C in Cs
]
widest = distance_to_boundary(SVC(kernel="linear", C=1e6).fit(X, y))
perceptrons = [
    distance_to_boundary(Perceptron(random_state=seed, tol=None).fit(X, y))
    for seed in range(20)
]

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
left.plot(Cs, [np.linalg.norm(model.coef_) for model in models], color=BLUE, marker="o")
left.set(
    xlabel="C",
    xscale="log",
    ylabel=r"$\Vert\mathbf{w}\Vert$",
    title="Length of the weights",
)
right.plot(
    Cs,
    [distance_to_boundary(model) for model in models],
    color=BLUE,
    marker="o",
    label="logistic regression",
)
right.axhline(widest, color="black", linestyle="--", label="support vector machine")
right.axhline(0, color="gray", linewidth=0.8)
right.axhspan(
    min(perceptrons),
    max(perceptrons),
    color=ORANGE,
    alpha=0.4,
    label="perceptron, 20 orders",
)
right.set(
    xlabel="C", xscale="log", ylabel="distance", title="Nearest sample to the boundary"
)
right.legend()
plt.show()

# %%
# No line separates the classes
# -----------------------------
#
# Where the classes overlap, the perceptron never comes to rest. Its weights stay bounded (Block and Levin, 1970), but
# each mistake is a whole step, so the boundary keeps jumping, and the last one is good or bad by chance. Logistic
# regression has a minimum there, without any penalty, and always ends at the same line. If you use a perceptron,
# average its weights over all steps (Freund and Schapire, 1999): ``average=True``.
X, y = make_blobs(200, centers=[(-1, 0), (1, 0.5)], random_state=1)
last, averaged, logistic = (
    Perceptron(),
    Perceptron(average=True),
    LogisticRegression(C=np.inf).fit(X, y),
)
scores, lines = [], []
for _ in range(60):
    scores.append(
        [
            model.partial_fit(X, y, classes=[0, 1]).score(X, y)
            for model in (last, averaged)
        ]
    )
    lines.append((last.coef_[0].copy(), last.intercept_[0]))

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for label, curve, color in zip(
    ("last weights", "average"), np.transpose(scores), (ORANGE, BLUE), strict=True
):
    left.plot(range(1, 61), curve, color=color, label=f"perceptron, {label}")
left.axhline(
    logistic.score(X, y), color="black", linestyle="--", label="logistic regression"
)
left.set(
    xlabel="epoch",
    ylabel="accuracy on the training data",
    ylim=(0.7, 0.87),
    title="Accuracy",
)
left.legend(loc="lower right")
plot_samples(right, X, y)
for coef, intercept in lines[-20:]:
    plot_boundary(right, coef, intercept, color="gray", linewidth=0.8)
plot_boundary(
    right,
    logistic.coef_[0],
    logistic.intercept_[0],
    color="black",
    linestyle="--",
    linewidth=2,
)
right.legend(loc="lower right", framealpha=1)
right.set_title("Perceptron after each of 20 epochs (gray)")
plt.show()

last_20 = np.array(scores)[-20:, 0]
print(
    f"perceptron in its last 20 epochs: accuracy {last_20.min():.3f} to {last_20.max():.3f}"
)
print(f"average: {scores[-1][1]:.3f}, logistic regression: {logistic.score(X, y):.3f}")

# %%
# Probabilities and hard outputs
# ------------------------------
#
# What are the probabilities worth? Take two classes from normal distributions with the means
# :math:`\boldsymbol\mu_0, \boldsymbol\mu_1`, unit covariance, and equal frequency. By Bayes' theorem,
# :math:`P(y = 1 \mid \mathbf{x})` is then *exactly* logistic regression, with
# :math:`\mathbf{w} = \boldsymbol\mu_1 - \boldsymbol\mu_0` and
# :math:`b = (\lVert\boldsymbol\mu_0\rVert^2 - \lVert\boldsymbol\mu_1\rVert^2) / 2`. So we know the truth.
means = np.array([[-1.0, 0.0], [1.0, 0.5]])
X, y = make_blobs(10_000, centers=means, random_state=0)
X_new, y_new = make_blobs(20_000, centers=means, random_state=1)
logistic, perceptron = (
    LogisticRegression(C=np.inf).fit(X, y),
    Perceptron(average=True).fit(X, y),
)
print(
    "true w and b:  ",
    means[1] - means[0],
    (means[0] @ means[0] - means[1] @ means[1]) / 2,
)
print("fitted w and b:", logistic.coef_[0].round(2), logistic.intercept_[0].round(2))

SHADES = LinearSegmentedColormap.from_list(
    "blue to orange", ["#7FB8D8", "white", "#F2CF80"]
)


def plot_output(ax, model, X, response="predict_proba"):
    """Output of a classifier of two classes as a background of shades; returns the display."""
    return DecisionBoundaryDisplay.from_estimator(
        model,
        X,
        response_method=response,
        plot_method="pcolormesh",
        cmap=SHADES,
        vmin=0,
        vmax=1,
        ax=ax,
        eps=0.3,
    )


fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
plot_output(axes[0], perceptron, X[:200], "predict")
plot_samples(axes[0], X[:200], y[:200])
axes[0].set_title("Perceptron: classes")
shown = plot_output(axes[1], logistic, X[:200])
contours = axes[1].contour(
    shown.xx0, shown.xx1, shown.response, [0.1, 0.25, 0.5, 0.75, 0.9], colors="black"
)
axes[1].clabel(contours, [0.1, 0.5, 0.9])
axes[1].set(xlabel="$x_1$", ylabel="$x_2$", title="Logistic regression: probabilities")
fractions, predicted = calibration_curve(
    y_new, logistic.predict_proba(X_new)[:, 1], n_bins=10
)
axes[2].plot([0, 1], [0, 1], color="gray", linewidth=1)
axes[2].plot(predicted, fractions, color=BLUE, marker="o")
axes[2].set(
    xlabel="predicted probability", ylabel="fraction of class 1", title="On new samples"
)
plt.show()

# %%
# On new samples, the predicted probabilities are the frequencies of class 1 (right). A perceptron only has classes; the
# size of its z is no probability, and ``Perceptron`` has no ``predict_proba``.
#
# **The boundary of logistic regression is linear in its inputs.** Only the probability is a nonlinear function of
# :math:`\mathbf{x}`. All contours of the probability are straight and parallel, because :math:`P = p` is the line
# :math:`\mathbf{w}^\top\mathbf{x} + b = \log(p / (1 - p))`.
#
# With probabilities, the decision can follow the costs. If missing class 1 is nine times as costly as a false alarm,
# the best threshold is 0.1 instead of 0.5, which moves the boundary to the contour of 0.1.
probability = logistic.predict_proba(X_new)[:, 1]
for threshold in (0.5, 0.1):
    missed = np.sum((probability <= threshold) & (y_new == 1))
    false_alarms = np.sum((probability > threshold) & (y_new == 0))
    print(
        f"threshold {threshold}: missed {missed}, false alarms {false_alarms}, cost {9 * missed + false_alarms}"
    )

# %%
# Outliers
# --------
#
# How much a sample can move the boundary depends on how steep its loss is. The squared error punishes a sample on the
# correct side for being *too far* on it, so that one far sample moves the boundary although it is no problem. (A neuron
# whose net input is trained by the squared error is ADALINE, by Widrow and Hoff, 1960.) The log loss is flat there, and
# the perceptron ignores such a sample completely. A far sample of the *wrong* class is another matter: the gradient of
# the log loss is :math:`(\hat y - y)\,\mathbf{x}`, which is large for a far sample, and the perceptron keeps making
# mistakes on it.
X, y = make_blobs(
    [40, 40], centers=[(-1.5, 0), (1.5, 0)], cluster_std=0.5, random_state=0
)
X_far = np.vstack([X, [[9.0, 3.0], [10.0, 4.0], [9.5, 5.0], [11.0, 3.5]]])
situations = {
    "No outlier": (X, y),
    "Far, on the correct side": (X_far, np.append(y, [1] * 4)),
    "Far, with the wrong label": (X_far, np.append(y, [0] * 4)),
}
adaline = Perceptron(
    loss="squared_error", activation="identity", solver="adam", eta0=0.05, tol=None
)
models = {
    "perceptron": (Perceptron(), BLUE, ":"),
    "logistic regression": (LogisticRegression(), "black", "-"),
    "squared error": (adaline, PURPLE, "--"),
}
fig, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained", sharey=True)
for ax, (situation, (X_all, y_all)) in zip(axes, situations.items(), strict=True):
    plot_samples(ax, X_all, y_all)
    ax.set(xlim=(-4, 12), ylim=(-6, 7), title=situation)
    for name, (model, color, style) in models.items():
        model.fit(X_all, y_all)
        plot_boundary(
            ax,
            model.coef_[0],
            model.intercept_[0],
            color=color,
            linestyle=style,
            label=name,
        )
        scores = [
            clone(model).set_params(random_state=seed).fit(X_all, y_all).score(X, y)
            for seed in range(20 if name == "perceptron" else 1)
        ]
        low, high = f"{min(scores):.2f}", f"{max(scores):.2f}"
        shown = f"{low} to {high} in 20 orders" if high != low else low
        print(f"{situation:26} {name:20} accuracy on the other samples {shown}")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
plt.show()

# %%
# Far samples with the wrong label spoil all three. How much they spoil the perceptron depends on the order of the samples:
# its weights never come to rest, and end where the last mistakes have moved them. The figure shows one order only.

# %%
# More than two classes: one-vs-rest or softmax
# ---------------------------------------------
#
# With K classes, there are K neurons, and the class with the largest net input is predicted. *One-vs-rest* trains each
# neuron separately to tell its class from all others. The *softmax* trains them together, as one multinomial model:
#
# .. math::
#
#     P(y = j \mid \mathbf{x}) = \frac{e^{z_j}}{\sum_{k=1}^{K} e^{z_k}} .
#
# It only has to make :math:`z_j` the largest for samples of class j, while one-vs-rest asks for more: a line between
# each class and all others. The class in the middle has none here. ``Perceptron`` is always one-vs-rest;
# ``LogisticRegression`` uses the softmax unless ``activation="logistic"``.
X, y = make_blobs(
    [150, 50, 150], centers=[(-2, 0), (0, 0), (2, 0)], cluster_std=0.5, random_state=0
)
models = {
    "Perceptron, one-vs-rest": Perceptron(),
    "Logistic, one-vs-rest": LogisticRegression(activation="logistic"),
    "Logistic, softmax": LogisticRegression(activation="softmax"),
}
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained", sharey=True)
colors = [BLUE, ORANGE, GREEN]
for ax, (name, model) in zip(axes, models.items(), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        model.fit(X, y),
        X,
        response_method="predict",
        multiclass_colors=colors,
        alpha=0.4,
        ax=ax,
    )
    plot_samples(ax, X, y)
    for coef, intercept, color in zip(
        model.coef_, model.intercept_, colors, strict=True
    ):
        if "one-vs-rest" in name:
            plot_boundary(ax, coef, intercept, color=color, linestyle="--")
    ax.set_title(f"{name}\naccuracy {model.score(X, y):.3f}")
plt.show()

one_vs_rest = models["Logistic, one-vs-rest"]
middle = values(Logistic().value, one_vs_rest.decision_function(X)[:, 1])
print(f"the neuron of class 1, alone, outputs {middle.min():.2f} to {middle.max():.2f}")
orders = [Perceptron(random_state=seed).fit(X, y).score(X, y) for seed in range(20)]
print(
    f"perceptron, one-vs-rest, 20 orders of the samples: accuracy {min(orders):.3f} to {max(orders):.3f}"
)

# %%
# The dashed lines are those of the single neurons, :math:`z_j = 0`. The neuron of class 1 never outputs 1/2; alone, it
# knows little more than the frequency of its class. That of the perceptron never comes to rest.
# In all three models, two regions meet where :math:`z_j = z_k`, which is linear, too. The outputs of one-vs-rest
# do not add up to 1, and ``predict_proba`` divides them by their sum; those of the softmax are a distribution.
#
# What no line can do: XOR and moons
# ----------------------------------
#
# XOR is 1 if exactly one of its two inputs is 1. No line separates the four points (Minsky and Papert, 1969). The
# perceptron never comes to rest on them, and the best logistic regression has the weights 0 and the probability 1/2
# everywhere: it knows nothing.
points, labels = (
    np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
    np.array([0, 1, 1, 0]),
)
logistic = LogisticRegression(C=np.inf).fit(points, labels)
print(
    "w =",
    logistic.coef_[0],
    " b =",
    logistic.intercept_,
    " P =",
    logistic.predict_proba(points)[:, 1],
)

# %%
# There are two ways out. The first is to compute *features*, and to separate those by a hyperplane: with the product
# :math:`x_1 x_2`, XOR is :math:`x_1 + x_2 - 2 x_1 x_2 > 1/2`. The second is a *hidden layer*, which learns its features
# from the data: :class:`sknn_concepts.MLPClassifier`.
rng = np.random.default_rng(0)
corners = rng.integers(0, 2, (200, 2))
X_xor = corners + rng.normal(scale=0.15, size=corners.shape)
data = {
    "XOR": (X_xor, corners[:, 0] ^ corners[:, 1]),
    "moons": make_moons(200, noise=0.12, random_state=0),
}
models = {
    "logistic regression": LogisticRegression(C=100),
    "with products and powers": make_pipeline(
        PolynomialFeatures(3), LogisticRegression(C=100)
    ),
    "with 8 hidden units": MLPClassifier(
        (8,), activation="tanh", solver="lbfgs", alpha=0.05, random_state=0
    ),
}
fig, axes = plt.subplots(2, 3, figsize=(9, 5.8), layout="constrained")
for row, (name, (X, y)) in zip(axes, data.items(), strict=True):
    for ax, (description, model) in zip(row, models.items(), strict=True):
        plot_output(ax, model.fit(X, y), X)
        plot_samples(ax, X, y)
        ax.set_title(
            f"{name}, {description}\naccuracy {model.score(X, y):.3f}", fontsize=10
        )
plt.show()

# %%
# Logistic regression always draws a straight line, here with little use. On XOR, its probabilities are almost 1/2. Its
# accuracy is even below that of guessing: the four groups are not equally large, which gives the probabilities a small
# slope, and this puts three of the groups on the wrong side of 1/2. In the middle column, the model is the same; only
# its inputs differ: the boundary is linear in the *features*, and curved in :math:`\mathbf{x}`.
#
# The last layer of the network is logistic regression, too. Its inputs are the values of the hidden units, and in their
# space, which ``transform`` shows, the boundary is a line. With two hidden units we can look at it: the hidden layer
# has moved the four groups of XOR to where a line separates them.
X, y = data["XOR"]
network = MLPClassifier(
    (2,), activation="tanh", solver="lbfgs", alpha=0.05, random_state=0
).fit(X, y)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
plot_output(left, network, X)
plot_samples(left, X, y)
for j, style in enumerate(("--", ":")):
    line = {"color": "black", "linestyle": style, "label": f"hidden unit {j + 1} is 0"}
    plot_boundary(left, network.coefs_[0][:, j], network.intercepts_[0][j], **line)
left.set_title(f"Inputs, accuracy {network.score(X, y):.3f}")
fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
plot_samples(right, network.transform(X), y)
plot_boundary(
    right,
    network.coefs_[1][:, 0],
    network.intercepts_[1][0],
    color="black",
    label="boundary of the output",
)
right.legend(handles=right.get_lines())
right.set(
    xlabel="hidden unit 1",
    ylabel="hidden unit 2",
    xlim=(-1.2, 1.2),
    ylim=(-1.2, 1.2),
    title="Hidden layer",
)
plt.show()

# %%
# Which one to use
# ----------------
#
# ===================== ======================================== ==========================================
# \                     Perceptron                               Logistic regression
# ===================== ======================================== ==========================================
# Output                class                                    probability
# Learns from           its mistakes                             all samples
# Separable data        at most :math:`(R/\gamma)^2` mistakes    needs a penalty; a weak one gives the
#                                                                line with the widest margin
# Overlapping classes   never ends; average the weights          one minimum, which is always found
# Far, correct side     no influence                             hardly any influence
# Far, wrong label      strong influence, which depends on the   strong influence
#                       order of the samples
# More than two classes one-vs-rest                              softmax or one-vs-rest
# Boundary              linear in the inputs                     linear in the inputs
# ===================== ======================================== ==========================================
#
# Logistic regression is the better first choice. The perceptron is worth understanding: its rule is simple, and there
# is a proof that it ends. Both are networks without hidden layers; :doc:`/concepts/losses` shows what a loss does in
# any network.
#
# Try it
# ------
#
# - Change the seed and the gap of ``separable_data``. How close to the bound can you get?
# - Flip one label after ``separable_data``, and ``learn_from_mistakes`` does not return. Why?
# - Fit the outliers with ``Perceptron(loss="hinge", activation="identity")``. Which of the three lines is it like?
# - Lower the degree of ``PolynomialFeatures`` to 2. Is that enough for XOR, and for the moons?
#
# References
# ----------
#
# - Block and Levin (1970), On the boundedness of an iterative procedure for solving a system of linear inequalities,
#   Proceedings of the American Mathematical Society 26.
# - Cox (1958), The regression analysis of binary sequences, Journal of the Royal Statistical Society B 20.
# - Freund and Schapire (1999), Large margin classification using the perceptron algorithm, Machine Learning 37.
# - Minsky and Papert (1969), Perceptrons, MIT Press.
# - Novikoff (1962), On convergence proofs on perceptrons, Symposium on the Mathematical Theory of Automata 12.
# - Rosenblatt (1958), The perceptron: a probabilistic model for information storage and organization in the brain,
#   Psychological Review 65.
# - Rosset, Zhu and Hastie (2004), Margin maximizing loss functions, Advances in Neural Information Processing
#   Systems 16.
# - Widrow and Hoff (1960), Adaptive switching circuits, IRE WESCON Convention Record 4.
