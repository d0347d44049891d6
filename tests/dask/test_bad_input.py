"""Blocks that do not fit together, and clients that cannot work."""

import contextlib
import gc
import time

import dask
import dask.array
import distributed
import numpy as np
import pytest

from sknn_concepts import LogisticRegression, MLPClassifier
from sknn_concepts.callbacks import Checkpoint, TrainingRecord
from sknn_concepts.dask import DaskLogisticRegression, DaskMLPClassifier, DaskMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
Y = (X[:, 0] > 0).astype(int)


def blocks(data, size=100):
    return dask.array.from_array(data, chunks=(size, *data.shape[1:]))


def block(data):
    """A block whose contents may differ from what the array says."""
    return dask.array.from_delayed(dask.delayed(data), (100, 4), float)


def network(client, **options):
    return DaskMLPClassifier((4,), max_iter=2, random_state=0, client=client, **options)


def test_no_client(monkeypatch):
    def none():
        raise ValueError

    monkeypatch.setattr(distributed, "default_client", none)
    with pytest.raises(ValueError, match="There is no Dask client"):
        DaskMLPClassifier().fit(blocks(X), blocks(Y))


def test_other_objects_are_no_clients():
    with pytest.raises(TypeError, match="client must be a distributed.Client or None; got a str"):
        DaskMLPClassifier(client="tcp://10.0.0.1:8786").fit(blocks(X), blocks(Y))


def test_dead_client(client):
    dead = distributed.Client(client.cluster, set_as_default=False)
    dead.close()
    with pytest.raises(ValueError, match="not connected to a cluster"):
        network(dead).fit(blocks(X), blocks(Y))


def test_another_client_than_the_default_one(client):
    with distributed.Client(client.cluster, set_as_default=False) as other:
        assert distributed.default_client() is client
        fitted = network(other).fit(dask.array.from_array(X, chunks=(100, 4)), blocks(Y))
        assert fitted.client_ is other and fitted.score(blocks(X), blocks(Y)) > 0.4


def test_empty_blocks_and_unknown_lengths_are_skipped_and_found(client):
    with_empty = [dask.array.concatenate([data, data[:0]]) for data in (blocks(X), blocks(Y))]
    unknown = [data[blocks(X)[:, 1] > -9] for data in (blocks(X), blocks(Y))]
    expected = MLPClassifier((4,), max_iter=2, random_state=0).fit(X, Y).coefs_[0]
    for data in (with_empty, unknown):
        np.testing.assert_allclose(network(client).fit(*data).coefs_[0], expected, atol=1e-13)


def test_blocks_may_lack_classes(client):
    order = np.argsort(Y, kind="stable")
    fitted = network(client).fit(blocks(X[order]), blocks(Y[order]))
    expected = MLPClassifier((4,), max_iter=2, random_state=0).fit(X[order], Y[order])
    np.testing.assert_allclose(fitted.coefs_[0], expected.coefs_[0], atol=1e-13)


def test_the_widest_type_of_all_blocks_counts(client):
    mixed = dask.array.concatenate([block(X[:100].astype(np.float32)), blocks(X[100:])])
    assert network(client).fit(mixed, blocks(Y)).coefs_[0].dtype == np.float64
    single = blocks(X.astype(np.float32))
    assert network(client).fit(single, blocks(Y)).coefs_[0].dtype == np.float32


@pytest.mark.parametrize(
    ("samples", "targets", "message"),
    [
        (X, blocks(Y), "X must be a Dask array or frame; got a ndarray"),
        (blocks(X), blocks(Y[:300]), "y has 300 rows, but X has 400"),
        (
            blocks(X)[blocks(X)[:, 0] > 0],
            blocks(Y),
            "Block [0-3]: X, y and sample_weight have different numbers of rows",
        ),
        (blocks(X)[blocks(X)[:, 0] > 0], blocks(Y, 200), "y has 2 blocks and X has 4"),
        (blocks(X)[:0], blocks(Y)[:0], "X has no samples"),
        (dask.array.where(blocks(X) > 2.5, np.nan, blocks(X)), blocks(Y), "Block [0-3]: Input X contains NaN"),
        (blocks(X), blocks(X[:, 0]), "Block [0-3]: Unknown label type: continuous"),
        (blocks(X), blocks(X[:, 0])[:, None, None], "y must have 1 or 2 dimensions; got 3"),
        (dask.array.concatenate([block(X[:100, :3]), blocks(X[100:])]), blocks(Y), "block 0 has features 3, block 1 4"),
    ],
)
def test_errors_name_the_block(client, samples, targets, message):
    with pytest.raises((TypeError, ValueError), match=message):
        network(client).fit(samples, targets)


