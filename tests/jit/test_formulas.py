"""What formulas may use, whatever it is and whenever it changes; and what is said of what they may not use."""

import functools
import math  # noqa: F401, for formulas
import timeit
import types
from typing import ClassVar

import numba
import numpy as np
import pytest
from compiled import rows_of, run, updates, values

from sknn_concepts import MLPRegressor
from sknn_concepts.activations import Activation, LeakyRelu
from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.jit.strategy_type import strategy_digest, strategy_type
from sknn_concepts.losses import Loss
from sknn_concepts.optimizers import Optimizer

compiled_only = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

Z = np.array([-2.0, -0.5, 0.25, 3.0])

HALF = 0.5
PAIR = (0.5, 2)
NUMBERS = [0.5, 1.0]
TABLE = np.array([0.5, 1.0])
SPACE = types.SimpleNamespace(gain=0.5, half=lambda z: 0.5 * z)


def half(z, factor=0.5):
    return factor * z


def of_the_global(z):
    return HALF * z


def deep(z):
    return half(z, factor=PAIR[0])


@numba.njit
def jitted(z):
    return HALF * z


partial = functools.partial(half, factor=0.5)


class Numbers:
    gain = 0.5

    @staticmethod
    def half(z):
        return 0.5 * z


#: Ways to write z / 2.
HALVES = [
    *("half(z)", "half(z, 0.5)", "half(z, factor=0.5)", "deep(z)", "jitted(z)", "partial(z)", "(lambda t: 0.5 * t)(z)"),
    *("PAIR[0] * z", "NUMBERS[0] * z", "TABLE[0] * z", "SPACE.gain * z", "SPACE.half(z)", "np.multiply(0.5, z)"),
    *("Numbers.gain * z", "Numbers.half(z)", "math.ldexp(z, -1)", "z / PAIR[1]", "of_the_global(z)"),
]


def written(formula):
    """An activation from a cell of a notebook, whose source no file has."""
    module = globals()
    exec(f"class Cell(Activation):\n    def value(self, z):\n        return {formula}\n", module)
    return module.pop("Cell")


@pytest.mark.parametrize("formula", HALVES)
def test_a_formula_uses_what_is_there(formula):
    for dtype in (np.float32, np.float64) if formula in HALVES[:4] else (np.float64,):
        np.testing.assert_array_equal(rows_of(values, written(formula)(), Z.astype(dtype))[0], Z / 2)


class Method(Activation):
    def half(self, z, factor=0.5):
        return factor * z

    def value(self, z):
        return self.half(z)


class Inherits(Method):
    pass


class Overrides(Method):
    def half(self, z):
        return z / 2.0


class Static(Activation):
    @staticmethod
    def half(z):
        return 0.5 * z

    def value(self, z):
        return self.half(z)


class Klass(Activation):
    @classmethod
    def half(cls, z):
        return 0.5 * z

    def value(self, z):
        return self.half(z)


class Constant(Activation):
    gain: ClassVar[float] = 0.5

    def value(self, z):
        return self.gain * z


class Property(Activation):
    quarter: float = 0.25

    @property
    def gain(self):
        return 2.0 * self.quarter

    def value(self, z):
        return self.gain * z


class Mixin:
    def half(self, z):
        return 0.5 * z


class Mixed(Mixin, Activation):
    def value(self, z):
        return self.half(z)


class ByName(LeakyRelu):
    """The formula of a class of the library, called by its name."""

    negative_slope: float = 0.5

    def value(self, z):
        return 0.5 * LeakyRelu.value(self, z) if z > 0.0 else LeakyRelu.value(self, z)


class Passed(Activation):
    gain: float = 0.5

    def value(self, z):
        return scaled_by(self, z)


def scaled_by(activation, z):
    return activation.gain * z


@pytest.mark.parametrize(
    "kind", [Method, Inherits, Overrides, Static, Klass, Constant, Property, Mixed, ByName, Passed]
)
def test_a_formula_uses_its_own_class(kind):
    np.testing.assert_array_equal(rows_of(values, kind(), Z)[0], Z / 2)


#: What a user changes in a notebook, and the formula that sees it.
CHANGES = {
    "global number": ("HALF * z", lambda patch: patch.setitem(globals(), "HALF", 0.0)),
    "global of a helper": ("of_the_global(z)", lambda patch: patch.setitem(globals(), "HALF", 0.0)),
    "global of a compiled helper": ("jitted(z)", lambda patch: patch.setitem(globals(), "HALF", 0.0)),
    "helper": ("half(z)", lambda patch: patch.setitem(globals(), "half", lambda z: 0.0 * z)),
    "helper of a helper": ("deep(z)", lambda patch: patch.setitem(globals(), "half", lambda z, factor: 0.0 * z)),
    "default": ("half(z)", lambda patch: patch.setattr(half, "__defaults__", (0.0,))),
    "attribute of a namespace": ("SPACE.gain * z", lambda patch: patch.setattr(SPACE, "gain", 0.0)),
    "attribute of a class": ("Numbers.gain * z", lambda patch: patch.setattr(Numbers, "gain", 0.0)),
    "array": ("TABLE[0] * z", lambda patch: patch.setitem(globals(), "TABLE", np.zeros(2))),
    "list": ("NUMBERS[0] * z", lambda patch: patch.setitem(globals(), "NUMBERS", [0.0])),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change, monkeypatch):
    formula, make = CHANGES[change]
    kind = written(formula)
    np.testing.assert_array_equal(rows_of(values, kind(), Z)[0], Z / 2)
    make(monkeypatch)
    np.testing.assert_array_equal(rows_of(values, kind(), Z)[0], 0 * Z)


