"""Figures of the report, drawn with matplotlib's object interface, which needs no display."""

import math
import warnings

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from sknn_concepts.job.reporting.escaping import printable
from sknn_concepts.job.reporting.progress import final_estimator
from sknn_concepts.job.reporting.results import BEST

#: Maximum numbers of classes for counts in the cells of the confusion matrix, and for class names on its axes.
MAX_NUMBERED_CLASSES = 15
MAX_NAMED_CLASSES = 40


def draw_all(folder, results, evaluations, y_test, task, score):
    """Draw all figures of the results and the evaluations, save them, and return captions by file name.

    The evaluations are by name of the model, the winner's first.
    """
    networks = results.networks(1)
    rows, folds = networks[0]["rows"], networks[0]["folds"]
    caption = (
        f"Cross-validated {score.label} in the first round ({rows:,} rows, {folds} folds), the best over the other "
        f"hyperparameters; {score.direction}."
    )
    figures = {"heatmap.png": (draw_heatmap(networks, score), caption)}
    if BEST in evaluations:  # there was time to fit it
        curve = draw_learning_curve(final_estimator(evaluations[BEST].model))
        figures["learning_curve.png"] = curve, f"Learning curve of the {BEST}."
    evaluation, winner = next(iter(evaluations.values())), f"winner ({next(iter(evaluations))})"
    if task == "classification":
        figure = draw_confusion(y_test, evaluation.predicted, evaluation.model.classes_)
        figures["confusion.png"] = figure, f"Confusion matrix of the {winner} on the held-out rows."
    else:
        figure = draw_predicted(y_test, evaluation.predicted)
        figures["predicted.png"] = figure, f"Predictions of the {winner} for the held-out rows."
    return {name: caption + _save(figure, folder / name) for name, (figure, caption) in figures.items()}


def _save(figure, path):
    """Save a figure, and return a sentence about characters that its font lacks, or an empty string."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(path, dpi=120)
    lacking = any("Glyph" in str(warning.message) for warning in caught)
    return " Some characters are missing from matplotlib's font." if lacking else ""


def draw_heatmap(rows, score):
    """Draw scores by activation and initializer, each the best over the other hyperparameters.

    The rows are networks, best first, from :meth:`~sknn_concepts.job.reporting.results.Results.networks`.
    """
    best = {}
    for row in rows:
        best.setdefault((row["activation"], row["initializer"]), row["score"])
    activations = list(dict.fromkeys(activation for activation, _ in best))
    initializers = list(dict.fromkeys(initializer for _, initializer in best))
    scores = np.array([[best.get((a, i), math.nan) for i in initializers] for a in activations])
    figure = _figure(max(5.0, 3.0 + 0.62 * len(initializers)), max(3.0, 2.0 + 0.36 * len(activations)))
    axes = figure.subplots()
    # very bad scores would leave one color for all others
    low = max(np.nanmin(scores), 2.0 * np.nanmedian(scores) - np.nanmax(scores) - 1e-9)
    extend = "neither" if np.nanmin(scores) >= low else "max" if score.is_loss else "min"
    scores, limits = score.shown(scores), {"vmax" if score.is_loss else "vmin": score.shown(low)}
    image = axes.imshow(scores, aspect="auto", cmap="viridis_r" if score.is_loss else "viridis", **limits)
    axes.set_xticks(range(len(initializers)), initializers, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(activations)), activations)
    largest = np.nanmax(np.abs(scores))
    _number_cells(axes, scores, image, "{:.3f}" if largest < 10.0 else "{:.1f}" if largest < 1_000.0 else "{:.0f}")
    figure.colorbar(image, label=f"{score.label}, {score.direction}", extend=extend)
    return figure


def draw_learning_curve(network):
    """Draw the training loss of a fitted network by epoch and, with early stopping, the validation loss or score."""
    scores = getattr(network, "validation_scores_", None)
    validation = "validation score"
    if scores is not None and getattr(network, "early_stopping_scoring", None) == "loss":
        validation, scores = "validation loss", [-score for score in scores]
    curves = {"training loss": network.loss_curve_} | ({validation: scores} if scores is not None else {})
    figure = _figure(6.0, 1.0 + 2.2 * len(curves))
    panels = figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
    for axes, (name, values) in zip(panels, curves.items(), strict=True):
        axes.plot(np.arange(1, len(values) + 1), values, color="C0" if name == "training loss" else "C1")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        if name.endswith("loss") and 0.0 < 10.0 * min(values) < max(values):
            axes.set_yscale("log")
    if scores is not None:
        is_loss = validation == "validation loss"
        best = int(np.argmin(scores) if is_loss else np.argmax(scores))
        left = best < len(scores) / 2
        panels[-1].axvline(best + 1, color="0.5", linestyle=":")
        panels[-1].annotate(
            f"best: epoch {best + 1}",
            (best + 1, 1.0 if is_loss else 0.0),  # away from the curve
            xycoords=panels[-1].get_xaxis_transform(),
            xytext=(4 if left else -4, -12 if is_loss else 4),
            textcoords="offset points",
            ha="left" if left else "right",
        )
    panels[-1].set_xlabel("epoch")
    return figure


def draw_confusion(y, predicted, classes):
    """Draw the confusion matrix: rows are true classes, colors are shares of a row, numbers are counts."""
    counts = confusion_matrix(y, predicted, labels=classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = float(np.clip(0.5 * len(classes), 2.4, 8.0))
    figure = _figure(size + 2.4, size + 1.4)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    if len(classes) <= MAX_NAMED_CLASSES:
        names = [_short(printable(label)) for label in classes]
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if max(map(len, names)) > 3 else {}
        axes.set_xticks(range(len(classes)), names, parse_math=False, **turned)
        axes.set_yticks(range(len(classes)), names, parse_math=False)
    if len(classes) <= MAX_NUMBERED_CLASSES:
        _number_cells(axes, np.where(counts > 0, counts, math.nan), image, "{:.0f}", shares)
    axes.set(xlabel="predicted", ylabel="true")
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    return figure


def draw_predicted(y, predicted):
    """Plot predictions against true values, or the density of rows if there are many."""
    figure = _figure(5.8, 4.8)
    axes = figure.subplots()
    if len(y) > 1_000:
        image = axes.hexbin(y, predicted, gridsize=50, bins="log", cmap="viridis", mincnt=1, linewidths=0.1)
        figure.colorbar(image, label="rows")
    else:
        axes.scatter(y, predicted, s=14, alpha=0.6, linewidths=0)
    ends = [min(y.min(), predicted.min()), max(y.max(), predicted.max())]
    axes.plot(ends, ends, color="0.3", linestyle="--", linewidth=1.0)
    axes.set(xlabel="true", ylabel="predicted")
    return figure


def _figure(width, height):
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    return figure


def _number_cells(axes, numbers, image, form, colored=None):
    colored = numbers if colored is None else colored
    for (row, column), number in np.ndenumerate(numbers):
        if not math.isnan(number):
            red, green, blue, _ = image.cmap(image.norm(colored[row, column]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            color = "white" if dark else "black"
            axes.text(column, row, form.format(number), ha="center", va="center", fontsize=7.5, color=color)


def _short(text, most=18):
    return text if len(text) <= most else text[: most - 3] + "..."
