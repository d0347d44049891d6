"""The whole engine: what it compiles, what it gives without compilation, and what PyTorch says."""

import importlib
import pathlib
import pkgutil
import threading
import time
import warnings

import numpy as np
import pytest
from machines import Network
from numba.core.dispatcher import Dispatcher
from numpy.testing import assert_allclose
from reference import flatten

import sknn_concepts
from sknn_concepts import MLPClassifier, MLPRegressor
from sknn_concepts.activations import ACTIVATIONS, Activation, Identity, LeakyRelu
from sknn_concepts.jit.decorator import CHECKED, COMPILED
from sknn_concepts.losses import LOSSES, Huber, LogLoss, SquaredError
from sknn_concepts.network.compiled import CompiledNetwork
from sknn_concepts.network.dataset import make_dataset
from sknn_concepts.optimizers import Adam
from sknn_concepts.schedules import SCHEDULES

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
compiled_only = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")


def kernels():
    """Every kernel of the package by its name."""
    found = {}
    for module in pkgutil.walk_packages(sknn_concepts.__path__, "sknn_concepts."):
        if module.name.split(".")[1] not in ("job", "__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, Dispatcher) and value.__module__ == module.name:
                    found[f"{module.name}.{name}"] = value
    return found


def compiled():
    return {name: len(kernel.signatures) for name, kernel in kernels().items() if kernel.signatures}


#: What may change without a compilation, from a classifier of 3 classes with every kind of rule in use.
USUAL = {"hidden_layer_sizes": (6,), "max_iter": 2, "random_state": 0, "activation": LeakyRelu(), "solver": Adam()}
CHANGES = {
    "depth": {"hidden_layer_sizes": (5, 4, 3)},
    "linear": {"hidden_layer_sizes": ()},
    "width": {"hidden_layer_sizes": (150,)},
    "batch size": {"batch_size": 7},
    "one by one": {"batch_size": 1},
    "slope": {"activation": LeakyRelu(0.3)},
    "moments": {"solver": Adam(beta_1=0.5, epsilon=1e-4)},
    "rules": {"alpha": 1.0, "l1_ratio": 0.5, "dropout": 0.3, "max_norm": 2.0, "max_grad_norm": 1.0},
    "early stopping": {"early_stopping": True},
    **{f"schedule {name}": {"learning_rate": make()} for name, make in SCHEDULES.items()},
    "initializer": {"initializer": "orthogonal"},
}


class Steeper(Activation):
    """An activation that no other test has compiled in this process."""

    def value(self, z):
        return z if z > 0.0 else 1.375 * z

    def slope(self, z):
        return 1.0 if z > 0.0 else 1.375


@compiled_only
@quiet
def test_only_new_types_compile():
    rng = np.random.RandomState(0)
    X, y, weights = rng.normal(size=(90, 5)), np.arange(90) % 3, rng.rand(90)

    def run(X, y, weights, **changes):
        fitted = MLPClassifier(**{**USUAL, **changes}).fit(X, y, weights)
        fitted.predict_proba(X)
        fitted.transform(X)
        fitted.set_params(early_stopping=False).partial_fit(X, y)

    run(X, y, None)
    run(X, y, weights, early_stopping=True)
    before = compiled()
    assert len(before) > 10
    for changes in CHANGES.values():
        run(X, y, weights, **changes)
        assert compiled() == before, changes
    run(X, np.arange(90) % 9, None)  # classes
    run(rng.normal(size=(300, 31)), np.arange(300) % 4, None)  # samples and features
    assert compiled() == before
    run(X, y, None, activation=Steeper())
    added = {name: count - before.get(name, 0) for name, count in compiled().items() if count != before.get(name, 0)}
    thin = ("activate", "activate_with_slope", "scale_from_value", "scale_by_slope")
    assert added
    assert added.keys() <= {f"sknn_concepts.network.kernels.{name}" for name in thin}
    assert all(count == 1 for count in added.values())


@compiled_only
@quiet
def test_only_new_types_compile_for_lbfgs_and_regression():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(90, 5)), rng.normal(size=(90, 2))

    def run(**arguments):
        MLPRegressor(**{"solver": "lbfgs", "max_iter": 2, **arguments}).fit(X, y).predict(X)

    run(loss=Huber())
    before = compiled()
    for arguments in ({"hidden_layer_sizes": (4, 3)}, {"alpha": 3.0, "l1_ratio": 0.5}, {"max_iter": 3}):
        run(**{"loss": Huber(delta=0.3), **arguments})
    assert compiled() == before


