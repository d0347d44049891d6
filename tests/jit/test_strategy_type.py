"""How strategies enter kernels: compiled once a class, edits seen, the disk cache shared between processes."""

import re
import textwrap
import threading

import numpy as np
import pytest
from compiled import rows_of, run, updates, values, values_and_derivatives

from sknn_concepts.activations import Activation, Relu, Step, value
from sknn_concepts.jit.decorator import COMPILED, kernel
from sknn_concepts.jit.strategy_type import field_names, has, strategy_digest, strategy_type
from sknn_concepts.optimizers import Optimizer

compiled_only = pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")

Z = np.array([-2.0, -0.5, 0.25, 3.0])


def define(source, name="Mine"):
    """A class from the text of a user's file."""
    module = {"__name__": "users_file", "Activation": Activation, "Optimizer": Optimizer, "kernel": kernel, "np": np}
    exec(textwrap.dedent(source), module)
    return module[name]


class Scaled(Activation):
    """A class with two hyper-parameters, whose order matters."""

    scale: float = 2.0
    offset: float = 0.5

    def value(self, z):
        return self.scale * z + self.offset


class Shifted(Activation):
    """Another with a different formula."""

    offset: float = 1.0

    def value(self, z):
        return z - self.offset


class ByMethod(Activation):
    """A formula that uses another of the same strategy, through its overloaded method."""

    def value(self, z):
        return z * z * z

    def slope(self, z):
        return 3.0 * value(self, z) / z

    def curvature(self, z):
        return 6.0 * z


@compiled_only
def test_a_new_value_compiles_nothing_and_a_new_class_once():
    run(values, Scaled(), Z, np.empty((1, 4)))
    before = len(values.signatures)
    for scale in (3.0, -1.0, 1e300):
        out = np.empty((1, 4))
        run(values, Scaled(scale, 0.25), Z, out)
        np.testing.assert_array_equal(out[0], scale * Z + 0.25)
    assert len(values.signatures) == before
    run(values, Shifted(), Z, np.empty((1, 4)))
    assert len(values.signatures) == before + 1
    run(values, Shifted(), Z.astype(np.float32), np.empty((1, 4)))
    assert len(values.signatures) == before + 2
    run(values, Scaled(7.0), Z, np.empty((1, 4)))
    assert len(values.signatures) == before + 2


def test_hyper_parameters_arrive_in_order():
    assert field_names(Scaled) == ("scale", "offset")
    np.testing.assert_array_equal(rows_of(values, Scaled(offset=-1.0), Z)[0], 2 * Z - 1)


def test_hyper_parameters_take_the_dtype_of_the_network():
    out = rows_of(values, Scaled(0.1, 0.0), np.ones(1, np.float32))
    assert out[0, 0] == np.float32(0.1)


def test_a_formula_may_use_another_through_its_overloaded_method():
    np.testing.assert_allclose(rows_of(values_and_derivatives, ByMethod(), Z), [Z**3, 3 * Z**2, 6 * Z], rtol=1e-15)


def test_has_looks_at_instances_and_types():
    assert has(Relu(), "slope") and not has(Step(), "slope")
    if COMPILED:
        assert has(strategy_type(Relu, np.float64), "slope") and not has(strategy_type(Step, np.float64), "slope")


@compiled_only
def test_a_missing_formula_is_named():
    with pytest.raises(ValueError, match="Shifted cannot be compiled: it has no method slope"):
        rows_of(values_and_derivatives, Shifted(), Z)


SOURCE = """
    HALF = 0.5
    POWERS = (1.0, 2.0)
    TABLE = np.array([1.0, 2.0])

    class numbers:
        third = 0.3

    def inner(z):
        return z + 1.0

    def helper(z, strength=4.0):
        return inner(z) * HALF

    @kernel
    def compiled_helper(z):
        return z * 5.0

    def make(factor):
        class Mine(Activation):
            scale: float = 2.0

            def value(self, z, shift=6.0):
                square = lambda t: t * t * 7.0
                return factor * helper(z) + compiled_helper(z) + POWERS[0] + TABLE[0] + square(z) + self.scale + shift

        return Mine

    Mine = make(8.0)
"""

