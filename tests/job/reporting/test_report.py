"""Tests of leaderboard, verdict and figures."""

import sys

import numpy as np
import pytest

from sknn_concepts.job.columns import Column
from sknn_concepts.job.reporting.report import (
    describe_columns,
    describe_winner,
    leaderboard,
    markdown_table,
    print_table,
    verdict,
)
from sknn_concepts.job.reporting.results import Results
from sknn_concepts.job.scores import SCORES

LOG_LOSS, ACCURACY = SCORES["classification"][:2]

NAN = float("nan")


def results_of(tmp_path, *scored):
    """Return results of one round, from pairs of model and score."""
    results = Results(tmp_path / "results.csv", "accuracy")
    head = {"round": 1, "rows": 100, "folds": 3, "spread": 0.01, "fit_seconds": 0.1}
    network = {"initializer": "auto", "hidden_layer_sizes": "8", "learning_rate_init": 0.01, "alpha": 0.1}
    for model, score in scored:
        results.add([head | network | {"model": model, "score": score, "activation": "relu"}])
    return results


@pytest.mark.parametrize(
    ("network", "baseline", "words"),
    [
        (0.9, 0.8, "is better than"),
        (0.9, 0.895, "About equal"),
        (0.9, 0.9, "A baseline wins: Ridge is at least as good"),
        (0.895, 0.9, "A baseline wins: Ridge is at least as good"),
        (0.8, 0.9, "A baseline wins: Ridge is better"),
        (0.8, NAN, "have not been cross-validated"),
        (-0.5, -0.6, "The best network is better than Ridge (cross-validated log loss 0.5000 against 0.6000, lower is"),
    ],
)
def test_verdict(tmp_path, network, baseline, words):
    results = results_of(tmp_path, ("network", network), ("Ridge", baseline), ("mean", -1.0 if baseline < 1 else NAN))
    assert words in verdict(results, LOG_LOSS if network < 0 else ACCURACY)


def test_winner_is_the_best_network_or_the_ensemble(tmp_path):
    results = results_of(tmp_path, ("network", 0.8), ("network", 0.85), ("tabular ensemble", 0.9), ("Ridge", 0.95))
    assert results.winner()["score"] == 0.9
    assert "Ridge is better than the tabular ensemble" in verdict(results, ACCURACY)
    assert "Winner: tabular ensemble, `TabularClassifier(6)`." in describe_winner(results, 6, "classification")
    results = results_of(tmp_path, ("network", 0.8), ("network", 0.85), ("tabular ensemble", 0.7), ("Ridge", 0.81))
    assert results.winner()["score"] == 0.85
    assert "The best network is better than Ridge" in verdict(results, ACCURACY)
    assert describe_winner(results, 6, "classification").startswith("Winner: best network, `activation='relu'`, ")
    assert results_of(tmp_path, ("network", 0.8), ("tabular ensemble", NAN)).winner()["model"] == "network"


def test_leaderboard_puts_failures_last(tmp_path):
    results = results_of(tmp_path, ("a", NAN), ("network", 0.5), ("b", 0.7), ("network", 0.9))
    names = [row[:2] for row in leaderboard(results, ACCURACY)]
    assert names == [("1", "network"), ("2", "b"), ("3", "network"), ("4", "a")]


def test_losses_are_shown_as_positive_numbers(tmp_path):
    results = results_of(tmp_path, ("network", -0.5), ("Ridge", -0.25))
    assert [row[3] for row in leaderboard(results, LOG_LOSS)] == ["0.2500", "0.5000"]


def test_results_are_on_disk_as_they_come(tmp_path):
    results = results_of(tmp_path, ("network", 0.5), ("network", 0.9))
    assert [line.split(",")[-3] for line in results.path.read_text().splitlines()[1:]] == ["0.5", "0.9"]
    results.close()
    assert [line.split(",")[-3] for line in results.path.read_text().splitlines()[1:]] == ["0.9", "0.5"]


def test_plain_table_is_aligned(capsys):
    print_table(("a", "name"), [("1", "x"), ("200", "long")])
    assert capsys.readouterr().out == "a    name\n1    x\n200  long\n"


