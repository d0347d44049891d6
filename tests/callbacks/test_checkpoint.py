"""Checkpoints: a fit that was killed goes on, and ends with the bits of one that was not."""

import pickle
import random
import signal

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from samples import samples
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.activations import Activation
from sknn_concepts.callbacks.checkpoint import Checkpoint, CheckpointFile
from sknn_concepts.pruning import MagnitudePruning
from sknn_concepts.schedules import WarmUp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Killed(BaseException):
    """What ends a fit as if its process had been killed."""


@pytest.fixture
def kill_after(monkeypatch):
    """Let the next fit end right after a number of checkpoints."""

    def kill(n_saved):
        save, calls = CheckpointFile.save, []

        def save_and_die(self, progress):
            save(self, progress)
            calls.append(progress)
            if len(calls) == n_saved:
                monkeypatch.setattr(CheckpointFile, "save", save)
                raise Killed

        monkeypatch.setattr(CheckpointFile, "save", save_and_die)

    return kill


def assert_same_bits(one, other):
    for (name, a), (same_name, b) in zip(vars(one).items(), vars(other).items(), strict=True):
        assert name == same_name
        if name != "_theta":
            _compare(name, a, b)


def _compare(name, a, b):
    if isinstance(a, np.random.RandomState):
        a, b = a.get_state(legacy=False), b.get_state(legacy=False)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a.keys() - {"seconds"}:
            _compare(f"{name}[{key!r}]", a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), name
        for i, (one, other) in enumerate(zip(a, b, strict=True)):
            _compare(f"{name}[{i}]", one, other)
    elif hasattr(a, "__dict__") and not callable(a):
        _compare(name, vars(a), vars(b))
    else:
        assert_array_equal(a, b, name)


