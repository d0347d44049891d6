"""Pruners: schedules, parameters, and each one's scores from what they are defined by."""

import itertools

import numpy as np
import pytest
from machines import Network, fitted_network
from numpy.testing import assert_allclose, assert_array_equal
from reference import derivative, flatten, forward, inverse_links, jacobian, loss_and_gradients
from sklearn.base import clone

from sknn_concepts.activations import Identity, Logistic, Tanh
from sknn_concepts.losses import SoftmaxLogLoss, SquaredError
from sknn_concepts.network.layout import layer_views
from sknn_concepts.pruning.pruner import PRUNING_SCHEDULES
from sknn_concepts.pruning.pruners import (
    ALIASES,
    PRUNERS,
    ActivationNormPruning,
    MagnitudePruning,
    OptimalBrainDamage,
    OptimalBrainSurgeon,
    Pruner,
    RandomPruning,
    SensitivityPruning,
    UnitPruning,
    get_pruner,
)
from sknn_concepts.pruning.statistics import NetworkStatistics
from sknn_concepts.pruning.trace import TrainingTrace

SIZES = (3, 4, 2)
DENSE_AND_SPARSE = pytest.mark.parametrize("sparse", [False, True])
SCHEDULES = pytest.mark.parametrize("schedule", PRUNING_SCHEDULES)


class Case:
    """A tiny network, what its pruner is told, and the same told naively."""

    def __init__(self, sparse=False, loss=None, mask=None, sizes=SIZES, activation=None, **options):
        activations = [activation or Tanh()] * (len(sizes) - 2)
        self.net = net = Network(sizes, activations, loss or SoftmaxLogLoss(), n_samples=12, sparse=sparse, **options)
        self.w = net.theta
        self.mask = np.ones(self.w.size, bool) if mask is None else mask
        self.w[~self.mask] = 0.0
        self.told = self.tell()

    def tell(self, trace=None):
        return NetworkStatistics(fitted_network(self.net, mask=self.mask), trace)

    def mean(self, rows):
        return np.average(rows, axis=0, weights=self.net.weights)

    def gradients(self):
        """Of each sample's loss, one a row."""
        net = self.net
        samples = [(net.X[i : i + 1], net.y[i : i + 1]) for i in range(len(net.X))]
        return np.array(
            [flatten(*loss_and_gradients(*net.layers, net.activations, net.loss, *sample)[1:]) for sample in samples]
        )

    def hessian(self):
        """Differences of gradients."""
        units = np.eye(self.w.size)
        return np.array(
            [derivative(lambda t, e=e: self.net.loss_gradient(self.w + t * e)[1], 0.0, 2.0**-13) for e in units]
        )

    def outputs(self, theta):
        return forward(*layer_views(theta, self.net.machine.layout), self.net.activations, self.net.X)[1][-1]


# Schedules


@SCHEDULES
def test_schedules_rise_to_the_target(schedule):
    for start, end, n_steps in itertools.product([0.0, 0.3], [0.5, 0.98], [1, 4, 10]):
        shares = MagnitudePruning(sparsity=end, schedule=schedule, n_steps=n_steps).steps(start)
        assert len(shares) == (1 if schedule == "one_shot" else n_steps)
        assert shares[-1] == pytest.approx(end, rel=1e-14)
        assert (np.diff(np.append(start, shares)) > 0).all()


def test_values_of_schedules():
    def steps(schedule, start=0.0):
        return MagnitudePruning(sparsity=0.8, schedule=schedule, n_steps=4).steps(start)

    assert_allclose(steps("one_shot", 0.1), [0.8])
    assert_allclose(steps("linear"), [0.2, 0.4, 0.6, 0.8])
    assert_allclose(steps("linear", 0.4), [0.5, 0.6, 0.7, 0.8])
    # s_f + (s_i - s_f) (1 - (t - t_0) / (n dt))^3, Zhu and Gupta (2017), equation 1
    assert_allclose(steps("cubic"), [0.8 - 0.8 * (1 - t / 4) ** 3 for t in (1, 2, 3, 4)])
    left = 1 - steps("geometric", 0.2)
    assert_allclose(left / np.append(0.8, left[:-1]), (0.2 / 0.8) ** 0.25)


