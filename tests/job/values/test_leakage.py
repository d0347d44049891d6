"""Tests of the detection of target leakage, and of columns that merely predict the target well."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

pandas = pytest.importorskip("pandas")

from sknn_concepts.job.values.leakage import same_classes, same_numbers  # noqa: E402

ROWS = 120
GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.choice(["yes", "no"], ROWS)
PRICES = GENERATOR.lognormal(12.0, 1.0, ROWS).round()


@pytest.mark.parametrize("codes", [("yes", "no"), ("1", "0"), ("Y", "N"), ("no", "yes")])
def test_other_words_for_the_classes(codes):
    leak = same_classes(pandas.Series(np.where(LABELS == "yes", *codes)), LABELS)
    assert leak.certain
    assert "copy of the target" in leak.reason
    assert "leak" in leak.reason


def test_a_few_rows_that_differ_do_not_hide_a_copy():
    texts = pandas.Series(LABELS.astype(object))
    texts[3] = "yes" if LABELS[3] == "no" else "no"
    assert same_classes(texts, LABELS).certain
    texts[:6] = None
    assert same_classes(texts, LABELS).certain


@pytest.mark.parametrize(
    "texts",
    [
        [str(i) for i in range(ROWS)],
        ["x" if label == "yes" else None for label in LABELS],
        ["a" if label == "yes" or i % 9 else "b" for i, label in enumerate(LABELS)],
    ],
    ids=["a value a row", "one value or nothing", "good but not perfect"],
)
def test_no_copy_of_the_classes(texts):
    assert same_classes(pandas.Series(texts, dtype=object), LABELS) is None


def test_the_flowers_keep_all_their_measurements():
    X, y = load_iris(return_X_y=True)
    for column in X.T:
        assert same_classes(pandas.Series(column.astype(str)), y) is None


def test_states_that_determine_the_class_are_told_only():
    states = np.where(LABELS == "yes", "left", GENERATOR.choice(["active", "paused"], ROWS))
    assert not same_classes(pandas.Series(states), LABELS).certain


@pytest.mark.parametrize(
    "numbers",
    [
        PRICES,
        PRICES * 1.08 + 3.0,
        (PRICES / 1000.0).round(2),
        -PRICES,
        np.log(PRICES),
        np.where(PRICES > 4e5, np.nan, PRICES),
    ],
)
def test_the_same_number_in_another_unit(numbers):
    assert same_numbers(numbers, PRICES).certain


@pytest.mark.parametrize(
    "numbers",
    [
        PRICES * GENERATOR.normal(1.0, 0.01, ROWS),
        (PRICES / 100_000.0).round(),
        np.arange(ROWS, dtype=float),
        np.where(PRICES > np.median(PRICES), 1.0, 0.0),
        np.full(ROWS, np.nan),
    ],
)
def test_a_number_that_is_merely_close(numbers):
    assert same_numbers(numbers, PRICES) is None