def test_without_compilation_the_engine_gives_the_same(run_python, tmp_path):
    """Kernels are ordinary Python: some of the engine's tests in a process without the JIT."""
    if not COMPILED:
        pytest.skip("this is that process")
    names = ["depths_and_widths", "every_layer", "with_dropout", "masks_of_other_seeds", "rows_are", "sparse_products"]
    names += ["pass_is_that_of_the_twin and (adam or sgd)", "blocks_add_up and SquaredError", "first_loss"]
    here = pathlib.Path(__file__).parent
    chosen = [str(here / f"test_{name}.py") for name in ("layers", "minibatch", "dataset")]
    options = ["-q", "-p", "no:cacheprovider", "-k", " or ".join(names), f"--rootdir={here.parent.parent}"]
    options += ["-c", str(here.parent.parent / "pyproject.toml")]
    script = tmp_path / "run.py"
    script.write_text(f"import sys, pytest\nsys.exit(pytest.main({options + chosen!r}))\n")
    lines = run_python(script, NUMBA_DISABLE_JIT="1")
    assert " passed" in lines[-1] and int(lines[-1].split()[0]) > 50


@pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")
def test_kernels_leave_the_interpreter_to_others():
    """While one thread trains, another runs Python: the interpreter's lock is released.

    A batch takes 0.1 s or more. With the lock held, the other thread would run once or twice in this time.
    """
    X, y = np.random.RandomState(0).normal(size=(4000, 100)), np.arange(4000.0)
    network = MLPRegressor(hidden_layer_sizes=(4000,), max_iter=1, n_jobs=1, loss="absolute_error", batch_size=4000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(X, y)
        network.set_params(max_iter=5)
        thread = threading.Thread(target=network.fit, args=(X, y))
        steps = 0
        thread.start()
        while thread.is_alive():
            steps += 1
            time.sleep(0.001)
        thread.join()
    assert steps > 10 * network.n_iter_


#: The same formulas in PyTorch, whose hardsigmoid has a sixth in single precision.
SHARED = ["tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign"]
TORCH_ACTIVATIONS = {
    "logistic": lambda F, z: F.sigmoid(z),
    "hard_sigmoid": lambda F, z: F.relu6(z + 3) / 6,
    "hard_tanh": lambda F, z: F.hardtanh(z),
    **{name: lambda F, z, name=name: getattr(F, name)(z) for name in SHARED},
}
TORCH_LOSSES = {
    "log_loss": lambda F, raw, y: F.binary_cross_entropy_with_logits(raw, y, reduction="none").sum(1),
    "classes": lambda F, raw, y: F.cross_entropy(raw, y, reduction="none"),
    "smoothed": lambda F, raw, y: F.cross_entropy(raw, y, reduction="none", label_smoothing=0.1),
    "squared_error": lambda F, raw, y: F.mse_loss(raw, y, reduction="none").sum(1) / 2,
    "absolute_error": lambda F, raw, y: F.l1_loss(raw, y, reduction="none").sum(1),
    "huber": lambda F, raw, y: F.huber_loss(raw, y, reduction="none").sum(1),
}
OUR_LOSSES = {"classes": LogLoss().multiclass(), "smoothed": LogLoss(0.1).multiclass()}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("loss", TORCH_LOSSES)
def test_pytorch_has_the_same_gradients(loss):
    torch = pytest.importorskip("torch")
    ours = OUR_LOSSES.get(loss) or LOSSES[loss]()
    for activation, function in TORCH_ACTIVATIONS.items():
        net = Network([4, 5, 3, 3], [ACTIVATIONS[activation]()] * 2, ours, n_samples=20)
        layers = [[torch.tensor(array, requires_grad=True) for array in arrays] for arrays in net.layers]
        hidden = torch.tensor(net.X)
        for layer, (w, b) in enumerate(zip(*layers, strict=True)):
            hidden = hidden @ w + b
            hidden = function(torch.nn.functional, hidden) if layer < 2 else hidden
        weights = torch.tensor(net.weights)
        losses = TORCH_LOSSES[loss](torch.nn.functional, hidden, torch.tensor(net.y))
        value = (losses * weights).sum() / weights.sum()
        value.backward()
        found, gradient = net.loss_gradient()
        assert found == pytest.approx(value.item(), rel=1e-11)
        gradients = [[array.grad.numpy() for array in arrays] for arrays in layers]
        assert_allclose(gradient, flatten(*gradients), rtol=1e-8, atol=1e-12, err_msg=activation)


@pytest.mark.skipif(CHECKED or not COMPILED, reason="only vectorized sums are partial sums, which round less")
def test_losses_of_many_rows_are_added_up_in_double_precision():
    n = 400_000
    source = make_dataset(np.zeros((2, 1), np.float32), np.zeros((2, 1)))
    machine = CompiledNetwork([1, 1], [Identity()], SquaredError(), np.float32, source, needs_gradients=True)
    raw = np.full((n, 1), 1.1, np.float32)
    total = machine.losses(raw, np.zeros((n, 1), np.float32), None)
    np.testing.assert_allclose(total, n * 0.5 * float(np.float32(1.1)) ** 2, rtol=1e-6)
    weights = np.random.RandomState(0).random_sample(n)
    total = machine.losses(raw, np.zeros((n, 1), np.float32), weights)
    np.testing.assert_allclose(total, weights.sum() * 0.5 * float(np.float32(1.1)) ** 2, rtol=1e-6)