def test_rounds_of_the_lottery_ticket_paper():
    """What is left of LeNet-300-100: 20 % go in a round, of the output layer 10 % (Frankle and Carbin, 2019)."""
    n_steps = 15
    hidden, output = (
        1 - MagnitudePruning(sparsity=1 - rate**n_steps, schedule="geometric", n_steps=n_steps).steps(0.0)
        for rate in (0.8, 0.9)
    )
    shares = 100 * (265_200 * hidden + 1_000 * output) / 266_200
    assert_allclose(hidden, 0.8 ** np.arange(1, n_steps + 1), rtol=1e-12)
    assert [round(shares[k - 1], 1) for k in (3, 7, 15)] == [51.3, 21.1, 3.6]


def test_how_far_a_pruner_goes():
    assert MagnitudePruning().steps(0.0)[-1] == 0.5
    for limit in ({"max_score_drop": 0.01}, {"max_loss_increase": 0.1}):
        assert MagnitudePruning(**limit).has_limit and not MagnitudePruning().has_limit
        assert MagnitudePruning(**limit).steps(0.0)[-1] == pytest.approx(0.999)
        assert MagnitudePruning(**limit, sparsity=0.7).steps(0.0)[-1] == 0.7
    assert MagnitudePruning(sparsity=0.5).steps(0.5).size == MagnitudePruning(sparsity=0.0).steps(0.0).size == 0


# Parameters


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sparsity": 1.0}, r"sparsity of {} must be in \[0, 1\); got 1.0"),
        ({"sparsity": -0.1}, r"sparsity of {} must be in \[0, 1\)"),
        ({"sparsity": np.nan}, r"sparsity of {} must be in \[0, 1\)"),
        ({"max_score_drop": -0.1}, r"max_score_drop of {} must be in \[0, inf\)"),
        ({"max_loss_increase": np.nan}, r"max_loss_increase of {} must be in \[0, inf\)"),
        ({"n_steps": 0}, "n_steps of {} must be in .*1, 2.*got 0"),
        ({"n_steps": 2.0}, "n_steps of {} must be in .*got 2.0"),
        ({"retrain_epochs": -1}, "retrain_epochs of {} must be in .*0, 1"),
        ({"retrain_epochs": True}, "retrain_epochs of {} must be in .*got True"),
        ({"rewind": "weights"}, "rewind of {} must be in .*'learning_rate', 0, 1.*got 'weights'"),
        ({"rewind": -1}, "rewind of {} must be in"),
        ({"rewind": True}, "rewind of {} must be in .*got True"),
        ({"schedule": "exponential"}, "schedule of {} must be in .*'one_shot', 'linear', 'geometric', 'cubic'"),
        ({"scope": "unit"}, "scope of {} must be in .*'global', 'layer'.*got 'unit'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", PRUNERS)
def test_parameters_out_of_range(name, wrong, message):
    with pytest.raises(ValueError, match=message.replace("{}", PRUNERS[name].__name__)):
        get_pruner(PRUNERS[name](**wrong))


@pytest.mark.parametrize(
    ("pruner", "message"),
    [
        (SensitivityPruning(criterion="fisher"), "'criterion' parameter has no 'fisher'; it has .*'karnin'"),
        (OptimalBrainDamage(negative="abs"), "negative of OptimalBrainDamage must be in .*'signed'"),
        (OptimalBrainSurgeon(hessian="fisher"), "hessian of OptimalBrainSurgeon must be in"),
        (OptimalBrainSurgeon(damping=0.0), r"damping of OptimalBrainSurgeon must be in \(0, inf\); got 0.0"),
        (OptimalBrainSurgeon(max_weights=-1), "max_weights of OptimalBrainSurgeon must be in"),
    ],
    ids=str,
)
def test_further_parameters_out_of_range(pruner, message):
    with pytest.raises(ValueError, match=message):
        get_pruner(pruner)


