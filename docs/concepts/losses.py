r"""
Losses
======

A loss :math:`L(y, z)` measures how badly the output :math:`z` of a network, for one sample, fits the target :math:`y`.
Training minimizes the mean of the loss over the samples. The choice of the loss decides two things:

- *what the network predicts*: the mean of the targets, their median, a quantile, a probability, or only a class;
- *how strongly each sample pulls* on the weights, which is the gradient :math:`\partial L / \partial z`.

Here z is always the *raw* output, the net input of the output unit. The prediction is a function of it, such as
:math:`p = \sigma(z) = 1 / (1 + e^{-z})` for a probability, or the softmax for several classes.

This page derives the common losses from likelihoods, shows why squared error and logistic outputs do not go together,
and compares the losses for classes, for numbers and for counts. :mod:`sknn_concepts.losses` has their formulas.
"""

# %%
# A loss is a likelihood
# ----------------------
#
# Suppose that the network describes a distribution of the target, :math:`P(y \mid z)`. The best weights are those under
# which the observed targets are most likely. Since the likelihood of n samples is a product,
#
# .. math::
#
#     -\log \prod_{i=1}^{n} P(y_i \mid z_i) = \sum_{i=1}^{n} -\log P(y_i \mid z_i),
#
# maximizing it means minimizing a sum of losses :math:`L(y, z) = -\log P(y \mid z)`. So each of these losses stands for
# an assumption about the targets:
#
# ============== ====================================================== ==========================================
# Loss           :math:`L(y, z)`                                        Distribution of y
# ============== ====================================================== ==========================================
# Squared error  :math:`(y - z)^2 / 2`                                  normal, mean z, constant variance
# Absolute error :math:`|y - z|`                                        Laplace, median z
# Log loss       :math:`-y \log p - (1 - y) \log(1 - p)`                Bernoulli, :math:`p = \sigma(z)`
# Softmax loss   :math:`-\sum_j y_j \log p_j`                           categorical, :math:`p = \mathrm{softmax}(z)`
# Poisson        :math:`e^z - y z`, plus a function of y                Poisson, mean :math:`e^z`
# ============== ====================================================== ==========================================
#
# *Cross-entropy* is another name for log loss and softmax loss. Functions of y alone have no influence on the weights.
# The code compares the formulas of the library with the distributions of SciPy; the difference does not depend on z.
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import mean_poisson_deviance
from sklearn.model_selection import train_test_split

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.activations import Logistic
from sknn_concepts.losses import (
    AbsoluteError,
    Focal,
    Hinge,
    Huber,
    LogLoss,
    Poisson,
    Quantile,
    SoftmaxLogLoss,
    SquaredError,
)


def values(formula, *arguments):
    """Values of a formula of the library, which takes single numbers, for arrays."""
    return np.vectorize(formula, otypes=[float])(*arguments)


# sphinx_gallery_thumbnail_number = 2
BLUE, ORANGE, GREEN, PURPLE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
)  # Okabe and Ito's colors
z = np.linspace(-6, 6, 1201)
p = values(Logistic().value, z)
for loss, y, distribution in (
    (SquaredError(), 1.7, stats.norm(loc=z)),
    (AbsoluteError(), 1.7, stats.laplace(loc=z)),
    (LogLoss(), 1, stats.bernoulli(p)),
    (Poisson(), 3, stats.poisson(np.exp(z))),
):
    likelihood = (
        distribution.pdf(y)
        if hasattr(distribution.dist, "pdf")
        else distribution.pmf(y)
    )
    difference = values(loss.loss, float(y), z) + np.log(likelihood)
    name, spread = type(loss).__name__, np.ptp(difference)  # over all z
    print(
        f"{name:13} loss + log-likelihood = {difference.mean():.4f} for all z, up to {spread:.0e}"
    )

