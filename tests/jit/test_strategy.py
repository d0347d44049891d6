"""What all strategies share: names, hyper-parameters, documentation, and scikit-learn's way with parameters."""

import ast
import copy
import dataclasses
import functools
import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone

from sknn_concepts import activations, curvature, initializers, losses, math, optimizers, pruning, schedules
from sknn_concepts.activations import ACTIVATIONS, Activation, LeakyRelu, Relu, Tanh, get_activation
from sknn_concepts.curvature.diagonals import HESSIAN_METHODS, HessianMethod, get_hessian_method
from sknn_concepts.initializers import INITIALIZERS, Initializer, get_initializer
from sknn_concepts.jit.strategy import Strategy
from sknn_concepts.losses import LOSSES, Huber, LogLoss, Loss, get_loss
from sknn_concepts.optimizers import OPTIMIZERS, AdamW, NAdam, Optimizer, get_optimizer
from sknn_concepts.pruning import pruners
from sknn_concepts.pruning.criteria import CRITERIA, Criterion, get_criterion
from sknn_concepts.pruning.pruners import PRUNERS, MagnitudePruning, Pruner, get_pruner
from sknn_concepts.schedules import (
    SCHEDULES,
    Adaptive,
    Cosine,
    OneCycle,
    Schedule,
    Step,
    WarmUp,
    get_schedule,
)

#: Registry, aliases, base class and look-up of each family.
FAMILIES = {
    "activation": (ACTIVATIONS, activations.ALIASES, Activation, get_activation),
    "initializer": (INITIALIZERS, initializers.ALIASES, Initializer, get_initializer),
    "loss": (LOSSES, losses.ALIASES, Loss, lambda choice: get_loss(choice, task_of(choice))),
    "solver": (OPTIMIZERS, {}, Optimizer, get_optimizer),
    "learning_rate": (SCHEDULES, schedules.ALIASES, Schedule, get_schedule),
    "pruning": (PRUNERS, pruners.ALIASES, Pruner, get_pruner),
    "criterion": (CRITERIA, {}, Criterion, get_criterion),
    "method": (HESSIAN_METHODS, {}, HessianMethod, get_hessian_method),
}
#: The modules from which users take strategies and functions for their formulas.
PUBLIC = (activations, curvature, initializers, losses, math, optimizers, pruning, schedules)
ENTRIES = [(family, name) for family, (registry, *_) in FAMILIES.items() for name in registry]

each_family = pytest.mark.parametrize("family", FAMILIES)
each_entry = pytest.mark.parametrize("family, name", ENTRIES)


def task_of(choice):
    """A task that a loss serves."""
    if isinstance(choice, str) and choice in LOSSES:
        choice = LOSSES[choice]()
    return choice.tasks[0] if isinstance(choice, Loss) else "regression"


@each_entry
def test_names_and_instances(family, name):
    registry, _, base, get = FAMILIES[family]
    strategy = get(name)
    assert isinstance(strategy, base) and strategy == registry[name]()
    assert get(strategy) is strategy
    assert strategy  # never false, however few its hyper-parameters


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_public_modules_say_what_they_export(module):
    """Each name once, and all of them there: a star imports base classes and registries, not what the module uses."""
    assert len(set(module.__all__)) == len(module.__all__)
    assert not [name for name in module.__all__ if not hasattr(module, name)]
    assert not set(module.__all__) & {"np", "numba", "Strategy", "check_range", "resolve"}


def test_every_strategy_is_exported_beside_its_base():
    """Criteria and Hessian methods are chosen by name; users take the base class."""
    for module, family in (
        (activations, "activation"),
        (initializers, "initializer"),
        (losses, "loss"),
        (optimizers, "solver"),
        (pruning, "pruning"),
        (schedules, "learning_rate"),
    ):
        registry, _, base, _ = FAMILIES[family]
        classes = {getattr(make, "func", make).__name__ for make in registry.values()} | {base.__name__}
        assert classes <= set(module.__all__)


@each_family
def test_aliases_are_other_names_of_known_entries(family):
    registry, aliases, *_ = FAMILIES[family]
    assert set(aliases.values()) <= set(registry) and not set(aliases) & set(registry)


@each_family
def test_an_unknown_name_lists_the_known_ones_and_the_nearest(family):
    registry, _, _, get = FAMILIES[family]
    for name in registry:
        typo = name[:-1] + "#"
        with pytest.raises(ValueError) as raised:
            get(typo)
        message = str(raised.value)
        assert f"The '{family}' parameter has no '{typo}'" in message
        assert all(repr(known) in message for known in registry)
    with pytest.raises(ValueError, match=rf"Did you mean '{name}'\?"):  # the last typo
        get(typo)
    with pytest.raises(ValueError) as raised:
        get("############")
    assert "Did you mean" not in str(raised.value)