#: Networks whose training depends on all kinds of state.
NETWORKS = {
    "adam": MLPClassifier(),
    "sgd, adaptive": MLPClassifier(solver="sgd", learning_rate="adaptive", learning_rate_init=0.3, n_iter_no_change=2),
    "dropout and warm-up": MLPClassifier(solver="adamw", dropout=0.3, learning_rate=WarmUp(epochs=4)),
    "early stopping": MLPClassifier(early_stopping=True, n_iter_no_change=4, learning_rate_init=0.02),
    "scorer and weights": MLPClassifier(early_stopping=True, early_stopping_scoring="roc_auc", class_weight="balanced"),
    "regression": MLPRegressor(batch_size=32, shuffle=False, learning_rate="invscaling", solver="sgd"),
    "pruner": MLPClassifier(pruning=MagnitudePruning(sparsity=0.5, n_steps=2, retrain_epochs=2)),
    "pruner with a record": MLPClassifier(
        pruning=MagnitudePruning(sparsity=0.5, n_steps=2, retrain_epochs=2, rewind=2)
    ),
    "packed": MLPClassifier((200, 200), connectivity=0.02),
    "generator": MLPClassifier(random_state=np.random.RandomState(3)),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n_saved", [1, 3])
def test_a_fit_goes_on_with_the_same_bits(name, n_saved, tmp_path, kill_after):
    network = NETWORKS[name]
    network = clone(network).set_params(max_iter=16)
    if network.random_state is None:
        network.set_params(random_state=0)
    X, y = samples("regression" if isinstance(network, MLPRegressor) else "binary")
    expected = clone(network).fit(X, y)
    kill_after(n_saved)
    path = tmp_path / "fit.checkpoint"
    with Checkpoint(path, every=3):
        with pytest.raises(Killed):
            clone(network).fit(X, y)
        assert path.exists()
        resumed = clone(network).fit(X, y)
    assert list(tmp_path.iterdir()) == []
    assert_same_bits(resumed, expected)
    for fitted in (resumed, expected):  # the optimizer goes on, too
        fitted.set_params(early_stopping=False).partial_fit(X, y)
    assert_same_bits(resumed, expected)


def test_a_warm_start_goes_on_with_the_same_bits(tmp_path, kill_after):
    X, y = samples("multiclass")
    first = MLPClassifier(max_iter=5, warm_start=True, random_state=0).fit(X, y)
    expected = pickle.loads(pickle.dumps(first)).fit(X, y)
    with Checkpoint(tmp_path / "fit.checkpoint", every=2):
        kill_after(1)
        with pytest.raises(Killed):
            pickle.loads(pickle.dumps(first)).fit(X, y)
        resumed = pickle.loads(pickle.dumps(first)).fit(X, y)
    assert_same_bits(resumed, expected)
    assert len(resumed.history_["loss"]) == 10


@pytest.mark.skipif(not hasattr(MLPClassifier, "set_callbacks"), reason="scikit-learn before 1.9 has no callbacks")
def test_a_checkpoint_is_a_callback_of_scikit_learn(tmp_path, kill_after):
    X, y = samples("binary")
    network = MLPClassifier(max_iter=9, random_state=0)
    checkpoint = Checkpoint(tmp_path / "fit.checkpoint", every=4)
    kill_after(1)
    with pytest.raises(Killed):
        clone(network).set_callbacks(checkpoint).fit(X, y)
    resumed = clone(network).set_callbacks(checkpoint).fit(X, y)
    assert_same_bits(resumed.set_callbacks(), clone(network).fit(X, y))
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_change_no_bit(tmp_path):
    X, y = samples("multiclass")
    network = MLPClassifier((200, 200), connectivity=0.02, max_iter=6, random_state=0)
    with Checkpoint(tmp_path / "fit.checkpoint", every=1):
        followed = clone(network).fit(X, y)
    assert_same_bits(followed, clone(network).fit(X, y))


class Cubic(Activation):
    """f(z) = z + c z^3."""

    c: float = 0.1

    def value(self, z):
        return z + self.c * z * z * z

    def slope(self, z):
        return 1.0 + 3.0 * self.c * z * z


#: Changes of a fit, and what the message says of them.
DIFFERENCES = {
    "a number": ({"max_iter": 20}, "max_iter was 9, and is 20 now"),
    "several": ({"alpha": 1.0, "batch_size": 50}, "alpha was 0.0001, and is 1.0 now; batch_size was 'auto', and is 50"),
    "a strategy": ({"activation": Cubic(c=0.2)}, "activation is not the same"),
    "the seed": ({"random_state": 1}, "random_state was 0, and is 1 now. Fit as before"),
}


@pytest.mark.parametrize("change", DIFFERENCES)
def test_another_configuration_is_refused(change, tmp_path, kill_after):
    X, y = samples("binary")
    network = MLPClassifier(activation=Cubic(), max_iter=9, random_state=0)
    changed, message = DIFFERENCES[change]
    with Checkpoint(tmp_path / "fit.checkpoint", every=2):
        kill_after(1)
        with pytest.raises(Killed):
            clone(network).fit(X, y)
        with pytest.raises(ValueError, match=f"fit.checkpoint is of another fit: {message}"):
            clone(network).set_params(**changed).fit(X, y)
        clone(network).set_params(verbose=1, n_jobs=1).fit(X, y)


def test_other_data_are_refused(tmp_path, kill_after):
    X, y = samples("binary")
    network = MLPClassifier(max_iter=9, random_state=0)
    changed = X.copy()
    changed[3, 4] += 1e-9
    fits = {
        r"fit: the shape of X was \(.*\), and is \(.*\) now; the shape of y was .* now\.": {"X": X[:-1], "y": y[:-1]},
        r"fit: the dtype of X was float64, and is float32 now\.": {"X": X.astype(np.float32), "y": y},
        r"fit: the memory order of X was C, and is F now\.": {"X": np.asfortranarray(X), "y": y},
        "X is not the same\\.": {"X": changed, "y": y},
        "y is not the same\\.": {"X": X, "y": 1 - y},
        "sample_weight is not the same\\.": {"X": X, "y": y, "sample_weight": np.ones(len(y))},
        "the validation data is not the same\\.": {"X": X, "y": y, "X_val": X, "y_val": y},
    }
    with Checkpoint(tmp_path / "fit.checkpoint", every=2):
        kill_after(1)
        with pytest.raises(Killed):
            clone(network).fit(X, y)
        for message, data in fits.items():
            with pytest.raises(ValueError, match=message):
                clone(network).fit(**data)


def test_two_checkpoints_of_one_estimator_are_refused(tmp_path):
    network = MLPClassifier(max_iter=9, random_state=0)
    network._skl_callbacks = [Checkpoint(tmp_path / "a"), Checkpoint(tmp_path / "b")]  # as set_callbacks sets them
    with pytest.raises(ValueError, match="A fit has one checkpoint; MLPClassifier has 2"):
        network.fit(*samples("binary"))


def test_another_version_is_refused(tmp_path, kill_after, monkeypatch):
    X, y = samples("binary")
    network = MLPClassifier(max_iter=9, random_state=0)
    with Checkpoint(tmp_path / "fit.checkpoint", every=2):
        kill_after(1)
        with pytest.raises(Killed):
            clone(network).fit(X, y)
        monkeypatch.setattr("sknn_concepts.callbacks.checkpoint.__version__", "99.0")
        with pytest.raises(ValueError, match="the version of sknn_concepts was .*, and is 99.0 now"):
            clone(network).fit(X, y)


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(3), pickle.dumps({})])
def test_another_file_is_refused(content, tmp_path):
    path = tmp_path / "fit.checkpoint"
    path.write_bytes(content)
    with Checkpoint(path), pytest.raises(ValueError, match="fit.checkpoint is"):
        MLPClassifier(random_state=0).fit(*samples("binary"))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "estimator, message",
    [
        (
            MLPClassifier(solver="lbfgs", random_state=0),
            "MLPClassifier cannot resume .* solver='lbfgs' is not stochastic",
        ),
        (MLPClassifier(), "random_state=None draws other numbers each time"),
        (LogisticRegression(), "LogisticRegression cannot resume"),
        (Perceptron(), "Perceptron cannot resume"),
    ],
)
def test_what_cannot_go_on_is_refused(estimator, message, tmp_path):
    with Checkpoint(tmp_path / "fit.checkpoint"), pytest.raises(ValueError, match=message):
        estimator.fit(*samples("binary"))


