"""The ensembles as scikit-learn estimators: contract, determinism, time, interruption, bad input."""

import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_concepts import TabularClassifier, TabularRegressor
from sknn_concepts.pruning import UnitPruning, prune
from sknn_concepts.tabular.ensemble import training
from sknn_concepts.tabular.ensemble.members import Member

FEW = {"n_members": 3, "random_state": 0}

#: Checks that compare weights with repeated rows, which land in other folds, and the reasons.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "repeated rows are dealt out to other folds than weighted ones",
}


@parametrize_with_checks(
    [TabularClassifier(n_members=2, n_folds=2), TabularRegressor(n_members=2, n_folds=2)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def mixed_frame(n_rows=200, seed=0):
    """Return a frame with all kinds of columns, classes and numbers that depend on them."""
    random = np.random.default_rng(seed)
    size, color = random.normal(size=n_rows), random.choice(["red", "green", "blue"], n_rows)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 300, n_rows), unit="D")
    frame = pd.DataFrame({
        "size": np.where(random.random(n_rows) < 0.1, np.nan, size),
        "color": pd.Categorical(color),
        "day": day,
        "flag": random.random(n_rows) < 0.5,
        "count": random.integers(0, 5, n_rows),
    })  # fmt: skip
    raw = size + (color == "red") - 0.5 * frame["flag"] + 0.01 * (day - day.min()).days
    return frame, np.where(raw > np.median(raw), "high", "low"), 100.0 + 10.0 * raw.to_numpy()


def fit(make, **parameters):
    frame, labels, numbers = mixed_frame()
    return make(**{**FEW, **parameters}).fit(frame, labels if make is TabularClassifier else numbers), frame


both = pytest.mark.parametrize("make", [TabularClassifier, TabularRegressor])


@both
def test_a_mixed_frame(make):
    model, frame = fit(make)
    unseen = frame.copy()
    unseen["color"] = unseen["color"].astype(object)
    unseen.loc[:3, "color"] = "purple"
    unseen.loc[4:6, ["size", "day"]] = None
    assert len(model.predict(unseen)) == len(frame)
    assert model.score(*mixed_frame(seed=1)[:: (1 if make is TabularClassifier else 2)]) > 0.8
    assert list(model.feature_names_in_) == list(frame.columns)
    assert len(model.members_) == len(model.weights_) and abs(model.weights_.sum() - 1) < 1e-12


def test_probabilities():
    model, frame = fit(TabularClassifier)
    probabilities = model.predict_proba(frame)
    assert probabilities.min() > 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(frame), np.log(probabilities))
    np.testing.assert_array_equal(model.predict(frame), model.classes_[probabilities.argmax(axis=1)])


@both
def test_same_seed_same_model_whatever_the_threads(make):
    one, frame = fit(make, n_jobs=1)
    two, _ = fit(make, n_jobs=2)
    other, _ = fit(make, random_state=1)
    of = "predict_proba" if make is TabularClassifier else "predict"
    np.testing.assert_array_equal(getattr(one, of)(frame), getattr(two, of)(frame))
    assert (getattr(one, of)(frame) != getattr(other, of)(frame)).any()


@both
def test_pickle_clone_and_refit(make):
    model, frame = fit(make)
    of = "predict_proba" if make is TabularClassifier else "predict"
    before = getattr(model, of)(frame)
    np.testing.assert_array_equal(getattr(pickle.loads(pickle.dumps(model)), of)(frame), before)
    again = clone(model).fit(frame, mixed_frame()[1 if make is TabularClassifier else 2])
    np.testing.assert_array_equal(getattr(again, of)(frame), before)


@both
def test_leaderboard(make):
    model, _ = fit(make, n_members=5, max_members=2)
    board = pd.DataFrame(model.leaderboard_)
    assert len(board) == 5 and (board["weight"] > 0).sum() == len(model.members_) <= 2
    np.testing.assert_allclose(board["weight"].to_numpy()[: len(model.weights_)], model.weights_)
    assert (
        np.isfinite(board["held_out_loss"]).all() and (board["n_networks"] == 8).all() and (board["seconds"] > 0).all()
    )