def test_aliases_are_suggested_too():
    with pytest.raises(ValueError, match=r"Did you mean 'sigmoid'\?"):
        get_activation("sigmiod")


@each_family
def test_a_class_is_told_to_be_instantiated(family):
    registry, _, _, get = FAMILIES[family]
    for make in registry.values():
        if isinstance(make, type):
            with pytest.raises(ValueError, match=rf"'{family}' parameter got the class .*; pass {make.__name__}\(\)"):
                get(make)


@each_family
@pytest.mark.parametrize("wrong", [None, 3, ["relu"], np.ones(2), Strategy, Strategy()], ids=lambda x: type(x).__name__)
def test_a_wrong_type(family, wrong):
    _, _, base, get = FAMILIES[family]
    with pytest.raises(ValueError, match=rf"'{family}' parameter must be one of .* or an instance of {base.__name__}"):
        get(wrong)


def test_an_instance_is_checked_too():
    with pytest.raises(ValueError, match=r"gamma of Step must be in \(0, 1\]; got 2"):
        get_schedule(Step(gamma=2))


@each_entry
def test_scikit_learn_clones_a_strategy(family, name):
    strategy = FAMILIES[family][0][name]()
    for twin in (clone(strategy), copy.deepcopy(strategy), pickle.loads(pickle.dumps(strategy))):
        assert twin == strategy and twin is not strategy and type(twin) is type(strategy)


@each_entry
def test_parameters_can_be_got_and_set(family, name):
    strategy = FAMILIES[family][0][name]()
    params = strategy.get_params(deep=False)
    assert list(params) == [field.name for field in dataclasses.fields(strategy)]
    for key in params:
        changed = clone(strategy).set_params(**{key: 0.25})
        assert getattr(changed, key) == 0.25 and changed != strategy
    with pytest.raises(ValueError, match=r"Invalid parameter 'nonsense' for .*Valid parameters are: \["):
        strategy.set_params(nonsense=1)


def test_strategies_within_strategies():
    outer = WarmUp(3, Cosine(0.2))
    assert outer.get_params() == {"epochs": 3, "then": Cosine(0.2), "then__minimum": 0.2, "then__flat": 0.0}
    assert outer.get_params(deep=False) == {"epochs": 3, "then": Cosine(0.2)}
    twin = clone(outer)
    assert twin.set_params(then__minimum=0.5, epochs=1) is twin
    assert twin == WarmUp(1, Cosine(0.5)) and outer == WarmUp(3, Cosine(0.2))
    with pytest.raises(ValueError, match="Invalid parameter 'nonsense' for Cosine"):
        outer.set_params(then__nonsense=1)


def test_a_new_strategy_is_set_before_its_insides():
    """As in scikit-learn's estimators, whatever the order of a grid's names."""
    assert WarmUp().set_params(then__gamma=0.3, then=Step()) == WarmUp(then=Step(gamma=0.3))


def test_strategies_of_different_classes_differ():
    assert Relu() != Tanh() and Relu() == Relu() and LeakyRelu(0.1) != LeakyRelu()


def test_a_users_class_needs_no_decorator():
    class Power(Activation):
        """z^exponent."""

        exponent: float = 2.0
        scale: float = 1.0

    assert Power(3.0) == Power(exponent=3.0, scale=1.0)
    assert repr(Power()).endswith("Power(exponent=2.0, scale=1.0)")
    assert clone(Power(3.0)).set_params(scale=2.0) == Power(3.0, 2.0)
    assert get_activation(Power()) == Power()
    with pytest.raises(TypeError):
        Power(nonsense=1)


def documented(strategy_class):
    """Parameters as the docstrings of a class and its bases tell them: name, type with range, default."""
    told = [vars(part).get("__doc__") or "" for part in reversed(strategy_class.__mro__) if issubclass(part, Strategy)]
    lines = re.findall(r"^    (\w[\w, ]*) : (.+)$", "\n".join(told), re.MULTILINE)
    for names, description in lines:
        kind, _, defaults = description.partition(", default=")
        defaults = defaults.split(" and ")
        for name, default in zip(names.split(", "), defaults, strict=True):
            yield name, kind, default


STRATEGIES = [FAMILIES[family][0][name]() for family, name in ENTRIES]
STRATEGIES += [loss.multiclass() for loss in STRATEGIES if isinstance(loss, Loss)]
CLASSES = list(dict.fromkeys(type(strategy) for strategy in STRATEGIES))
each_class = pytest.mark.parametrize("strategy_class", CLASSES)


@each_class
def test_hyper_parameters_are_documented_with_their_defaults(strategy_class):
    told = {name: default for name, _, default in documented(strategy_class)}
    fields = dataclasses.fields(strategy_class)
    assert list(told) == [field.name for field in fields]
    for field in fields:
        assert ast.literal_eval(told[field.name]) == field.default