def test_a_folder_serves_a_search(tmp_path, kill_after):
    X, y = samples("binary")
    search = GridSearchCV(MLPClassifier((4,), max_iter=9, random_state=0), {"alpha": [1e-4, 1.0]}, cv=2)
    expected = clone(search).fit(X, y).cv_results_["mean_test_score"]
    with Checkpoint(tmp_path, every=4):
        kill_after(7)  # in the fourth fit
        with pytest.raises(Killed):
            clone(search).fit(X, y)
        assert len(list(tmp_path.iterdir())) == 1
        assert_array_equal(clone(search).fit(X, y).cv_results_["mean_test_score"], expected)
    assert list(tmp_path.iterdir()) == []


def test_a_file_serves_one_fit(tmp_path):
    X, y = samples("binary")
    network = MLPClassifier((4,), max_iter=3, random_state=0)
    with Checkpoint(tmp_path / "fit.checkpoint"):
        clone(network).fit(X, y)
        clone(network).fit(X, y)  # the same one again
        with pytest.raises(ValueError, match="a file for one fit.*give a folder"):
            clone(network).set_params(alpha=1.0).fit(X, y)


def test_a_damaged_file_is_refused(tmp_path, kill_after):
    X, y = samples("binary")
    network, path = MLPClassifier((4,), max_iter=9, random_state=0), tmp_path / "fit.checkpoint"
    with Checkpoint(path, every=4):
        kill_after(1)
        with pytest.raises(Killed):
            clone(network).fit(X, y)
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
        with Checkpoint(path), pytest.raises(ValueError, match="is no checkpoint, or is damaged"):
            clone(network).fit(X, y)


def test_the_path_must_not_be_empty():
    with pytest.raises(ValueError, match="path must not be empty"):
        Checkpoint("")


@pytest.mark.parametrize("every", [0, -1, 1.5, True, None])
def test_every_is_checked(every):
    with pytest.raises(ValueError, match="every must be a whole number of at least 1"):
        Checkpoint("fit.checkpoint", every=every)


def test_the_folder_must_exist(tmp_path):
    with Checkpoint(tmp_path / "none" / "fit.checkpoint"), pytest.raises(ValueError, match="does not exist"):
        MLPClassifier(random_state=0).fit(*samples("binary"))


def test_blocks_do_not_nest(tmp_path):
    with Checkpoint(tmp_path / "one"), pytest.raises(RuntimeError, match="a fit has one checkpoint"):
        with Checkpoint(tmp_path / "two"):
            pass


SCRIPT = """
import contextlib, os, pickle, signal, sys, threading, warnings
warnings.simplefilter("ignore")
from samples import samples
from sknn_concepts import MLPClassifier
from sknn_concepts.callbacks import Checkpoint

folder, way, delay = sys.argv[1], sys.argv[2], float(sys.argv[3])
options = {"dropout": 0.1, "early_stopping": True, "n_iter_no_change": 2000, "batch_size": 8, "random_state": 0}
network = MLPClassifier((50,), max_iter=1, **options)
X, y = samples("multiclass")
network.fit(X, y)  # loads the kernels
network.set_params(max_iter=1500)
if way == "killed":
    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()
path = os.path.join(folder, "fit.checkpoint")
with contextlib.nullcontext() if way == "whole" else Checkpoint(path, every=3):
    network.fit(X, y)
with open(os.path.join(folder, way), "wb") as file:
    pickle.dump(network, file)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_process_that_is_killed_at_random_moments(tmp_path, run_python, start_script):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run_python(script, tmp_path, "whole", 0)
    n_checkpoints = 0
    for _ in range(4):  # the fit takes longer than that
        process = start_script(script, tmp_path, "killed", random.uniform(0.05, 0.4))
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
        n_checkpoints += (tmp_path / "fit.checkpoint").exists()
    assert n_checkpoints > 0
    run_python(script, tmp_path, "resumed", 0)
    whole, resumed = (pickle.loads((tmp_path / name).read_bytes()) for name in ("whole", "resumed"))
    assert len(whole.history_["loss"]) == 1500
    assert_same_bits(resumed, whole)
    assert {path.name for path in tmp_path.iterdir()} == {"script.py", "whole", "resumed"}
