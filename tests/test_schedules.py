"""Every schedule of the registry against its closed form, over passes and beyond the end."""

import warnings

import numpy as np
import pytest
from reference import variants
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts import MLPRegressor
from sknn_concepts.schedules import (
    ALIASES,
    SCHEDULES,
    Adaptive,
    Clock,
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    OneCycle,
    Step,
    WarmUp,
    get_schedule,
)

ALL = dict(variants(SCHEDULES)) | {
    f"warm_up-{name}": WarmUp(1.5, name) for name in SCHEDULES if not isinstance(SCHEDULES[name](), WarmUp)
}
INITIAL, SAMPLES, PER_PASS, N_EPOCHS = 0.3, 90, 4, 10
each_schedule = pytest.mark.parametrize("schedule", ALL.values(), ids=ALL)


def clock(done):
    """Clock of the pass after `done` passes."""
    steps = done * PER_PASS + np.arange(PER_PASS)
    return Clock(steps, steps / PER_PASS, done * SAMPLES, N_EPOCHS)


def rates(schedule, passes):
    """Rates of every step of a training."""
    each = [np.broadcast_to(schedule.rates(INITIAL, clock(done)), PER_PASS) for done in range(passes)]
    return np.concatenate(each)


STEP = np.arange(16 * PER_PASS)
EPOCH = STEP / PER_PASS
WHOLE = np.array([step // PER_PASS for step in STEP])


def cosine_between(start, stop, share):
    return stop + (start - stop) * np.cos(np.pi * share / 2) ** 2


def one_cycle(rise, first, last):
    done = np.minimum(EPOCH / N_EPOCHS, 1)
    up, down = cosine_between(first, 1, done / rise), cosine_between(1, last, (done - rise) / (1 - rise))
    return np.where(done < rise, up, down)


CLOSED_FORMS = [
    (Constant(), np.ones(STEP.size)),
    (Adaptive(), np.ones(STEP.size)),
    (InverseScaling(), 1 / np.sqrt(WHOLE * SAMPLES + 1)),
    (InverseScaling(0.2), (WHOLE * SAMPLES + 1) ** -0.2),
    (Step(3, 0.5), 0.5 ** (WHOLE // 3)),
    (Exponential(0.8), 0.8**WHOLE),
    (Cosine(), cosine_between(1, 0, np.minimum(EPOCH / N_EPOCHS, 1))),
    (Cosine(0.1), cosine_between(1, 0.1, np.minimum(EPOCH / N_EPOCHS, 1))),
    (Cosine(0.1, 0.4), cosine_between(1, 0.1, np.clip((EPOCH / N_EPOCHS - 0.4) / 0.6, 0, 1))),
    (OneCycle(), one_cycle(0.3, 0.04, 4e-6)),
    (OneCycle(0.45, 0.2, 0.01), one_cycle(0.45, 0.2, 0.01)),
    (WarmUp(3), np.minimum((STEP + 1) / (3 * PER_PASS), 1)),
    (WarmUp(0.5), np.minimum((STEP + 1) / 2, 1)),
    (WarmUp(2, Exponential(0.8)), np.minimum((STEP + 1) / (2 * PER_PASS), 1) * 0.8**WHOLE),
]


@pytest.mark.parametrize("schedule, factors", CLOSED_FORMS, ids=[repr(schedule) for schedule, _ in CLOSED_FORMS])
def test_closed_forms_over_passes(schedule, factors):
    """Pass by pass, the rates of one run of 16 passes, six more than were planned."""
    np.testing.assert_allclose(rates(schedule, 16), INITIAL * np.array(factors), rtol=1e-13, atol=1e-17)


def test_every_schedule_has_a_closed_form():
    assert {type(schedule) for schedule, _ in CLOSED_FORMS} >= {type(make()) for make in SCHEDULES.values()}


@each_schedule
def test_rates_are_numbers_up_to_the_initial_rate(schedule):
    path = rates(schedule, 16)
    assert np.isfinite(path).all() and (path >= 0).all() and (path <= INITIAL).all()
    assert (path[: N_EPOCHS * PER_PASS] > 0).all()


@each_schedule
def test_rates_are_proportional_to_the_initial_rate(schedule):
    for done in (0, 3, 12):
        twice = schedule.rates(2 * INITIAL, clock(done))
        np.testing.assert_allclose(twice, 2 * np.asarray(schedule.rates(INITIAL, clock(done))), rtol=1e-15)


@each_schedule
def test_a_schedule_remembers_nothing(schedule):
    """So that partial_fit and warm starts only need the clock."""
    forwards = [np.array(schedule.rates(INITIAL, clock(done))) for done in range(5)]
    for done in reversed(range(5)):
        np.testing.assert_array_equal(schedule.rates(INITIAL, clock(done)), forwards[done])


@each_schedule
def test_beyond_the_end_the_rate_does_not_rise(schedule):
    path = rates(schedule, 16)[N_EPOCHS * PER_PASS - 1 :]
    assert (np.diff(path) <= 0).all()


@pytest.mark.parametrize("then", ["constant", "invscaling", "adaptive", "step", "exponential", "cosine", "one_cycle"])
def test_warm_up_precedes_any_schedule(then):
    warmed, plain = rates(WarmUp(2, then), 6), rates(SCHEDULES[then](), 6)
    factor = np.minimum(np.arange(1, 6 * PER_PASS + 1) / (2 * PER_PASS), 1)
    np.testing.assert_allclose(warmed, factor * plain, rtol=1e-15)
    np.testing.assert_array_equal(rates(WarmUp(2, SCHEDULES[then]()), 6), warmed)
    assert WarmUp(2, then).lower(0.1) == SCHEDULES[then]().lower(0.1)


def test_only_adaptive_lowers_the_rate_on_a_plateau():
    assert [name for name in SCHEDULES if SCHEDULES[name]().lower(0.1) is not None] == ["adaptive"]


def test_adaptive_lowers_the_rate_as_scikit_learn_does():
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    theirs, rate = SGDOptimizer([np.zeros(1)], INITIAL, "adaptive"), INITIAL
    while not theirs.trigger_stopping("", False):
        rate = Adaptive().lower(rate)
        assert rate == theirs.learning_rate
    assert Adaptive().lower(rate) is None
    assert Adaptive(2.0, 0.1).lower(0.2) == 0.1 and Adaptive(2.0, 0.1).lower(0.1) is None


def test_inverse_scaling_is_that_of_scikit_learn():
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    theirs = SGDOptimizer([np.zeros(1)], INITIAL, "invscaling", power_t=0.4)
    for done in range(5):
        assert get_schedule("invscaling", power_t=0.4).rates(INITIAL, clock(done)) == theirs.learning_rate
        theirs.iteration_ends((done + 1) * SAMPLES)


def test_an_unknown_schedule_after_the_warm_up():
    with pytest.raises(ValueError, match=r"'then' parameter has no 'cosin'.*Did you mean 'cosine'\?"):
        get_schedule(WarmUp(2, "cosin"))


def test_aliases_lead_to_names():
    for alias, name in ALIASES.items():
        assert type(get_schedule(alias)) is SCHEDULES[name]


@pytest.mark.parametrize(
    "schedule, ends",
    [("cosine", True), ("one_cycle", True), (WarmUp(2, "cosine"), True), ("constant", False), ("exponential", False)],
    ids=str,
)
def test_no_warning_that_training_has_not_converged_at_the_end_of_a_schedule(schedule, ends):
    X, y = np.random.RandomState(0).normal(size=(2, 50, 3))
    network = MLPRegressor(hidden_layer_sizes=(4,), learning_rate=schedule, max_iter=3, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network.fit(X, y[:, 0])
    assert [warning.category for warning in caught] == ([] if ends else [ConvergenceWarning])