EDITS = {
    "formula": ("+ self.scale", "- self.scale"),
    "constant of the module": ("HALF = 0.5", "HALF = 0.25"),
    "tuple of the module": ("(1.0, 2.0)", "(1.5, 2.0)"),
    "array of the module": ("[1.0, 2.0]", "[1.5, 2.0]"),
    "helper": ("inner(z) * HALF", "inner(z) / HALF"),
    "helper's helper": ("z + 1.0", "z + 1.5"),
    "helper's default": ("strength=4.0", "strength=4.5"),
    "compiled helper": ("z * 5.0", "z * 5.5"),
    "inner function": ("t * t * 7.0", "t * t * 7.5"),
    "default of the formula": ("shift=6.0", "shift=6.5"),
    "number caught from around": ("make(8.0)", "make(8.5)"),
    "name of a hyper-parameter": ("scale", "strength"),
    "order of operations": ("factor * helper(z)", "helper(z) * factor"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_the_digest_sees_an_edit(edit):
    old, new = EDITS[edit]
    edited = SOURCE.replace(old, new)
    assert edited != SOURCE
    assert strategy_digest(define(edited)) != strategy_digest(define(SOURCE))


def test_the_digest_sees_only_edits():
    moved = SOURCE.replace("    HALF", "    # a comment\n\n    HALF").replace(
        "scale: float = 2.0", "scale: float = 9.0"
    )
    for source in (SOURCE, moved):
        assert strategy_digest(define(source)) == strategy_digest(define(SOURCE))


def test_the_digest_sees_a_helper_of_another_module(tmp_path, monkeypatch):
    """Whether it is imported by its name or reached through the module's."""
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for number, factor in enumerate((2.0, 3.0)):
        name = f"users_helpers_{number}"
        (tmp_path / f"{name}.py").write_text(f"FACTOR = {factor}\ndef scaled(z):\n    return {factor} * z\n")
        for import_, call in (("import {} as helpers", "helpers.scaled(z)"), ("from {} import scaled", "scaled(z)")):
            source = f"class Mine(Activation):\n    def value(self, z):\n        return {call}\n"
            digests.append(strategy_digest(define(import_.format(name) + "\n" + source)))
    assert len(set(digests)) == 4


WITHIN = """
class Mine(Activation):
    def value(self, z):
        return package.inner.scaled(z)
"""

IN_A_CELL = """
def make(package):
    class Mine(Activation):
        def value(self, z):
            return package.inner.scaled(z)
    return Mine

Mine = make(users)
"""


@pytest.mark.parametrize(("name", "source"), [("package", WITHIN), ("users", IN_A_CELL)], ids=["global", "cell"])
def test_the_digest_sees_a_helper_of_a_module_within_another(tmp_path, monkeypatch, name, source):
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for factor in (2.0, 3.0):
        folder = tmp_path / f"within_{name}_{factor:.0f}"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "inner.py").write_text(f"def scaled(z):\n    return {factor} * z\n")
        digests.append(strategy_digest(define(f"import {folder.name}.inner\nimport {folder.name} as {name}\n{source}")))
    assert digests[0] != digests[1]


def test_the_digest_sees_the_number_of_slots():
    source = "class Mine(Optimizer):\n    slots = {}\n    def update(self, w, g, slots, c):\n        return w, slots\n"
    assert strategy_digest(define(source.format(1))) != strategy_digest(define(source.format(2)))


def test_a_class_defined_anew_gives_the_new_answer():
    """As a cell of a notebook does."""
    for factor in (2.0, 3.0):
        mine = define(f"class Mine(Activation):\n    def value(self, z):\n        return {factor} * z\n")
        np.testing.assert_array_equal(rows_of(values, mine(), Z)[0], factor * Z)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_classes_made_by_a_function_keep_their_own_numbers(dtype):
    def make(factor):
        class Mine(Activation):
            def value(self, z):
                return factor * z

        return Mine

    for factor in (2.0, 3.0):
        np.testing.assert_array_equal(rows_of(values, make(factor)(), Z.astype(dtype))[0], factor * Z)


def test_optimizers_alike_but_for_their_slots():
    source = """
    class Mine(Optimizer):
        slots = {}

        def update(self, w, g, slots, c):
            return w - g, slots[:1] + slots[:-1]
    """
    for n in (1, 2, 3):
        out, slots = np.empty(2), np.arange(6.0).reshape(3, 2)
        run(updates, define(source.format(n))(), np.ones(2), np.ones(2), slots, np.zeros(1), out)
        np.testing.assert_array_equal(out, 0)
        np.testing.assert_array_equal(slots[:, 0], {1: [0, 2, 4], 2: [0, 0, 4], 3: [0, 0, 2]}[n])


@compiled_only
def test_two_threads_meet_the_same_and_different_classes_first():
    classes = [
        define(f"class Mine{n}(Activation):\n    def value(self, z):\n        return z + {n}.0\n", f"Mine{n}")
        for n in range(3)
    ]
    start, results, z = threading.Barrier(2), {}, np.arange(50.0)

    def work(thread, order):
        start.wait()
        for n in order:
            results[thread, n] = rows_of(values, classes[n](), z)[0]

    threads = [threading.Thread(target=work, args=(0, [0, 1, 2])), threading.Thread(target=work, args=(1, [0, 2, 1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 6
    for (_, n), result in results.items():
        np.testing.assert_array_equal(result, z + n)


USERS_FILE = """
from sknn_concepts.jit.decorator import kernel
from sknn_concepts.activations import Activation

FACTOR = 2.0


@kernel
def helper(z):
    return FACTOR * z


class Mine(Activation):
    offset: float = 1.0

    def value(self, z):
        return helper(z) + self.offset
"""

SCRIPT = """
import sys
import numpy as np
from compiled import rows_of, values
from sknn_concepts.jit.strategy_type import strategy_digest

print(*rows_of(values, Mine(), np.arange(3.0))[0])
print(strategy_digest(Mine))
print(sum(values.stats.cache_hits.values()), sum(values.stats.cache_misses.values()))
"""


@compiled_only
@pytest.mark.parametrize("as_main", [False, True], ids=["imported", "__main__"])
def test_the_next_process_finds_the_kernels_on_disk_until_the_formula_is_edited(tmp_path, run_python, as_main):
    """The trap that the digest closes: Numba itself looks at the kernel's file only, and would give the old answer."""
    folder = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def run_with(users_file):
        (tmp_path / "users_file.py").write_text(users_file)
        header = users_file if as_main else "from users_file import Mine\n"
        (tmp_path / "script.py").write_text(header + SCRIPT)
        return run_python(tmp_path / "script.py", **folder)

    first = run_with(USERS_FILE)
    assert first[0] == "1.0 3.0 5.0" and first[2] == "0 1"
    assert run_with(USERS_FILE) == [*first[:2], "1 0"]
    edited = run_with(USERS_FILE.replace("FACTOR = 2.0", "FACTOR = 3.0"))
    assert edited[0] == "1.0 4.0 7.0" and edited[1] != first[1] and edited[2] == "0 1"


MANY = """
import numpy as np
from compiled import rows_of, values
from sknn_concepts.activations import ACTIVATIONS

z = np.linspace(-3, 3, 25)
for name in ("relu", "identity", "hard_tanh", "softsign"):
    activation = ACTIVATIONS[name]()
    assert np.allclose(rows_of(values, activation, z)[0], [activation.value(number) for number in z]), name
print(sum(values.stats.cache_hits.values()))
"""


@compiled_only
def test_two_processes_fill_an_empty_cache_at_once(tmp_path, run_python, run_together):
    script = tmp_path / "script.py"
    script.write_text(MANY)
    folder = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run_together([(script,), (script,)], **folder)
    assert run_python(script, **folder) == ["4"]


UNWRITABLE = """
import warnings
import numpy as np
from compiled import rows_of, values, values_and_derivatives
from sknn_concepts.activations import Relu, Softsign

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for activation in (Relu(), Softsign()):
        for kernel in (values, values_and_derivatives):
            print(*rows_of(kernel, activation, np.array([-1.0, 1.0]))[0])
for warning in caught:
    print(warning.category.__name__, warning.message)
"""


@compiled_only
def test_without_a_writable_cache_it_works_and_warns_once(tmp_path, run_python):
    (tmp_path / "file").write_text("no folder")  # below a file nobody can write, not even root
    (tmp_path / "script.py").write_text(UNWRITABLE)
    lines = run_python(
        tmp_path / "script.py",
        NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache"),
        NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator",
    )
    assert lines[:4] == ["0.0 1.0", "0.0 1.0", "-0.5 0.5", "-0.5 0.5"]
    assert len(lines) == 5
    assert re.match(r"RuntimeWarning Compiled kernels cannot be kept on disk .*NUMBA_CACHE_DIR", lines[4])