# %%
# Cross-entropy and divergence
# ----------------------------
#
# The *cross-entropy* of two distributions :math:`q` (the targets) and :math:`p` (the predictions) is
#
# .. math::
#
#     H(q, p) = -\sum_j q_j \log p_j
#             = \underbrace{-\sum_j q_j \log q_j}_{\text{entropy } H(q)}
#             + \underbrace{\sum_j q_j \log \frac{q_j}{p_j}}_{\text{Kullback-Leibler divergence } D(q \,\Vert\, p)} .
#
# The divergence is 0 if both distributions are the same, and positive otherwise (Kullback and Leibler, 1951). The
# entropy does not depend on the prediction, so minimizing the cross-entropy minimizes the divergence of the prediction
# from the target. The cross-entropy itself only reaches 0 if the target is certain, as a label is.
target = np.array([0.7, 0.2, 0.1])
for raw in (np.array([2.0, 0.5, 0.0]), np.log(target)):
    gradient = np.empty(3)
    cross_entropy = SoftmaxLogLoss().loss_gradient_row(target, raw, gradient)
    prediction = np.exp(raw) / np.exp(raw).sum()
    entropy, divergence = stats.entropy(target), stats.entropy(target, prediction)
    print(
        f"p = {prediction.round(3)}: {cross_entropy:.4f} = {entropy:.4f} + {divergence:.4f}, gradient",
        gradient.round(3) + 0.0,
    )
    assert np.isclose(cross_entropy, entropy + divergence) and np.allclose(
        gradient, prediction - target
    )

# %%
# The gradient with respect to the raw outputs is simply prediction minus target, for log loss and softmax loss.
#
# The divergence is no distance: :math:`D(q \Vert p)` and :math:`D(p \Vert q)` differ. Only the first goes to infinity
# where the prediction excludes something that happens. So a network that is trained by cross-entropy must not be
# certain and wrong.
q, shares = 0.7, np.linspace(0.002, 0.998, 499)
raw = np.log(shares / (1 - shares))
of_target = np.array([stats.entropy([q, 1 - q], [p, 1 - p]) for p in shares])
of_prediction = np.array([stats.entropy([p, 1 - p], [q, 1 - q]) for p in shares])
entropy = stats.entropy([q, 1 - q])
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
left.plot(
    shares, values(LogLoss().loss, q, raw), color=BLUE, label="cross-entropy $H(q, p)$"
)
left.axhline(entropy, color="gray", linestyle="--", label="entropy $H(q)$")
left.fill_between(
    shares,
    entropy,
    entropy + of_target,
    color=BLUE,
    alpha=0.15,
    label=r"divergence $D(q \Vert p)$",
)
left.set(title=f"Target: class 1 with probability {q}", ylabel="nats", ylim=(0, 4))
right.plot(
    shares, of_target, color=BLUE, label=r"$D(q \Vert p)$, minimized by training"
)
right.plot(shares, of_prediction, color=ORANGE, linestyle="--", label=r"$D(p \Vert q)$")
right.set(title="Two divergences", ylim=(0, 4))
for ax in (left, right):
    ax.set_xlabel("predicted probability p of class 1")
    ax.legend()
plt.show()

# %%
# Why squared error on a logistic output stalls
# ---------------------------------------------
#
# A probability can be fitted by squared error, too: :math:`L = (p - y)^2 / 2` with :math:`p = \sigma(z)`. But by the
# chain rule, its gradient has the slope of the logistic function as a factor, which cross-entropy cancels:
#
# .. math::
#
#     \frac{\partial}{\partial z} \frac{(p - y)^2}{2} = (p - y)\, p\,(1 - p), \qquad
#     \frac{\partial}{\partial z} \bigl[-y \log p - (1 - y) \log(1 - p)\bigr] = p - y .
#
# A unit that is certain and wrong is *saturated*: :math:`p (1 - p) \approx 0`. Cross-entropy gives it the largest
# gradient of all, squared error almost none. The gradient of squared error is largest at :math:`p = 1/3` (for
# :math:`y = 1`), and never exceeds 4/27. The plateau on the wrong side also means that squared error is not convex in
# z; cross-entropy is, so that a linear model has no local minima.
error, slope = values(SquaredError().gradient, 1.0, p), values(Logistic().slope, z)
squared_gradient, log_gradient = error * slope, values(LogLoss().gradient, 1.0, z)
for at in (-6.0, -2.0, 0.0):
    i = np.argmin(np.abs(z - at))
    ratio = log_gradient[i] / squared_gradient[i]
    print(
        f"z = {at:2.0f}, p = {p[i]:.4f}: squared error {squared_gradient[i]:.4f}, "
        f"cross-entropy {log_gradient[i]:.4f}, {ratio:.0f} times as large"
    )