def test_rich_table_on_a_terminal_takes_brackets_for_text(capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_table(("model",), [("[red]network",)])
    assert "[red]network" in capsys.readouterr().out


def test_columns_that_are_treated_alike_share_a_line():
    columns = [Column(f"x{i}", i, "number") for i in range(12)]
    columns += [Column("c", 12, "left out", "has only one value"), Column("when", 13, "date", "dates stored as text")]
    assert describe_columns(columns, most=2) == [
        "number (12): x0, x1, ...",
        "left out (1): c -- has only one value",
        "date (1): when -- dates stored as text",
    ]


def test_markdown_table_escapes_bars():
    assert markdown_table(("a|b",), [("c\nd",)]) == ["| a\\|b |", "| --- |", "| c d |"]


@pytest.fixture(scope="module")
def figures():
    """Return the module of figures."""
    pytest.importorskip("matplotlib")
    from sknn_concepts.job.reporting import figures

    return figures


def test_heatmap_shows_the_best_of_each_pair(figures):
    rows = [
        {"activation": activation, "initializer": initializer, "score": score}
        for activation, initializer, score in [
            ("relu", "auto", 0.9),
            ("tanh", "auto", 0.8),
            ("relu", "zeros", 0.7),
            ("relu", "auto", 0.1),
        ]
    ]
    image = figures.draw_heatmap(rows, ACCURACY).axes[0].images[0].get_array()
    np.testing.assert_array_equal(np.ma.filled(image, np.nan), [[0.9, 0.7], [0.8, np.nan]])


def test_heatmap_of_losses_shows_positive_numbers_in_reverse_colors(figures):
    names = [("relu", "auto"), ("tanh", "auto"), ("relu", "zeros"), ("tanh", "zeros")]
    scores = [-0.1, -0.2, -0.3, -9.0]  # the last one is beyond the colors
    rows = [
        {"activation": activation, "initializer": initializer, "score": score}
        for (activation, initializer), score in zip(names, scores, strict=True)
    ]
    figure = figures.draw_heatmap(rows, LOG_LOSS)
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), [[0.1, 0.3], [0.2, 9.0]])
    assert (image.cmap.name, image.norm.vmin, figure.axes[1].get_ylabel()) == (
        "viridis_r",
        0.1,
        "log loss, lower is better",
    )
    assert 0.3 <= image.norm.vmax < 1.0
    assert image.colorbar.extend == "max"


@pytest.mark.parametrize(("classes", "labels", "texts"), [(3, 3, 5), (20, 20, 0), (50, 0, 0)])
def test_confusion_matrix_says_less_of_many_classes(figures, classes, labels, texts):
    names = np.array([f"class {i}" for i in range(classes)])
    y = np.repeat(names, 2)
    predicted = y.copy()
    predicted[:4] = names[[0, 1, 0, 1]]
    axes = figures.draw_confusion(y, predicted, names).axes[0]
    assert axes.images[0].get_array()[0, 1] == 0.5
    assert len(axes.texts) == texts
    assert len([tick for tick in axes.get_yticklabels() if tick.get_text().startswith("class")]) == labels


def test_learning_curve_marks_the_best_epoch(figures):
    class Network:
        loss_curve_ = [3.0, 2.0, 1.0, 0.5]
        validation_scores_ = [0.1, 0.9, 0.5, 0.6]

    loss, score = figures.draw_learning_curve(Network).axes
    assert loss.lines[0].get_ydata().tolist() == Network.loss_curve_
    assert score.texts[0].get_text() == "best: epoch 2"
    assert (loss.get_ylabel(), score.get_ylabel()) == ("training loss", "validation score")
    Network.early_stopping_scoring, Network.validation_scores_ = "loss", [-3.0, -2.0, -1.0, -2.5]
    validation = figures.draw_learning_curve(Network).axes[1]
    assert validation.get_ylabel() == "validation loss"
    assert validation.lines[0].get_ydata().tolist() == [3.0, 2.0, 1.0, 2.5]
    assert validation.texts[0].get_text() == "best: epoch 3"
    Network.validation_scores_ = None
    assert len(figures.draw_learning_curve(Network).axes) == 1


def test_labels_are_no_formulas(figures, tmp_path):
    y = np.repeat(["$", "$$", "$x_1$"], 4)
    figure = figures.draw_confusion(y, y, np.unique(y))
    figures._save(figure, tmp_path / "confusion.png")  # would fail on an empty formula
    labels = [*figure.axes[0].get_xticklabels(), *figure.axes[0].get_yticklabels()]
    assert [label.get_text() for label in labels] == ["$", "$$", "$x_1$"] * 2
    assert not any(label.get_parse_math() for label in labels)


def test_labels_that_the_font_lacks_are_told(figures, tmp_path):
    y = np.repeat(["a", "\U00012000"], 4)
    assert "missing from matplotlib's font" in figures._save(
        figures.draw_confusion(y, y, np.unique(y)), tmp_path / "c.png"
    )


@pytest.mark.parametrize("rows", [50, 2_000])
def test_predictions_over_truth(figures, rows):
    y = np.random.default_rng(0).normal(size=rows)
    axes = figures.draw_predicted(y, 0.5 * y).axes[0]
    shown = axes.collections[0].get_offsets() if rows < 1_000 else axes.collections[0].get_array()
    assert len(shown) == rows if rows < 1_000 else shown.sum() == rows
    assert axes.lines[0].get_xdata().tolist() == [y.min(), y.max()]
