"""Which samples are held out, for early stopping and for the limit of a pruner."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from samples import samples
from sklearn.model_selection import train_test_split

import sknn_concepts
from sknn_concepts import MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.pruning import MagnitudePruning
from sknn_concepts.training.early_stopping import hold_out

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]

COMMON = np.arange(60) % 3


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.33])
def test_the_draw_is_that_of_scikit_learn(stratify, share):
    ours = hold_out(share, 60, 5, "it", labels=[COMMON], stratify=stratify)
    strata = COMMON if stratify else None
    theirs = train_test_split(np.arange(60), test_size=share, random_state=5, stratify=strata)
    assert_array_equal(ours[0], theirs[0])
    assert_array_equal(ours[1], theirs[1])


#: Labels of 60 samples, some of them rare.
RARE = {
    "one of two classes": np.where(np.arange(60) == 7, 1, 0),
    "one of three": np.where(np.arange(60) == 7, 2, np.arange(60) % 2),
    "two of three": np.where(np.arange(60) % 40 == 7, 2, np.arange(60) % 2),
    "all alone": np.arange(60),
    "half of them alone": np.maximum(np.arange(60), 30),
}


@pytest.mark.parametrize("labels", RARE.values(), ids=RARE)
@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("both", [False, True])
def test_no_class_is_missing(labels, stratify, both):
    for seed in range(20):
        rows, held_out = hold_out(0.3, 60, seed, "it", labels=[labels], stratify=stratify, both=both, least=0)
        assert_array_equal(np.sort(np.concatenate([rows, held_out])), np.arange(60))
        assert set(labels[rows]) == set(labels)
        if both:
            assert set(labels[held_out]) == {c for c in labels if np.sum(labels == c) > 1}


def test_several_labels_a_sample():
    labels = [np.arange(60) == 7, np.arange(60) != 9, np.arange(60) % 40 == 7, np.arange(60) % 2]
    labels = [label.astype(int) for label in labels]
    for seed in range(20):
        rows, held_out = hold_out(0.3, 60, seed, "it", labels=labels, both=True)
        assert all(len(set(label[rows])) == 2 for label in labels) and 7 in rows and 9 in rows
        assert len(set(labels[2][held_out])) == 2


def test_a_class_is_there_only_with_weight():
    labels, counted = np.arange(60) % 2, np.arange(60) % 2 == 0
    counted[7] = True  # the only sample of class 1
    for seed in range(20):
        assert 7 in hold_out(0.3, 60, seed, "it", labels=[labels], stratify=True, counted=counted)[0]


@pytest.mark.parametrize("share", [0, 0.0, False])
@pytest.mark.parametrize("pruning", [None, MagnitudePruning(max_score_drop=0.1)], ids=["early stopping", "pruner"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_nothing_is_refused_by_name(share, pruning, kind):
    X, y = samples("binary")
    with pytest.raises(ValueError, match=r"validation_fraction must be in \(0, 1\) .*; got (0|False|0.0)\."):
        kind(early_stopping=pruning is None, pruning=pruning, validation_fraction=share).fit(X, y)
    kind(early_stopping=True, validation_fraction=share, max_iter=1).fit(X, y, X_val=X, y_val=y)  # nothing to draw


@pytest.mark.parametrize("labels", ["one of two classes", "one of three"])
@pytest.mark.parametrize("kind", ["MLPClassifier", "Perceptron", "LogisticRegression"])
@pytest.mark.parametrize("text", [False, True])
def test_a_class_of_one_is_trained_on(labels, kind, text):
    X, y = np.random.default_rng(0).normal(size=(60, 3)), RARE[labels].astype("U1" if text else int)
    make = getattr(sknn_concepts, kind)
    models = [make(pruning=MagnitudePruning(max_score_drop=0.1), max_iter=5)]
    models += [make(early_stopping=True, max_iter=5)] if kind != "LogisticRegression" else []
    for model in models:
        assert_array_equal(model.fit(X, y).classes_, np.unique(y))


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "f1_macro"])
def test_scores_that_need_all_classes_have_them(scoring):
    X, y = np.random.default_rng(0).normal(size=(60, 3)), RARE["two of three"]
    for seed in range(3):
        network = MLPClassifier(
            (4,), early_stopping=True, early_stopping_scoring=scoring, max_iter=2, random_state=seed
        )
        assert np.isfinite(network.fit(X, y).validation_scores_).all()


@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist, scipy.sparse.csr_matrix])
def test_a_pruner_holds_out_several_labels(form):
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = np.column_stack([np.arange(60) == 7, np.arange(60) % 2]).astype(int)
    network = MLPClassifier((4,), pruning=MagnitudePruning(max_score_drop=1.0), max_iter=2).fit(X, form(y))
    assert network.n_outputs_ == 2


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, Perceptron])
def test_two_samples_are_too_few(kind):
    with pytest.raises(ValueError, match="validation set is too small.*X_val"):
        kind(early_stopping=True).fit([[0.0], [1.0]], [0, 1])


def test_a_limit_that_cannot_be_judged_is_refused():
    X, y = samples("regression")
    network = MLPRegressor(hidden_layer_sizes=(4,), pruning=MagnitudePruning(max_score_drop=0.1), max_iter=2)
    with pytest.raises(ValueError, match="limit of MagnitudePruning cannot be judged.*score is nan.*X_val"):
        network.fit(X, y, X_val=X[:1], y_val=y[:1])
