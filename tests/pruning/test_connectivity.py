"""Connections there are from the start: as many as asked for, one for each unit at least."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_concepts.pruning.connectivity import check_connectivity, connect

SIZES = (30, 20, 10, 3)
SHAPES = [(30, 20), (20, 10), (10, 3)]


@pytest.mark.parametrize("share", [1e-9, 0.05, 0.3, 0.5, 1 - 1e-9, 1.0, 1, np.float32(0.25)])
def test_a_share_is_met_to_a_connection(share):
    for seed in range(5):
        masks = connect(share, SIZES, np.random.RandomState(seed))
        assert [mask.shape for mask in masks] == SHAPES
        for mask in masks:
            assert mask.dtype == bool
            assert mask.any(axis=0).all()
            assert mask.sum() == max(round(share * mask.size), mask.shape[1])


def test_connections_are_drawn_evenly_and_by_the_seed():
    draws = np.array([connect(0.3, (8, 5), np.random.RandomState(seed))[0] for seed in range(2000)])
    mean = draws.mean(axis=0)
    assert np.abs(mean - 0.3).max() < 6 * np.sqrt(0.3 * 0.7 / 2000)
    assert_array_equal(connect(0.3, (8, 5), np.random.RandomState(7))[0], draws[7])


def test_masks_are_taken_as_they_are():
    given = [np.random.RandomState(0).randint(0, 2, shape) for shape in SHAPES]
    masks = connect(given, SIZES, None)
    for mask, other in zip(masks, given, strict=True):
        assert mask.dtype == bool
        assert_array_equal(mask, other)
    masks[0][:] = False
    assert given[0].any()
    assert_array_equal(connect([np.eye(2).tolist()], (2, 2), None)[0], np.eye(2))


@pytest.mark.parametrize("wrong", [0, 0.0, -0.1, 1.01, np.nan, np.inf, True, "dense", np.ones((2, 2)), {}], ids=str)
def test_wrong_shares(wrong):
    with pytest.raises(ValueError, match=r"connectivity must be None, a share in \(0, 1\], or a list with a mask"):
        check_connectivity(wrong)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([], r"has masks of shapes \[\]; the layers' weights have \[\(2, 3\), \(3, 1\)\]"),
        ([np.ones((2, 3))], r"has masks of shapes \[\(2, 3\)\]"),
        ([np.ones((3, 2)), np.ones((1, 3))], r"has masks of shapes \[\(3, 2\), \(1, 3\)\]"),
        (["dense", "dense"], r"has masks of shapes \[\(\), \(\)\]"),
        ([np.zeros((2, 3)), np.ones((3, 1))], r"connectivity\[0\] has no connection"),
    ],
    ids=str,
)
def test_wrong_masks(masks, message):
    check_connectivity(masks)  # which does not know the layers yet
    for check in (check_connectivity, lambda masks, sizes: connect(masks, sizes, np.random.RandomState(0))):
        with pytest.raises(ValueError, match=message):
            check(masks, (2, 3, 1))


def test_nothing_wrong():
    for right in (None, 0.05, 1, 1.0, [np.ones((2, 3)), np.ones((3, 1))]):
        check_connectivity(right)
        check_connectivity(right, (2, 3, 1))