def test_names():
    for name, make in PRUNERS.items():
        assert type(get_pruner(name)) is make
    for alias, name in ALIASES.items():
        assert type(get_pruner(alias)) is PRUNERS[name]
    with pytest.raises(ValueError, match="'pruning' parameter has no 'magnitudes'; .*Did you mean 'magnitude'"):
        get_pruner("magnitudes")
    with pytest.raises(ValueError, match=r"got the class OptimalBrainDamage; pass OptimalBrainDamage\(\)"):
        get_pruner(OptimalBrainDamage)
    with pytest.raises(ValueError, match="instance of Pruner. Got 0.5"):
        get_pruner(0.5)


@pytest.mark.parametrize("make", PRUNERS.values())
def test_parameters_are_found_and_copied(make):
    pruner = make(sparsity=0.7, n_steps=3)
    copied = clone(pruner)
    assert copied == pruner and copied is not pruner
    assert pruner.set_params(sparsity=0.6, rewind=2).get_params()["rewind"] == 2
    assert copied.sparsity == 0.7


# Scores


@DENSE_AND_SPARSE
def test_scores_without_second_derivatives(sparse):
    case = Case(sparse)
    w, g = case.w, case.gradients()
    sensitivity = np.abs(jacobian(case.outputs, w)).sum(axis=1)
    values = forward(*case.net.layers, case.net.activations, case.net.X)[1]
    norms = np.ones(w.size)
    for part, value in zip(layer_views(norms, case.net.machine.layout)[0], values, strict=False):
        part[:] = np.sqrt(case.mean(value**2))[:, None]
    wanted = [
        (MagnitudePruning(), abs(w)),
        (SensitivityPruning(), case.mean((g * w) ** 2)),
        (SensitivityPruning(criterion="gradient"), case.mean(abs(g * w))),
        (SensitivityPruning(criterion="snip"), abs(case.mean(g) * w)),
        (SensitivityPruning(criterion="output"), case.mean(sensitivity)),
        (ActivationNormPruning(), abs(w) * norms),
    ]
    for pruner, scores in wanted:
        assert_allclose(pruner.scores(case.told), scores, rtol=1e-8, atol=1e-12)
        assert np.isnan(pruner.predicted_increase(case.told, np.zeros(w.size, bool), scores))
        assert pruner.adjustment(case.told, np.zeros(w.size, bool)) is None


def test_snip_and_karnin_say_when_they_look():
    kinds = {"snip": (True, False), "karnin": (False, True)}
    for criterion in ("taylor", "gradient", "output", "snip", "karnin"):
        pruner = SensitivityPruning(criterion=criterion)
        assert (pruner.before_training, pruner.watches_training) == kinds.get(criterion, (False, False))


def trace_of(start, squared_changes, learning_rate):
    trace = TrainingTrace(start, None, learning_rate)
    trace.squared_changes = squared_changes
    return trace


def test_shadow_of_training_by_hand():
    """Karnin (1990), equation 9: sum dw(n)^2 w / (eta (w - w_0))."""
    case = Case()
    start, squares = np.zeros(case.w.size), np.zeros(case.w.size)
    case.w[:3] = 1.0, 0.5, -2.0
    # two passes from 0: by 0.6 and 0.4; by 1 and -0.5; one that did not move; and a third that ended where it began
    squares[:2] = 0.6**2 + 0.4**2, 1.0**2 + 0.5**2
    start[2] = -2.0
    start[3:] = case.w[3:]
    squares[3] = 7.0
    scores = SensitivityPruning(criterion="karnin").scores(case.tell(trace_of(start, squares, 0.1)))
    assert_allclose(scores[:4], [0.52 * 1.0 / (0.1 * 1.0), 1.25 * 0.5 / (0.1 * 0.5), 0.0, 0.0], rtol=1e-14)