def test_importances():
    model, frame = fit(TabularRegressor, compute_importances=True, n_members=4)
    importances = dict(zip(frame.columns, model.feature_importances_, strict=True))
    assert min(importances["size"], importances["day"]) > 0.1 > abs(importances["count"])
    assert importances["color"] > 3 * abs(importances["count"])
    model.set_params(compute_importances=False).fit(frame, mixed_frame()[2])
    assert not hasattr(model, "feature_importances_")


def test_members_can_be_pruned_and_compacted():
    model, frame = fit(TabularRegressor, n_members=4, n_folds=2)
    before, y = model.predict(frame), mixed_frame()[2]
    for member in model.members_:
        encoded = member.encoder.transform(model._reader.transform(frame))
        for fold, network in member.networks.items():
            if member.settings.n_layers:
                target = ((y - y.mean()) / y.std()).astype(np.float32)
                pruned = prune(network, encoded, target, pruner=UnitPruning(sparsity=0.2, retrain_epochs=0))
                member.networks[fold] = pruned.compact()
                assert sum(map(np.size, member.networks[fold].coefs_)) < sum(map(np.size, network.coefs_))
    assert np.corrcoef(model.predict(frame), before)[0, 1] > 0.95


def test_members_are_chosen_on_one_fold_where_there_are_many_rows():
    X, y = np.random.RandomState(0).normal(size=(2, training.MIN_ROWS_TO_CHOOSE, 3))
    model = TabularRegressor(n_members=4, max_members=2, random_state=0).fit(X, X @ [1, -1, 2])
    assert sorted(model.leaderboard_["n_networks"].tolist()) == [1, 1, 4, 4]
    assert model.score(X, X @ [1, -1, 2]) > 0.98


@both
def test_warm_start_adds_members(make):
    warm, frame = fit(make, n_members=3, warm_start=True)
    networks = [network for member in warm.members_ for network in member.networks.values()]
    warm.set_params(n_members=6).fit(frame, mixed_frame()[1 if make is TabularClassifier else 2])
    cold, _ = fit(make, n_members=6)
    of = "predict_proba" if make is TabularClassifier else "predict"
    np.testing.assert_array_equal(getattr(warm, of)(frame), getattr(cold, of)(frame))
    kept = [network for member in warm.members_ for network in member.networks.values()]
    assert any(one is another for one in kept for another in networks)
    with pytest.raises(ValueError, match="those of the last call to fit"):
        warm.fit(frame[:100], mixed_frame()[1 if make is TabularClassifier else 2][:100])


@both
def test_weights_of_zero_are_rows_left_out(make):
    frame, labels, numbers = mixed_frame()
    y, weights = labels if make is TabularClassifier else numbers, np.ones(200)
    weights[150:] = 0
    of = "predict_proba" if make is TabularClassifier else "predict"
    weighted = getattr(make(**FEW).fit(frame, y, sample_weight=weights), of)(frame)
    # levels and scales of the columns are those of all rows, so that the two models are similar, not equal
    without = getattr(make(**FEW).fit(frame[:150], y[:150]), of)(frame)
    assert (
        np.corrcoef(weighted.T[0].ravel(), without.T[0].ravel())[0, 1] > 0.9
        if weighted.ndim == 2
        else (np.corrcoef(weighted, without)[0, 1] > 0.9)
    )


def test_class_weights_move_the_probabilities():
    frame, labels, _ = mixed_frame()
    labels = np.random.default_rng(0).permutation(labels)  # of which the frame tells nothing
    plain = TabularClassifier(**FEW).fit(frame, labels).predict_proba(frame)[:, 0].mean()
    heavy = TabularClassifier(class_weight={"high": 5.0, "low": 1.0}, **FEW).fit(frame, labels)
    assert heavy.predict_proba(frame)[:, 0].mean() > plain + 0.15