largest = np.argmax(np.abs(squared_gradient))
print(
    f"largest gradient of squared error: {squared_gradient[largest]:.4f} at p = {p[largest]:.3f}; 4/27 = {4 / 27:.4f}"
)

# %%
# The same in training. One neuron with one input starts certain and wrong (w = -6), and has to learn that the sample
# x = 1 belongs to class 1 and x = -1 to class 0. Both curves have the same learning rate. (A larger one would shorten
# the plateau of squared error, and be too large once the unit has left it.)
X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
curves = {}
for name, loss in (("squared error", "squared_error"), ("cross-entropy", "log_loss")):
    neuron = Perceptron(
        loss=loss, activation="logistic", solver="sgd", eta0=1.0
    ).partial_fit(X, y, classes=[0, 1])
    neuron.coef_ = np.array([[-6.0]])
    errors = []
    for _ in range(600):
        errors.append(1 - values(Logistic().value, neuron.decision_function(X))[1])
        neuron.partial_fit(X, y)
    curves[name] = errors
    print(f"{name}: error below 0.1 after {np.argmax(np.array(errors) < 0.1)} steps")

fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].plot(z, values(LogLoss().loss, 1.0, z), color=BLUE, label="cross-entropy")
axes[0].plot(
    z,
    values(SquaredError().loss, 1.0, p),
    color=ORANGE,
    linestyle="--",
    label="squared error",
)
axes[0].set(xlabel="raw output z", ylabel="loss for y = 1", title="Loss")
axes[1].plot(z, log_gradient, color=BLUE, label="cross-entropy")
axes[1].plot(z, squared_gradient, color=ORANGE, linestyle="--", label="squared error")
axes[1].axvspan(-6, -2, color="gray", alpha=0.2)
axes[1].text(-4, -0.45, "saturated\nand wrong", ha="center", fontsize=8)
axes[1].set(xlabel="raw output z", ylabel="gradient for y = 1", title="Gradient")
axes[2].plot(curves["cross-entropy"], color=BLUE, label="cross-entropy")
axes[2].plot(
    curves["squared error"], color=ORANGE, linestyle="--", label="squared error"
)
axes[2].set(xlabel="step", ylabel="error 1 - p", title="Training")
for ax in axes[:2]:
    ax.legend(fontsize=8)
axes[2].legend(fontsize=8, loc="center", bbox_to_anchor=(0.38, 0.5))
plt.show()