def test_shadow_of_gradient_descent_is_the_loss_it_gathered():
    """Along a straight way to a zero of the loss w^2 / 2, small steps gather -sum g dw = w_0^2 / 2 up to the rate."""
    rate, w = 1e-3, 3.0
    path = [w]
    while path[-1] > 1e-3:
        path.append(path[-1] * (1 - rate))
    path = np.array(path)
    case = Case()
    case.w[:] = path[-1]
    trace = trace_of(np.full(case.w.size, path[0]), np.full(case.w.size, np.sum(np.diff(path) ** 2)), rate)
    scores = SensitivityPruning(criterion="karnin").scores(case.tell(trace))
    # sum dw^2 / eta is what the loss fell by; the rest is the straight line from w_0 over 0 to w
    assert_allclose(scores, 0.5 * 3.0**2 * path[-1] / (3.0 - path[-1]), rtol=2e-3)


def test_random_scores_stay_the_same_over_the_steps():
    case = Case()
    first = RandomPruning(random_state=3).scores(case.told)
    case.w[::2] = 0.0
    assert_array_equal(RandomPruning(random_state=3).scores(case.tell()), first)
    assert not np.array_equal(RandomPruning(random_state=4).scores(case.told), first)
    assert len(np.unique(first)) == first.size


# Optimal Brain Damage


@DENSE_AND_SPARSE
def test_saliencies(sparse):
    case = Case(sparse)
    h, w = case.hessian().diagonal(), case.w
    signed = OptimalBrainDamage(negative="signed").scores(case.told)
    assert_allclose(signed, h * w**2 / 2, rtol=1e-6, atol=1e-9)
    assert signed.min() < 0 < signed.max()
    clipped = OptimalBrainDamage().scores(case.told)
    assert_allclose(clipped, np.maximum(h, 0.0) * w**2 / 2, rtol=1e-6, atol=1e-9)
    marquardt = OptimalBrainDamage(negative="levenberg_marquardt", curvature="no matter").scores(case.told)
    assert_allclose(marquardt, case.told.hessian_diagonal("levenberg_marquardt") * w**2 / 2, rtol=1e-12)
    assert marquardt.min() >= 0
    for method in ("obd", "hesscale", "gauss_newton", "fisher"):
        h = case.told.hessian_diagonal(method)
        found = OptimalBrainDamage(curvature=method, negative="signed").scores(case.told)
        assert_allclose(found, h * w**2 / 2, rtol=1e-12)
    removed = signed > np.median(signed)
    assert OptimalBrainDamage().predicted_increase(case.told, removed, clipped) == pytest.approx(clipped[removed].sum())


def test_weights_of_negative_curvature_go_first_the_smallest_before_the_others():
    case = Case()
    negative = OptimalBrainDamage(negative="signed").scores(case.told) < 0
    order = np.argsort(OptimalBrainDamage().scores(case.told))
    assert 2 < negative.sum() < negative.size
    first = order[: negative.sum()]
    assert negative[first].all()
    assert (np.diff(abs(case.w[first])) >= 0).all()


# Optimal Brain Surgeon


def constrained_minimum(hessian, w, removed):
    """Change of the weights that minimizes dw' H dw / 2 where some become zero, by the equations of Lagrange."""
    (gone,) = np.nonzero(removed)
    constraints = np.eye(w.size)[gone]
    system = np.block([[hessian, constraints.T], [constraints, np.zeros((gone.size, gone.size))]])
    return np.linalg.solve(system, np.concatenate([np.zeros(w.size), -w[gone]]))[: w.size]


