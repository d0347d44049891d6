"""Levels of categories: rare, unknown and missing values."""

import pytest

from sknn_concepts.tabular.reading.levels import MISSING, RARE, UNKNOWN, learn_levels

TEXTS = ["b"] * 5 + ["a"] * 4 + ["c"] * 2 + ["d", None]


def test_every_value_is_a_level():
    levels = learn_levels(TEXTS, 1, None)
    assert levels.names == ("a", "b", "c", "d")
    assert levels.encode(["d", "a", None, "e"]).tolist() == [3, 0, MISSING, UNKNOWN]


@pytest.mark.parametrize(
    "min_frequency, max_categories, names",
    [
        (2, None, ("a", "b", "c", RARE)),
        (3, None, ("a", "b", RARE)),
        (0.16, None, ("a", "b", RARE)),  # 0.16 of 13 rows are 2.08
        (0.15, None, ("a", "b", "c", RARE)),  # and 0.15 are 1.95
        (1, 4, ("a", "b", "c", "d")),
        (1, 3, ("a", "b", RARE)),
        (2, 3, ("a", "b", RARE)),
        (9, 5, (RARE,)),
    ],
)
def test_rare_values_share_a_level(min_frequency, max_categories, names):
    levels = learn_levels(TEXTS, min_frequency, max_categories)
    assert levels.names == names
    if RARE in names:
        assert levels.encode(["d", "e", None]).tolist() == [len(names) - 1, len(names) - 1, MISSING]


def test_levels_do_not_depend_on_the_order_of_the_rows():
    assert learn_levels(TEXTS[::-1], 2, 3) == learn_levels(TEXTS, 2, 3)