# %%
# The curve of squared error stays on its plateau for hundreds of steps, that of cross-entropy falls at once. In a deep
# network, a saturated output unit also holds back all layers below, whose gradients have the same small factor.
#
# So squared error and logistic outputs should not be combined. Squared error is right for *numbers*, on the raw output:
# its gradient is :math:`z - y` there, which is never small where the error is large. Cross-entropy is right for
# *classes*, on the logistic function or the softmax, where its gradient is :math:`p - y`.
#
# What each loss asks for
# -----------------------
#
# Which output is best if the same x belongs to class 1 with the probability :math:`\pi` only? The one that minimizes
# the expected loss :math:`\pi L(1, z) + (1 - \pi) L(0, z)`. A loss for which the answer is :math:`p = \pi` is called
# *proper*: it asks for true probabilities. Both cross-entropy and squared error (Brier, 1950) are proper, so what
# speaks against squared error is the way to the minimum, not the minimum. Others ask for something else:
#
# - *Label smoothing* (Szegedy et al., 2016) mixes the targets with a constant, :math:`(1 - \epsilon) y + \epsilon / 2`
#   for two classes. It asks for probabilities between :math:`\epsilon/2` and :math:`1 - \epsilon/2`, so that no output
#   has to become infinite.
# - The *focal loss* (Lin et al., 2017), :math:`-(1 - p_t)^\gamma \log p_t` with the probability :math:`p_t` of the true
#   class, gives less weight to samples that are already classified well. Its probabilities are less certain than the
#   truth.
# - The *hinge loss* (Cortes and Vapnik, 1995), :math:`\max(0, 1 - m)` with the margin :math:`m = (2y - 1) z`, only asks
#   for the more likely class. There is no probability.
losses = {
    "log loss": (LogLoss(), BLUE, "-"),
    "smoothed by 0.2": (LogLoss(label_smoothing=0.2), GREEN, "-."),
    "focal, gamma = 2": (Focal(gamma=2.0), ORANGE, "--"),
    "hinge": (Hinge(), PURPLE, ":"),
}
pi = np.linspace(0.005, 0.995, 199)[:, None]
fig, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for name, (loss, color, style) in losses.items():
    of_one, of_zero = values(loss.loss, 1.0, z), values(loss.loss, 0.0, z)
    axes[0].plot(z, of_one, color=color, linestyle=style, label=name)
    axes[1].plot(z, values(loss.gradient, 1.0, z), color=color, linestyle=style)
    best = z[np.argmin(pi * of_one + (1 - pi) * of_zero, axis=1)]
    axes[2].plot(
        pi,
        (best > 0) if name == "hinge" else values(loss.inverse_link, best),
        color=color,
        linestyle=style,
    )
axes[0].set(xlabel="margin m", ylabel="loss", title="Loss")
axes[1].set(xlabel="margin m", ylabel="gradient for class 1", title="Gradient")
axes[2].set(
    xlabel=r"true probability $\pi$",
    ylabel="best prediction p",
    title="What it asks for",
)
fig.legend(loc="outside lower center", ncols=4)
plt.show()

# %%
# **Smoothing** in a network for digits: the accuracy hardly changes, but the network is less certain (the probability
# of the predicted class is smaller), and its weights are smaller.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
for smoothing in (0.0, 0.1):
    loss = LogLoss(label_smoothing=smoothing)
    settings = {
        "learning_rate": "cosine",
        "learning_rate_init": 0.01,
        "max_iter": 30,
        "n_iter_no_change": 30,
    }
    network = MLPClassifier((32,), loss=loss, random_state=0, **settings).fit(
        X_train, y_train
    )
    certainty = network.predict_proba(X_test).max(axis=1)
    print(
        f"smoothing {smoothing}: accuracy {network.score(X_test, y_test):.3f}, median certainty "
        f"{np.median(certainty):.3f}, largest weight {np.abs(network.coefs_[1]).max():.2f}"
    )

# %%
# The **focal loss** was made for object detectors, where easy negatives are so many that their small gradients add up.
# Here, 2 % of the samples are positive. The print-out is the share of the total gradient that comes from samples whose
# class already has a probability above 0.9.
X, y = make_classification(5000, weights=[0.98], class_sep=1.5, random_state=0)
raw = LogisticRegression().fit(X, y).decision_function(X)
easy = values(Logistic().value, np.where(y == 1, raw, -raw)) > 0.9
for loss in (LogLoss(), Focal(gamma=2.0)):
    pull = np.abs(values(loss.gradient, y.astype(float), raw))
    print(
        f"{loss}: the {easy.mean():.0%} easy samples make {pull[easy].sum() / pull.sum():.1%} of the gradient"
    )