@pytest.mark.parametrize("numbers", [np.array([0.5, 1.0]), [0.5, 1.0]], ids=["array", "list"])
def test_a_change_in_place_is_seen(numbers):
    class Mine(Activation):
        def value(self, z):
            return numbers[0] * z

    np.testing.assert_array_equal(rows_of(values, Mine(), Z)[0], Z / 2)
    numbers[0] = 0.0
    np.testing.assert_array_equal(rows_of(values, Mine(), Z)[0], 0 * Z)


def test_a_method_and_a_constant_that_are_replaced_are_seen():
    class Mine(Constant):
        def half(self, z):
            return self.gain * z

        def value(self, z):
            return self.half(z)

    np.testing.assert_array_equal(rows_of(values, Mine(), Z)[0], Z / 2)
    Mine.gain = 0.25
    np.testing.assert_array_equal(rows_of(values, Mine(), Z)[0], Z / 4)
    Mine.half = lambda self, z: z
    np.testing.assert_array_equal(rows_of(values, Mine(), Z)[0], Z)


def test_predictions_see_a_change(monkeypatch):
    X = np.random.default_rng(0).normal(size=(20, 2))
    network = MLPRegressor(
        hidden_layer_sizes=(3,), activation=written("of_the_global(z)")(), max_iter=1, random_state=0
    )
    network.activation.__class__.slope = lambda self, z: HALF
    before = network.fit(X, X[:, 0]).predict(X[:1])
    monkeypatch.setitem(globals(), "HALF", 0.0)
    assert network.predict(X[:1]) == network.intercepts_[-1] != before


class HelpedLoss(Loss):
    tasks = ("regression",)

    def loss(self, y, raw):
        return half((raw - y) * (raw - y))

    def gradient(self, y, raw):
        return self.error(y, raw)

    def error(self, y, raw):
        return raw - y


class HelpedOptimizer(Optimizer):
    slots = 1

    def update(self, w, g, slots, c):
        return moved(w, self.step(g)), slots

    def step(self, g):
        return 0.01 * g


def moved(w, step):
    return w - step


def test_losses_and_optimizers_use_helpers_and_methods():
    X = np.random.default_rng(0).normal(size=(30, 2))
    arguments = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
    ours = MLPRegressor(loss=HelpedLoss(), **arguments).fit(X, X[:, 0])
    assert ours.loss_ == MLPRegressor(**arguments).fit(X, X[:, 0]).loss_
    out = np.empty(2)
    run(updates, HelpedOptimizer(), np.ones(2), np.ones(2), np.ones((1, 2)), np.zeros(1), out)
    np.testing.assert_array_equal(out, [0.99, 0.99])


def calls_itself(z):
    return calls_itself(z - 1.0)


def opens_a_file(z):
    with open("file"):
        return z


#: Formulas that Numba cannot compile, and what the message says.
REFUSED = {
    "self.value(z + 1.0)": r"Cell cannot be compiled: recursion, .*Cell\.value",
    "calls_itself(z)": "recursion, .*in calls_itself, called by value",
    "opens_a_file(z)": r"context manager.* \(in opens_a_file, called by value",
    "super().value(z)": "write the name of the class",
    "nowhere(z)": "'nowhere' is not defined .in value",
    "self.haf(z)": "Unknown attribute 'haf'",
    "'text'": "returns .*which is not a number",
    "eval('z')": "eval.*in value",
    "np.clip(z, 0.0, 1.0)": "there is no clip",
}


@compiled_only
@pytest.mark.parametrize("formula", REFUSED)
def test_what_cannot_be_compiled_is_named(formula):
    with pytest.raises(ValueError, match=REFUSED[formula]):
        rows_of(values, written(formula)(), Z)


@compiled_only
def test_a_look_at_a_formula_takes_less_than_a_millisecond():
    strategy_type(Overrides, np.float64)
    assert min(timeit.repeat(lambda: strategy_digest(Overrides), number=10, repeat=5)) < 10e-3


IN_A_SCRIPT = """
import numpy as np
from joblib import Parallel, delayed
from sknn_concepts import MLPClassifier
from sknn_concepts.activations import Activation

GAIN = 0.5

def scaled(z):
    return GAIN * z

class Mine(Activation):
    def value(self, z):
        return z if z > 0.0 else self.below(z)

    def below(self, z):
        return scaled(z)

    def slope(self, z):
        return 1.0 if z > 0.0 else GAIN

X = np.random.default_rng(0).normal(size=(40, 2))

def fit(activation, y):
    return MLPClassifier((4,), activation=activation, max_iter=2, random_state=0).fit(X, y).loss_

if __name__ == "__main__":
    import warnings
    warnings.simplefilter("ignore")
    for GAIN in (0.5, 0.0):
        (there,) = Parallel(2)([delayed(fit)(Mine(), X[:, 0] > 0)])
        print(there == fit(Mine(), X[:, 0] > 0))
"""


def test_classes_of_a_script_work_in_other_processes(tmp_path, run_python):
    (tmp_path / "script.py").write_text(IN_A_SCRIPT)
    assert run_python(tmp_path / "script.py") == ["True", "True"]