def test_several_numbers_per_row():
    X, y = load_diabetes(return_X_y=True)
    several = TabularRegressor(**FEW).fit(X, np.c_[y, 1e6 * X[:, 0]])
    assert several.predict(X).shape == (len(X), 2)
    assert several.score(X, np.c_[y, 1e6 * X[:, 0]]) > 0.6


@pytest.mark.parametrize("factor, shift", [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e6)])
def test_units_of_the_target_do_not_matter(factor, shift):
    X, y = load_diabetes(return_X_y=True)
    plain = TabularRegressor(**FEW).fit(X, y).predict(X)
    other = TabularRegressor(**FEW).fit(X, factor * y + shift).predict(X)
    np.testing.assert_allclose((other - shift) / factor, plain, rtol=1e-2)


def test_no_worse_than_logistic_regression():
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    model = TabularClassifier(random_state=0).fit(X, y)
    assert log_loss(y_test, model.predict_proba(X_test)) < 1.2 * log_loss(y_test, linear.predict_proba(X_test))


def test_in_a_search():
    X, y = load_diabetes(return_X_y=True)
    search = GridSearchCV(TabularRegressor(random_state=0, n_folds=2), {"n_members": [1, 2]}, cv=2, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.3


# Time


@pytest.mark.parametrize("seconds", [1.5, 4.0])
def test_time_limit(seconds):
    random = np.random.RandomState(0)
    X = random.normal(size=(20_000, 20))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    TabularClassifier(n_members=2, time_limit=0.5, random_state=0).fit(X[:500], y[:500])  # compiles and loads kernels
    start = time.monotonic()
    model = TabularClassifier(n_members=200, time_limit=seconds, random_state=0).fit(X, y)
    # choosing members and calibration follow the training; the second allows for a busy machine
    assert time.monotonic() - start < 1.1 * seconds + 1.0
    assert 1 <= len(model.leaderboard_["weight"]) < 200
    assert model.predict(X[:5]).shape == (5,)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows has no signals between threads")
def test_ctrl_c_gives_the_ensemble_so_far():
    X = np.random.RandomState(0).normal(size=(3_000, 10))
    y = X[:, 0] * X[:, 1]
    TabularRegressor(**FEW).fit(X[:300], y[:300])
    main = threading.main_thread().ident
    timer = threading.Timer(1.5, lambda: signal.pthread_kill(main, signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            model = TabularRegressor(n_members=500, random_state=0).fit(X, y)
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    assert len(model.leaderboard_["weight"]) < 500 and np.isfinite(model.predict(X)).all()


# Bad input


FRAME = pd.DataFrame({"a": np.arange(20.0), "b": ["x", "y"] * 10})


@pytest.mark.parametrize(
    "X, y, message",
    [
        (FRAME[:0], [], "0 sample"),
        (FRAME, [*range(19), None], r"1 of 20 values are missing"),
        (FRAME, [*range(19), np.nan], r"1 of 20 values are missing"),
        (FRAME, [1] * 19, "inconsistent numbers of samples"),
        (FRAME[:1], [1], "at least 2 samples"),
        (FRAME.assign(c=[[1, 2]] * 20), [1, 2] * 10, "'c'"),
        (FRAME.assign(a=np.inf), [1, 2] * 10, "infinity"),
        (pd.concat([FRAME, FRAME], axis=1), [1, 2] * 10, "different names"),
        (pd.DataFrame({"a": [None] * 20}), [1, 2] * 10, "missing"),
    ],
)
@both
def test_bad_input(make, X, y, message):
    model = make(**FEW)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert vars(model) == vars(make(**FEW))  # nothing is left of the attempt


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_members": 0},
        {"max_members": 0},
        {"n_folds": 0},
        {"time_limit": 0},
        {"time_limit": -1.0},
        {"n_folds": "some"},
    ],
)
@both
def test_bad_parameters(make, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=name):
        make(**parameters).fit(FRAME, [1, 2] * 10)


@both
def test_bad_tables_at_prediction(make):
    model = make(**FEW).fit(FRAME, [1, 2] * 10)
    with pytest.raises(ValueError, match="b"):
        model.predict(FRAME[["a"]])
    with pytest.raises(ValueError, match="'a'"):
        model.predict(FRAME.assign(a="text"))


def test_one_class_constant_targets_and_constant_columns():
    assert set(TabularClassifier(**FEW).fit(FRAME, ["only"] * 20).predict(FRAME)) == {"only"}
    np.testing.assert_allclose(TabularRegressor(**FEW).fit(FRAME, [7.0] * 20).predict(FRAME), 7.0, atol=1e-3)
    constant = pd.DataFrame({"a": [1.0] * 20, "b": ["x"] * 20})
    probabilities = TabularClassifier(**FEW).fit(constant, [0] * 5 + [1] * 15).predict_proba(constant)
    np.testing.assert_allclose(probabilities[:, 1], 0.75, atol=0.2)


def test_a_class_with_one_row():
    labels = ["rare", *["x", "y"] * 10][:20]
    model = TabularClassifier(**FEW).fit(FRAME, labels)
    assert list(model.classes_) == ["rare", "x", "y"] and model.predict_proba(FRAME).min() > 0


def test_two_rows():
    assert TabularClassifier(**FEW).fit(FRAME[:2], ["x", "y"]).predict(FRAME[:2]).shape == (2,)


def test_members_that_fail(monkeypatch):
    original = Member.fit

    def fail(member, fold, *arguments):
        if member.settings.n_layers:
            raise MemoryError("there is no room")
        return original(member, fold, *arguments)

    monkeypatch.setattr(Member, "fit", fail)
    with pytest.warns(UserWarning, match=r"2 networks could not be trained.*no room"):
        model = TabularClassifier(**FEW).fit(FRAME, [1, 2] * 10)
    assert [member.settings.n_layers for member in model.members_] == [0]
    monkeypatch.setattr(Member, "fit", lambda *_: (_ for _ in ()).throw(MemoryError("there is no room")))
    with pytest.raises(MemoryError, match="no room"):
        TabularClassifier(**FEW).fit(FRAME, [1, 2] * 10)


@both
def test_no_warnings(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model, frame = fit(make)
        model.predict(frame)


@both
def test_verbose(make, capsys):
    fit(make, verbose=True, n_folds=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and all("held-out loss" in line for line in lines)


def test_members_do_not_keep_the_memory_of_their_training():
    model = TabularClassifier(**FEW).fit(FRAME, ["a", "b"] * 10)
    networks = [network for member in model.members_ for network in member.networks.values()]
    n_bytes = sum(array.nbytes for network in networks for array in (*network.coefs_, *network.intercepts_))
    assert len(pickle.dumps(networks)) < n_bytes + 20_000 * len(networks)


def test_levels_of_single_precision_are_known_in_any_column():
    values = np.array([0.1, 0.25] * 40, dtype=np.float32)
    y = values > 0.2
    model = TabularClassifier(**FEW).fit(pd.DataFrame({"c": pd.Series(values).astype("category")}), y)
    plain = model.predict_proba(pd.DataFrame({"c": values}))
    np.testing.assert_array_equal(plain.argmax(axis=1), y)


def test_missing_targets_of_nullable_dtypes_are_counted():
    y = pd.array([None, 1.0, 2.0, 3.0], dtype="Float64")
    with pytest.raises(ValueError, match="1 of 4 values are missing"):
        TabularRegressor().fit(np.arange(8.0).reshape(4, 2), y)