# %%
# Losses for numbers
# ------------------
#
# For numbers, the loss is a function of the residual :math:`r = z - y`. It decides which property of the targets is
# predicted:
#
# - *squared error*, :math:`r^2 / 2`: the mean. The gradient is r, so one far target pulls as hard as many near ones.
# - *absolute error*, :math:`|r|`: the median. All targets pull with the same force, whatever their distance.
# - *Huber's loss* (1964): squared up to :math:`\delta`, linear beyond. Between mean and median, smooth at 0.
# - *quantile loss* (Koenker and Bassett, 1978): :math:`q\,|r|` where the prediction is too low, :math:`(1 - q)\,|r|`
#   where it is too high: the quantile q.
#
# On a skewed sample, these are different numbers. The best constant prediction of each loss:
losses = {
    "squared error": (SquaredError(), BLUE, "-"),
    "absolute error": (AbsoluteError(), ORANGE, "--"),
    "Huber, delta = 1": (Huber(delta=1.0), GREEN, "-."),
    "quantile 0.9": (Quantile(0.9), PURPLE, ":"),
}
y = np.random.default_rng(0).exponential(size=1001)
constants = np.linspace(0, 3, 301)
for name, (loss, _, _) in losses.items():
    means = [values(loss.loss, y, constant).mean() for constant in constants]
    print(f"{name:16} best constant {constants[np.argmin(means)]:.2f}")
print(
    f"mean {y.mean():.2f}, median {np.median(y):.2f}, quantile 0.9: {np.quantile(y, 0.9):.2f}"
)

r = np.linspace(-3, 3, 601)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for name, (loss, color, style) in losses.items():
    axes[0].plot(r, values(loss.loss, 0.0, r), color=color, linestyle=style, label=name)
    axes[1].plot(r, values(loss.gradient, 0.0, r), color=color, linestyle=style)
axes[0].set(xlabel="residual r", ylabel="loss", title="Loss")
axes[1].set(xlabel="residual r", ylabel="gradient", title="Gradient")

rng = np.random.default_rng(1)
x = rng.uniform(0, 10, 100)
y = 0.5 * x + rng.normal(scale=0.4, size=100)
y[x > 8.5] -= rng.uniform(3, 9, np.sum(x > 8.5))  # outliers at the right end
axes[2].scatter(x, y, color="gray", s=8)
for name, (loss, color, style) in list(losses.items())[:3]:
    line = MLPRegressor(loss, (), solver="lbfgs", alpha=0, max_iter=1000).fit(
        x[:, None], y
    )
    axes[2].plot([0, 10], line.predict([[0.0], [10.0]]), color=color, linestyle=style)
    print(f"{name:16} slope {line.coefs_[0][0, 0]:.2f} (0.5 without outliers)")
axes[2].set(xlabel="x", ylabel="y", title="Lines fitted with outliers")
fig.legend(loc="outside lower center", ncols=4)
plt.show()

# %%
# **Quantiles.** Three networks with quantiles 0.1, 0.5 and 0.9 say how uncertain a prediction is. The band between the
# outer two should contain 80 % of new targets.
rng = np.random.default_rng(0)
x, x_new = rng.uniform(-3, 3, (2, 1000, 1))
y, y_new = (np.sin(v) + rng.normal(scale=0.1 + 0.15 * np.abs(v)) for v in (x, x_new))
settings = {
    "learning_rate": "cosine",
    "learning_rate_init": 0.02,
    "max_iter": 100,
    "n_iter_no_change": 100,
}
grid, predicted = np.linspace(-3, 3, 200)[:, None], {}
for quantile in (0.1, 0.5, 0.9):
    network = MLPRegressor(
        Quantile(quantile), (16,), activation="tanh", random_state=0, **settings
    ).fit(x, y.ravel())
    predicted[quantile] = network.predict(grid)
    print(
        f"quantile {quantile}: {np.mean(y_new.ravel() < network.predict(x_new)):.3f} of new targets are below"
    )