@pytest.mark.parametrize(
    ("model", "targets", "message"),
    [
        (DaskMLPClassifier(local_steps=0), Y, "local_steps"),
        (DaskMLPClassifier(pruning="magnitude"), Y, "pruning must be None"),
        (DaskMLPClassifier(class_weight="balanced"), (X > 0).astype(int), "class_weight='balanced' is not supported"),
        (DaskLogisticRegression(solver="saga"), Y, "solver='saga' is not supported"),
        (DaskLogisticRegression(activation="logistic"), Y, "A model for each class is not supported"),
        (DaskLogisticRegression(), np.zeros(400, int), "only one class"),
        (DaskMLPRegressor(loss="poisson"), X[:, 0], "poisson loss needs y >= 0"),
    ],
)
def test_arguments_that_are_not_supported(client, model, targets, message):
    with pytest.raises(ValueError, match=message):
        model.set_params(client=client).fit(blocks(X), blocks(targets))


def test_negative_weights(client):
    with pytest.raises(ValueError, match="Negative values"):
        DaskLogisticRegression(client=client).fit(blocks(X), blocks(Y), blocks(-np.ones(400)))


def test_blocks_without_weight_count_for_nothing(client):
    weights = np.repeat([0.0, 1.0], 200)
    fitted = network(client).fit(blocks(X), blocks(Y), blocks(weights))
    expected = MLPClassifier((4,), max_iter=2, random_state=0).fit(X, Y, weights)
    np.testing.assert_allclose(fitted.coefs_[0], expected.coefs_[0], atol=1e-13)
    model = DaskLogisticRegression(client=client).fit(blocks(X), blocks(Y), blocks(weights))
    np.testing.assert_allclose(model.coef_, LogisticRegression().fit(X, Y, weights).coef_, atol=1e-6)


@pytest.mark.parametrize("model", [DaskMLPClassifier((4,)), DaskMLPRegressor(), DaskLogisticRegression()])
def test_samples_without_weight(client, model):
    with pytest.raises(ValueError, match="The sum of .* must be positive; it is 0"):
        model.set_params(client=client).fit(blocks(X), blocks(Y), blocks(np.zeros(400)))


def test_classes_without_weight(client):
    with pytest.raises(ValueError, match="must be positive; it is 0"):
        network(client, class_weight={0: 0.0, 1: 0.0}).fit(blocks(X), blocks(Y))


def test_a_fit_that_fails_leaves_nothing_on_the_workers(client):
    def held():
        return {key for keys in client.has_what().values() for key in keys}

    before = held()
    samples = dask.array.where(blocks(X) > 2.5, np.nan, blocks(X)).persist()
    with contextlib.suppress(ValueError):
        network(client).fit(samples, blocks(Y))
    del samples
    for _ in range(50):
        gc.collect()
        if not held() - before:
            return
        time.sleep(0.1)
    raise AssertionError(held() - before)


def test_predictions_of_other_shapes(client):
    fitted = network(client).fit(blocks(X), blocks(Y))
    for samples in (blocks(X)[None], blocks(X)[:, 0]):
        with pytest.raises(ValueError, match="X must have 2 dimensions"):
            fitted.predict(samples)
    with pytest.raises(ValueError, match="X has 3 features, but DaskMLPClassifier is expecting 4"):
        fitted.predict(blocks(X)[:, :3])


def test_unknown_parameters():
    with pytest.raises(TypeError, match="DaskLogisticRegression has no parameter 'local_steps'"):
        DaskLogisticRegression(local_steps=2)


@pytest.mark.parametrize("callback", [Checkpoint, TrainingRecord])
def test_callbacks_that_need_the_samples(client, callback, tmp_path):
    callback = callback(tmp_path / "file") if callback is Checkpoint else callback()
    model = network(client).set_callbacks(callback)
    with pytest.raises(ValueError, match="cluster"):
        model.fit(blocks(X), blocks(Y))
