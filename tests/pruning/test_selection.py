"""Which weights go: counts to a weight, the lowest first, something always left."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.pruning.selection import lowest_units, lowest_weights

SIZES = (5, 4, 3, 2)
LAYOUT = make_layout(SIZES)
LAYERS, INTERCEPTS = layer_views(np.arange(LAYOUT[-1, 2]), LAYOUT)
WEIGHTS = np.concatenate([layer.ravel() for layer in LAYERS])
N = LAYOUT[-1, 2]

SHARES = [0.0, 0.1, 1 / 3, 0.5, 0.77, 0.9, 0.999]


def scores_of(seed):
    return np.random.RandomState(seed).permutation(N).astype(float)


def one_by_one(scores, mask, candidates, floors, count):
    """Naive twin: again and again the lowest that is left, unless it is the last weight of its layer."""
    mask = mask.copy()
    while np.count_nonzero(~mask[candidates]) < count:
        left = [k for k in candidates if mask[k] and not any(k in floor and mask[floor].sum() == 1 for floor in floors)]
        if not left:
            break
        mask[min(left, key=lambda k: scores[k])] = False
    return mask


@pytest.mark.parametrize("intercepts", [False, True])
@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("share", SHARES)
def test_the_lowest_go_one_by_one(share, scope, intercepts):
    for seed in range(4):
        scores, mask = scores_of(seed), np.ones(N, bool)
        mask[np.random.RandomState(seed).choice(WEIGHTS, 4, replace=False)] = False  # gone before
        floors = [layer.ravel() for layer in LAYERS]
        groups = [np.append(w, b) if intercepts else w for w, b in zip(floors, INTERCEPTS, strict=True)]
        if scope == "global":
            groups = [np.concatenate(groups)]
        expected = mask
        for group in groups:
            expected = one_by_one(scores, expected, group, floors, round(share * group.size))
        removed = lowest_weights(scores, mask, LAYOUT, share, scope, intercepts)
        assert not (removed & ~mask).any()
        assert_array_equal(mask & ~removed, expected)


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_one_weight_of_each_layer_stays(scope):
    for seed in range(4):
        scores = scores_of(seed)
        removed = lowest_weights(scores, np.ones(N, bool), LAYOUT, 0.9999, scope, intercepts=True)
        for layer, b in zip(LAYERS, INTERCEPTS, strict=True):
            assert_array_equal(layer.ravel()[~removed[layer.ravel()]], [max(layer.ravel(), key=lambda k: scores[k])])
            assert removed[b].all()


def test_equal_scores_go_in_their_order_and_infinite_ones_last():
    scores = np.zeros(N)
    removed = lowest_weights(scores, np.ones(N, bool), LAYOUT, 0.5, "global")
    kept = [layer.flat[0] for layer in LAYERS]
    assert_array_equal(np.flatnonzero(removed), np.setdiff1d(WEIGHTS, kept)[: round(0.5 * WEIGHTS.size)])
    scores[WEIGHTS[::2]] = np.inf
    removed = lowest_weights(scores, np.ones(N, bool), LAYOUT, 0.5, "global")
    assert_array_equal(np.flatnonzero(removed), WEIGHTS[1::2])


def test_intercepts_stay_unless_they_may_go():
    scores = np.ones(N)
    scores[np.concatenate(INTERCEPTS)] = 0.0
    for share in SHARES:
        removed = lowest_weights(scores, np.ones(N, bool), LAYOUT, share, "global")
        assert not removed[np.concatenate(INTERCEPTS)].any()
    removed = lowest_weights(scores, np.ones(N, bool), LAYOUT, 9 / N, "global", intercepts=True)
    assert_array_equal(np.flatnonzero(removed), np.concatenate(INTERCEPTS))


def test_nothing_goes_where_enough_is_gone():
    mask = np.ones(N, bool)
    mask[WEIGHTS[:20]] = False
    assert not lowest_weights(scores_of(0), mask, LAYOUT, 20 / WEIGHTS.size, "global").any()
    assert not lowest_weights(scores_of(0), mask, LAYOUT, 0.1, "global").any()
    assert lowest_weights(scores_of(0), mask, LAYOUT, 21 / WEIGHTS.size, "global").sum() == 1


def units_of(mask):
    """Hidden units that something leads to, and something from, by layer."""
    coefs, _ = layer_views(mask, LAYOUT)
    return [np.flatnonzero(w.any(axis=0) & v.any(axis=1)).tolist() for w, v in itertools.pairwise(coefs)]


@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("share", SHARES)
def test_units_go_with_all_their_weights(share, scope):
    """The lowest first, no more than the share asks for, and one of each layer stays."""
    for seed in range(6):
        random = np.random.RandomState(seed)
        scores = [random.normal(size=size) for size in SIZES[1:-1]]
        expected = np.ones(N, bool)
        coefs, _ = layer_views(expected, LAYOUT)
        order = sorted((score, layer, k) for layer, row in enumerate(scores) for k, score in enumerate(row))
        for _, layer, unit in order:
            counted = coefs[layer].ravel() if scope == "layer" else expected[WEIGHTS]
            if len(units_of(expected)[layer]) > 1 and (~counted).sum() < share * counted.size:
                coefs[layer][:, unit] = coefs[layer + 1][unit] = False
        removed = lowest_units(scores, np.ones(N, bool), LAYOUT, share, scope)
        assert_array_equal(~removed, expected)
        assert min(map(len, units_of(~removed))) >= 1
        assert not removed[np.concatenate(INTERCEPTS)].any()


def test_dead_units_do_not_count():
    """A unit that nothing leads to is gone already: the other one of its layer has to stay."""
    mask = np.ones(N, bool)
    coefs, _ = layer_views(mask, LAYOUT)
    coefs[1][:, :2] = False
    removed = lowest_units([np.arange(4.0), np.arange(3.0)], mask, LAYOUT, 0.999, "global")
    assert units_of(mask & ~removed) == [[3], [2]]
    removed = lowest_units([np.arange(4.0), np.array([2.0, 1.0, -9.0])], mask, LAYOUT, 0.999, "global")
    assert units_of(mask & ~removed) == [[3], [2]]