def outside(kind):
    """Numbers outside a documented range such as "float in [0, 1)" or "float > 0", and NaN."""
    kind = kind.removesuffix(" or None")
    half_line, interval = re.search(r"(>=?) (\S+)$", kind), re.search(r"in ([\[(])(.+), (.+)([\])])$", kind)
    if half_line:
        bound = float(half_line[2])
        return [np.nan, bound if half_line[1] == ">" else bound - 0.1, bound - 1.0]
    if interval:
        low, high = float(interval[2]), float(interval[3])
        return [np.nan, low if interval[1] == "(" else low - 0.1, high if interval[4] == ")" else high + 0.1]
    return []


@each_class
def test_documented_ranges_are_checked(strategy_class):
    for name, kind, _ in documented(strategy_class):
        for number in outside(kind):
            strategy = strategy_class(**{name: number})
            with pytest.raises(ValueError, match=rf"{name} of {strategy_class.__name__} must be in .*; got "):
                strategy.check()


def inside(kind):
    """Numbers at, or just within, the ends of a documented range, and ends that do not belong to it."""
    kind = kind.removesuffix(" or None")
    half_line, interval = re.search(r"(>=?) (\S+)$", kind), re.search(r"in ([\[(])(.+), (.+)([\])])$", kind)
    if half_line:
        bound = float(half_line[2])
        return [bound if half_line[1] == ">=" else np.nextafter(bound, np.inf)]
    if interval:
        low, high = float(interval[2]), float(interval[3])
        return [
            low if interval[1] == "[" else np.nextafter(low, high),
            high if interval[4] == "]" else np.nextafter(high, low),
        ]
    return []


@each_class
def test_the_ends_of_documented_ranges_are_where_they_are_said_to_be(strategy_class):
    for name, kind, _ in documented(strategy_class):
        for number in inside(kind):
            number = int(number) if kind.startswith("int") else number
            strategy_class(**{name: number}).check()


def test_the_parser_of_ranges():
    assert inside("int >= 1") == [1.0] and inside("float in (0, 1]")[1] == 1.0 and 0.0 < inside("float > 0")[0] < 1e-300
    assert outside("float > 0")[1:] == [0.0, -1.0]
    assert outside("int >= 1")[1:] == [0.9, 0.0]
    assert outside("float in [0, 1)")[1:] == [-0.1, 1.0]
    assert outside("float in (0, 1]")[1:] == [0.0, 1.1]
    assert outside("float >= 0 or None")[1:] == [-0.1, -1.0]
    assert outside("bool") == []
    ranged = [name for strategy_class in CLASSES for name, kind, _ in documented(strategy_class) if outside(kind)]
    assert len(ranged) > 20


@each_entry
def test_defaults_and_partial_entries_pass_their_own_checks(family, name):
    make = FAMILIES[family][0][name]
    make().check()
    assert isinstance(make, type | functools.partial)


@pytest.mark.parametrize(
    ("choice", "get", "message"),
    [
        (MagnitudePruning(sparsity="0.5"), get_pruner, "sparsity of MagnitudePruning must be a number; got '0.5'"),
        (MagnitudePruning(n_steps=[2]), get_pruner, "n_steps of MagnitudePruning must be a number"),
        (Huber(delta="x"), FAMILIES["loss"][3], "delta of Huber must be a number; got 'x'"),
        (LogLoss(label_smoothing=None), FAMILIES["loss"][3], "label_smoothing of LogLoss must be a number; got None"),
        (AdamW(weight_decay="x"), get_optimizer, "weight_decay of AdamW must be a number"),
        (NAdam(momentum_decay=-1.0), get_optimizer, "momentum_decay of NAdam must be in .0, inf.; got -1.0"),
        (Step(gamma="x"), get_schedule, "gamma of Step must be a number"),
        (Adaptive(minimum="x"), get_schedule, "minimum of Adaptive must be a number"),
        (OneCycle(first=-1.0), get_schedule, "first of OneCycle must be in .0, inf.; got -1.0"),
        (
            LeakyRelu(negative_slope=np.nan),
            get_activation,
            "negative_slope of LeakyRelu must be in .-inf, .*got nan",
        ),
        (LeakyRelu(negative_slope=None), get_activation, "negative_slope of LeakyRelu must be a number; got None"),
    ],
    ids=repr,
)
def test_what_is_no_number_is_told_by_name(choice, get, message):
    with pytest.raises(ValueError, match=message):
        get(choice)


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.int64(2), True])
def test_numbers_of_any_kind_will_do(number):
    assert get_loss(Huber(delta=number), "regression").delta == number