# %%
# **Counts** cannot be negative, and their variance grows with their mean. The Poisson loss predicts :math:`e^z`, so
# that a linear z means a factor for each step in x. A straight line under squared error predicts negative counts, and
# is worse on new samples by the Poisson deviance.
x_counts, x_test = rng.uniform(0, 4, (2, 500, 1))
counts, counts_test = (
    rng.poisson(0.3 * np.exp(0.9 * v)).ravel() for v in (x_counts, x_test)
)
fits = {}
for name, loss in (("squared error", SquaredError()), ("Poisson", Poisson())):
    fits[name] = MLPRegressor(loss, (), solver="lbfgs", alpha=0, max_iter=1000).fit(
        x_counts, counts
    )
    lowest = fits[name].predict([[0.0]])[0]
    deviance = mean_poisson_deviance(
        counts_test, np.maximum(fits[name].predict(x_test), 1e-3)
    )
    print(
        f"{name:13} prediction at x = 0: {lowest:6.2f}, deviance on new samples {deviance:.2f}"
    )

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.scatter(x, y, color="gray", s=4)
left.fill_between(
    grid[:, 0],
    predicted[0.1],
    predicted[0.9],
    color=BLUE,
    alpha=0.25,
    label="quantiles 0.1 to 0.9",
)
left.plot(grid, predicted[0.5], color=BLUE, label="median")
left.set(xlabel="x", ylabel="y", title="Quantile loss")
right.scatter(x_counts, counts, color="gray", s=4)
grid = np.linspace(0, 4, 100)[:, None]
for (name, fit), color, style in zip(
    fits.items(), (ORANGE, BLUE), ("--", "-"), strict=True
):
    right.plot(grid, fit.predict(grid), color=color, linestyle=style, label=name)
right.set(xlabel="x", ylabel="count", title="Counts")
for ax in (left, right):
    ax.legend()
plt.show()

# %%
# When to use which
# -----------------
#
# =============================== ====================== ========================================================
# Target                          ``loss=``              Notes
# =============================== ====================== ========================================================
# class, probabilities wanted     ``"log_loss"``         the default of the classifiers; never squared error on a
#                                                        logistic output
# class, very many easy samples   ``"focal"``            probabilities are too uncertain
# class, a rare one (imbalance)   ``"log_loss"``         with ``class_weight``, or another threshold for the
#                                                        probabilities: :doc:`/how-to/imbalance`
# class, never quite certain      ``LogLoss(0.1)``       label smoothing; probabilities are biased towards 1 / K
# class only                      ``"hinge"``            no ``predict_proba``
# number, normal noise            ``"squared_error"``    the default of the regressor; predicts the mean
# number, outliers                ``"huber"``            choose ``Huber(delta)`` in units of y; scale y
# number, median wanted           ``"absolute_error"``   not smooth
# number, uncertainty wanted      ``Quantile(q)``        one network for each q
# count, or an amount >= 0        ``"poisson"``          ``predict`` applies exp to z, and returns :math:`e^z`
# =============================== ====================== ========================================================
#
# A loss of your own needs two formulas and trains at the same speed; :mod:`sknn_concepts.losses` shows one.
#
# Try it
# ------
#
# - Start the neuron at w = -3 or w = -10. How many steps does each loss need?
# - Find the margin at which the focal loss and the log loss have the same gradient, for gamma = 0.5 and 5.
# - Move the outliers further away. Which of the three lines moves?
# - Which constant does ``Huber(delta=0.01)`` predict on the skewed sample, which ``Huber(delta=100)``? Why?
#
# References
# ----------
#
# - Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78.
# - Cortes and Vapnik (1995), Support-vector networks, Machine Learning 20.
# - Huber (1964), Robust estimation of a location parameter, Annals of Mathematical Statistics 35.
# - Koenker and Bassett (1978), Regression quantiles, Econometrica 46.
# - Kullback and Leibler (1951), On information and sufficiency, Annals of Mathematical Statistics 22.
# - Lin, Goyal, Girshick, He and Dollár (2017), Focal loss for dense object detection, ICCV.
# - Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception architecture for computer vision, CVPR.