@DENSE_AND_SPARSE
@pytest.mark.parametrize("kind", ["gauss_newton", "exact"])
def test_surgery_reaches_the_minimum_of_the_quadratic_model(kind, sparse):
    mask = np.random.RandomState(2).rand(26) < 0.8
    case = Case(sparse, mask=mask)
    assert case.w.size == 26
    pruner = OptimalBrainSurgeon(hessian=kind, damping=2.0 if kind == "exact" else 1e-3)
    hessian = np.linalg.inv(case.told.inverse_hessian(kind, pruner.damping))
    if kind == "exact":
        wanted = case.hessian()[np.ix_(mask, mask)] + 2.0 * np.eye(mask.sum())
        assert_allclose(hessian, wanted, rtol=1e-6, atol=1e-7)
    w, (positions,) = case.w[mask], np.nonzero(mask)
    scores = pruner.scores(case.told)
    groups = [[k] for k in range(w.size)] + [[0, 3], [1, 2, 5, 9], list(range(1, w.size))]
    for group in groups:
        removed, gone = np.zeros(26, bool), np.zeros(w.size, bool)
        removed[positions[group]] = gone[group] = True
        change = constrained_minimum(hessian, w, gone)
        found = pruner.adjustment(case.told, removed)
        assert_allclose(found[mask & ~removed], change[~gone], rtol=1e-6, atol=1e-9)
        assert not found[removed].any() and not found[~mask].any()
        increase = 0.5 * change @ hessian @ change
        assert pruner.predicted_increase(case.told, removed, scores) == pytest.approx(increase, rel=1e-6)
        if len(group) == 1:
            assert scores[removed] == pytest.approx(increase, rel=1e-6)


def linear_case():
    """A linear network at the minimum of the squared error."""
    case = Case(sizes=(5, 2), loss=SquaredError(), y=np.random.RandomState(5).normal(size=(12, 2)))
    net = case.net
    root = np.sqrt(net.weights)[:, None]
    solution = np.linalg.lstsq(root * np.column_stack([net.X, np.ones(12)]), root * net.y, rcond=None)[0]
    case.w[:] = solution.ravel()
    case.told = case.tell()
    return case, root


@pytest.mark.parametrize("kind", ["gauss_newton", "exact"])
@pytest.mark.parametrize("max_weights", [1000, 0], ids=["whole", "layers"])
def test_surgery_on_a_linear_network_is_least_squares(kind, max_weights):
    case, root = linear_case()
    net = case.net
    pruner = OptimalBrainSurgeon(hessian=kind, damping=1e-12, max_weights=max_weights)
    for seed in range(5):
        removed = np.zeros(case.w.size, bool)
        removed[np.random.RandomState(seed).choice(10, 4, replace=False)] = True
        after = np.where(removed, 0.0, case.w + pruner.adjustment(case.told, removed))
        for unit in range(2):
            left = np.append(~removed[:10].reshape(5, 2)[:, unit], True)
            x = (root * np.column_stack([net.X, np.ones(12)]))[:, left]
            wanted = np.linalg.lstsq(x, (root * net.y)[:, unit], rcond=None)[0]
            found = np.append(after[:10].reshape(5, 2)[:, unit], after[10 + unit])
            assert_allclose(found[left], wanted, rtol=1e-7, atol=1e-9)
        actual = net.loss_gradient(after)[0] - net.loss_gradient(case.w)[0]
        predicted = pruner.predicted_increase(case.told, removed, pruner.scores(case.told))
        if max_weights:
            assert predicted == pytest.approx(actual, rel=1e-8)
        else:
            assert np.isnan(predicted)


def test_layer_by_layer_each_unit_gives_what_it_gave_as_nearly_as_it_can():
    mask = np.ones(26, bool)
    mask[[1, 7, 13]] = False
    case = Case(mask=mask)
    net, pruner = case.net, OptimalBrainSurgeon(max_weights=22, damping=1e-12)
    removed = np.zeros(26, bool)
    removed[[0, 5, 9, 12, 14, 19, 22]] = True
    after = np.where(removed, 0.0, case.w + pruner.adjustment(case.told, removed))
    values = forward(*net.layers, net.activations, net.X)[1]
    (olds, old_b), (news, new_b) = (layer_views(theta, net.machine.layout) for theta in (case.w, after))
    masks, mask_b = layer_views(mask & ~removed, net.machine.layout)
    root = np.sqrt(net.weights)
    saliency = np.full(26, np.inf)
    places, place_b = layer_views(saliency, net.machine.layout)
    for layer, x in enumerate(values[:-1]):
        x = root[:, None] * np.column_stack([x, np.ones(12)])
        for unit in range(olds[layer].shape[1]):
            before = np.append(olds[layer][:, unit], old_b[layer][unit])
            found = np.append(news[layer][:, unit], new_b[layer][unit])
            left = np.append(masks[layer][:, unit], mask_b[layer][unit])
            wanted = np.linalg.lstsq(x[:, left], x @ before, rcond=None)[0]
            assert_allclose(found[left], wanted, rtol=1e-6, atol=1e-8)
            for k in np.flatnonzero(before):  # the score: what the sums are off by without this one alone
                rest = (before != 0) & (np.arange(before.size) != k)
                residual = x @ before - x[:, rest] @ np.linalg.lstsq(x[:, rest], x @ before, rcond=None)[0]
                part = places[layer][k, unit : unit + 1] if k < before.size - 1 else place_b[layer][unit : unit + 1]
                part[:] = 0.5 * residual @ residual / net.weights.sum()
    assert_allclose(pruner.scores(case.told), saliency, rtol=1e-5, atol=1e-9)


