"""The picture of README and of the first page: ``python docs/images/overview.py`` draws it."""

import pathlib

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split

from sknn_concepts import LogisticRegression, MLPClassifier, Perceptron
from sknn_concepts.pruning import MagnitudePruning, OptimalBrainDamage, RandomPruning, pruning_path

#: Colours of Okabe and Ito, which the colour-blind can tell apart.
BLUE, ORANGE, BLACK = "#0072B2", "#E69F00", "#000000"
PALE_ORANGE, PALE_BLUE = "#F7DDA8", "#A8CDE6"

PRUNERS = {
    "Optimal Brain Damage": (OptimalBrainDamage, BLUE, "o-"),
    "magnitude": (MagnitudePruning, ORANGE, "s-"),
    "at random": (RandomPruning, BLACK, "^:"),
}


def draw_boundary(ax, model, title, X, y):
    """Draw what a model predicts in the plane of two inputs: its probability, or its class."""
    model.fit(X, y)
    low, high = X.min(axis=0) - 0.4, X.max(axis=0) + 0.4
    first, second = np.meshgrid(np.linspace(low[0], high[0], 60), np.linspace(low[1], high[1], 60))
    grid = np.column_stack([first.ravel(), second.ravel()])
    has_probabilities = hasattr(model, "predict_proba")
    values = model.predict_proba(grid)[:, 1] - 0.5 if has_probabilities else model.decision_function(grid)
    values = values.reshape(first.shape)
    if has_probabilities:
        shades = matplotlib.colors.LinearSegmentedColormap.from_list("", [PALE_ORANGE, "white", PALE_BLUE])
        ax.contourf(first, second, values, levels=np.linspace(-0.5, 0.5, 11), cmap=shades)
    else:
        ax.contourf(first, second, values, levels=[values.min(), 0, values.max()], colors=[PALE_ORANGE, PALE_BLUE])
    ax.contour(first, second, values, levels=[0], colors=BLACK, linewidths=1.2)
    for label, color, marker in ((0, ORANGE, "o"), (1, BLUE, "^")):
        ax.scatter(*X[y == label].T, s=14, color=color, marker=marker, edgecolor="white", linewidth=0.3)
    ax.set_title(f"{title}\n{model.score(X, y):.0%} correct", fontsize=10)
    ax.set(xlabel="first input", xticks=[], yticks=[])


def draw_pruning(ax):
    """Draw the accuracy on test data against the share of weights that were removed, without retraining."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, random_state=0)
    network = MLPClassifier((64,), max_iter=60, tol=1e-2, random_state=0).fit(X, y)
    for name, (make, color, style) in PRUNERS.items():
        pruner = make(sparsity=0.95, n_steps=19, schedule="linear", retrain_epochs=0)
        path = pruning_path(network, X, y, pruner, X_test, y_test)
        ax.plot(path["sparsity"], path["score"], style, color=color, markersize=3, linewidth=1.2, label=name)
    ax.set_title("weights removed from a network\nfor digits, without retraining", fontsize=10)
    ax.set(xlabel="share of the weights removed", ylabel="accuracy on test data", ylim=(0, 1.02), xlim=(0, 1))
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(fontsize=8, frameon=False, handlelength=1.3, loc="center left", bbox_to_anchor=(0.34, 0.6))
    ax.spines[["top", "right"]].set_visible(False)


def draw(path):
    """Draw the picture into a file."""
    X, y = make_moons(120, noise=0.15, random_state=0)
    figure = Figure(figsize=(11, 3.1), layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.35])
    draw_boundary(axes[0], Perceptron(random_state=0), "Perceptron", X, y)
    draw_boundary(axes[1], LogisticRegression(), "LogisticRegression", X, y)
    network = MLPClassifier((16,), activation="tanh", solver="lbfgs", alpha=0.1, max_iter=1000, random_state=0)
    draw_boundary(axes[2], network, "MLPClassifier", X, y)
    axes[0].set_ylabel("second input")
    draw_pruning(axes[3])
    # fixed salt and date make the file reproducible
    with matplotlib.rc_context({"svg.hashsalt": "overview"}):
        figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    draw(pathlib.Path(__file__).with_suffix(".svg"))