def test_surgery_looks_at_layers_alone_beyond_a_number_of_weights():
    case = Case()
    removed = np.arange(26) == 3
    whole, layers = (OptimalBrainSurgeon(max_weights=count) for count in (26, 25))
    assert not np.isnan(whole.predicted_increase(case.told, removed, None))
    assert np.isnan(layers.predicted_increase(case.told, removed, None))
    assert not np.allclose(whole.scores(case.told), layers.scores(case.told))
    layers.scores(case.tell())


# Units


@DENSE_AND_SPARSE
@pytest.mark.parametrize("loss", [SoftmaxLogLoss(), SquaredError()], ids=repr)
def test_relevance_is_the_slope_of_the_linear_error_in_the_strength_of_a_unit(loss, sparse):
    case = Case(sparse, loss=loss, sizes=(3, 4, 3, 2), activation=Logistic())
    net = case.net
    (scores, of_second) = UnitPruning().scores(case.told)
    assert scores.shape == (4,) and of_second.shape == (3,)

    def error(layer, unit, strength):
        values = net.X
        for k, (w, b) in enumerate(zip(*net.layers, strict=True)):
            values = values @ w + b
            values = values if k == 2 else 1 / (1 + np.exp(-values))
            if k == layer:
                values = values * np.where(np.arange(values.shape[1]) == unit, strength, 1.0)
        return case.mean(np.abs(net.y - inverse_links(loss, values)).sum(axis=1))

    for layer, found in enumerate((scores, of_second)):
        wanted = [-derivative(lambda a, k=k, layer=layer: error(layer, k, a), 1.0) for k in range(found.size)]
        assert_allclose(found, wanted, rtol=1e-8, atol=1e-11)


# One's own


class SmallestContribution(Pruner):
    def scores(self, network):
        return abs(network.weights) * network.mean_absolute_gradient()


def test_a_pruner_of_ones_own_is_one_formula():
    case = Case()
    own = get_pruner(SmallestContribution(sparsity=0.9, n_steps=4))
    assert len(own.steps(0.0)) == 4
    assert_allclose(own.scores(case.told), SensitivityPruning(criterion="gradient").scores(case.told))
    with pytest.raises(NotImplementedError, match=r"Nothing has no scores\(network\)"):

        class Nothing(Pruner):
            pass

        get_pruner(Nothing()).scores(case.told)


def test_identity_network_has_one_group():
    """Without hidden layer each output is its own model: surgery on one leaves the others alone."""
    case = Case(sizes=(4, 3), loss=SquaredError(), activation=Identity())
    removed = np.zeros(case.w.size, bool)
    removed[1] = True  # feature 0, output 1
    change = OptimalBrainSurgeon().adjustment(case.told, removed)
    coefs, intercepts = layer_views(change, case.net.machine.layout)
    assert np.abs(coefs[0][:, [0, 2]]).max() < 1e-12 and np.abs(intercepts[0][[0, 2]]).max() < 1e-12
    assert np.abs(coefs[0][1:, 1]).min() > 0
