"""Every loss of the registry and its multiclass form: derivatives, links, extremes, kernels, other libraries."""

import numpy as np
import pytest
from compiled import hessian_rows, hessians, losses_and_slopes, run
from reference import (
    EPS,
    each,
    has_rows,
    inverse_links,
    jacobian,
    losses_and_gradients,
    second_derivatives,
    variants,
)
from scipy import special
from sklearn import metrics

from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.jit.strategy_type import has
from sknn_concepts.losses import (
    ALIASES,
    LOSSES,
    Focal,
    Huber,
    Loss,
    Quantile,
    SoftmaxFocal,
    SoftmaxLogLoss,
    get_loss,
)
from sknn_concepts.losses.linear_errors import LINEAR_ERRORS
from sknn_concepts.network import kernels as network

ALL = dict(variants(LOSSES))
ROWS = {f"{name}-multiclass": loss.multiclass() for name, loss in ALL.items() if has_rows(loss.multiclass())}
ALL |= ROWS
#: Errors by which pruners judge units.
LINEAR = {f"linear-{link}": error() for link, error in LINEAR_ERRORS.items()}
#: Losses that are minus a log-likelihood with its natural link: the gradient is prediction minus target.
CANONICAL = {name: loss for name, loss in ALL.items() if name in ("log_loss", "squared_error", "poisson")}
CANONICAL["log_loss-multiclass"] = ROWS["log_loss-multiclass"]

LINKS = {
    "identity": lambda raw: raw,
    "logistic": special.expit,
    "softmax": lambda raw: special.softmax(raw, axis=1),
    "exp": np.exp,
}


def table(losses):
    return pytest.mark.parametrize("loss", losses.values(), ids=losses)


def has_hessian(loss):
    return has(loss, "hessian") or has(loss, "hessian_row")


WITH_HESSIAN = {name: loss for name, loss in ALL.items() if has_hessian(loss)}
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def samples(loss, n_outputs=3, n=24):
    """Targets in the loss's domain, at round numbers, and raw predictions 0.11 or more away from such."""
    raw = np.random.RandomState(0).randint(-12, 12, (n, n_outputs)) * 0.25 + 0.11
    if has_rows(loss):
        return np.eye(n_outputs)[np.arange(n) % n_outputs], raw
    if "regression" in loss.tasks and "classification" not in loss.tasks:
        return np.random.RandomState(1).randint(0, 9, (n, n_outputs)) * 0.25, raw
    return np.random.RandomState(1).randint(0, 2, (n, n_outputs)).astype(float), raw


@table(ALL | LINEAR)
def test_gradient_is_the_derivative_of_the_loss(loss):
    y, raw = samples(loss)
    gradients = losses_and_gradients(loss, y, raw)[1]
    for target, row, gradient in zip(y, raw, gradients, strict=True):
        numeric = jacobian(lambda r, t=target: losses_and_gradients(loss, t[None], r[None])[0][0], row)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-9, atol=1e-10)


@table(WITH_HESSIAN)
def test_hessian_is_the_derivative_of_the_gradient(loss):
    y, raw = samples(loss)
    matrices = second_derivatives(loss, y, raw)
    np.testing.assert_allclose(matrices, matrices.transpose(0, 2, 1), rtol=1e-13, atol=1e-15)
    for target, row, matrix in zip(y, raw, matrices, strict=True):
        numeric = jacobian(lambda r, t=target: losses_and_gradients(loss, t[None], r[None])[1][0], row)
        np.testing.assert_allclose(matrix, numeric, rtol=1e-9, atol=1e-10)


@table(ALL)
def test_what_has_no_hessian_is_piecewise_linear(loss):
    if not has_hessian(loss):
        y, raw = samples(loss)
        gradients = losses_and_gradients(loss, y, raw)[1]
        np.testing.assert_array_equal(losses_and_gradients(loss, y, raw + 1e-3)[1], gradients)


@pytest.mark.parametrize(
    ("loss", "y", "raw"),
    [
        (Quantile(0.9), [[2.0]], [[2.0]]),
        (LINEAR["linear-identity"], [[2.0]], [[2.0]]),
        (LINEAR["linear-logistic"], [[0.5]], [[0.0]]),
        (LINEAR["linear-exp"], [[1.0]], [[0.0]]),
        (LINEAR["linear-softmax"], [[0.5, 0.5]], [[0.0, 0.0]]),
        (SoftmaxFocal(), [[1.0, 0.0]], [[1000.0, 0.0]]),
    ],
    ids=repr,
)
def test_a_prediction_without_error_moves_nothing(loss, y, raw):
    losses, gradients = losses_and_gradients(loss, np.array(y), np.array(raw))
    assert losses == [0.0] and not np.any(gradients)
    if has_hessian(loss):
        assert not np.any(second_derivatives(loss, np.array(y), np.array(raw)))


def test_finite_differences_see_a_wrong_gradient():
    class Wrong(Loss):
        def loss(self, y, raw):
            return (raw - y) ** 4

        def gradient(self, y, raw):
            return 4.0001 * (raw - y) ** 3

    with pytest.raises(AssertionError):
        test_gradient_is_the_derivative_of_the_loss(Wrong())


@table(ALL)
def test_inverse_link_is_the_one_it_names(loss):
    _, raw = samples(loss)
    np.testing.assert_allclose(inverse_links(loss, raw), LINKS[loss.link](raw), rtol=1e-13)


@table(ALL)
def test_probabilities(loss):
    _, raw = samples(loss)
    predictions = inverse_links(loss, np.concatenate([raw, 1e4 * raw]))
    inside = ((predictions >= 0) & (predictions <= 1)).all()
    assert loss.probabilities == (loss.link in ("logistic", "softmax"))
    assert inside or not loss.probabilities
    if loss.link == "softmax":
        np.testing.assert_allclose(predictions.sum(axis=1), 1.0, rtol=1e-14)


@table(ALL)
def test_threshold_is_between_the_classes(loss):
    """Equal distance from both targets, or probability one half."""
    if "classification" in loss.tasks and not has_rows(loss):
        off, on = each(loss.loss, np.array([0.0, 1.0]), loss.threshold)
        assert off == pytest.approx(on)
    if loss.link == "logistic":
        assert loss.inverse_link(loss.threshold) == 0.5


@table(CANONICAL)
def test_gradient_of_a_log_likelihood_is_prediction_minus_target(loss):
    y, raw = samples(loss)
    gradients = losses_and_gradients(loss, y, raw)[1]
    np.testing.assert_allclose(gradients, inverse_links(loss, raw) - y, rtol=1e-12, atol=1e-14)


@table(ROWS)
def test_softmax_over_two_classes_is_the_logistic(loss):
    single = ALL[next(name for name in ROWS if ROWS[name] is loss).removesuffix("-multiclass")]
    y, raw = samples(single, n_outputs=1)
    value, gradient = losses_and_gradients(single, y, raw)
    pair, zero = np.hstack([1 - y, y]), np.zeros_like(raw)
    values, gradients = losses_and_gradients(loss, pair, np.hstack([zero, raw]))
    np.testing.assert_allclose(values, value, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gradients[:, 1:], gradient, rtol=1e-12, atol=1e-15)
    matrices = second_derivatives(loss, pair, np.hstack([zero, raw]))
    np.testing.assert_allclose(matrices[:, 1:, 1:], second_derivatives(single, y, raw), rtol=1e-11, atol=1e-14)


@table(ROWS)
def test_softmax_losses_do_not_see_a_common_shift(loss):
    y, raw = samples(loss)
    for one, other in zip(losses_and_gradients(loss, y, raw), losses_and_gradients(loss, y, raw + 1000), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(losses_and_gradients(loss, y, raw)[1].sum(axis=1), 0.0, atol=1e-14)
    np.testing.assert_allclose(second_derivatives(loss, y, raw).sum(axis=2), 0.0, atol=1e-13)


@each_dtype
@table(ROWS)
def test_compiled_softmax_losses_do_not_see_a_common_shift(loss, dtype):
    """Reordered sums would lose log(total) beside a large logit."""
    y, raw = samples(loss)
    y, raw = y.astype(dtype), np.round(4 * raw).astype(dtype) / 4  # exact in both dtypes, and with 2^14 added
    for i in range(len(y)):
        total, gradient = compiled_losses_and_gradients(loss, y[i : i + 1], raw[i : i + 1])
        shifted, shifted_gradient = compiled_losses_and_gradients(loss, y[i : i + 1], raw[i : i + 1] + 2**14)
        assert shifted == pytest.approx(total, rel=4 * EPS[dtype])
        np.testing.assert_allclose(shifted_gradient, gradient, rtol=4 * EPS[dtype], atol=4 * EPS[dtype])


@pytest.mark.parametrize("form", ["log_loss", "log_loss-multiclass"])
def test_label_smoothing_spreads_a_share_over_the_classes(form):
    plain, share = ALL[form], 0.3
    smooth = type(plain)(label_smoothing=share)
    y, raw = samples(plain)
    n_classes = y.shape[1] if has_rows(plain) else 2
    every_class = np.eye(n_classes) if has_rows(plain) else np.array([[0.0], [1.0]])
    expected = (1 - share) * losses_and_gradients(plain, y, raw)[0]
    for target in every_class:
        expected += share / n_classes * losses_and_gradients(plain, np.broadcast_to(target, y.shape), raw)[0]
    np.testing.assert_allclose(losses_and_gradients(smooth, y, raw)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_loss_by_its_definition(gamma):
    y, raw = samples(Focal())
    p = np.where(y == 1, special.expit(raw), special.expit(-raw))
    expected = (-((1 - p) ** gamma) * np.log(p)).sum(axis=1)
    np.testing.assert_allclose(losses_and_gradients(Focal(gamma), y, raw)[0], expected, rtol=1e-12)
    y, raw = samples(SoftmaxFocal())
    p = special.softmax(raw, axis=1)[y == 1]
    expected = -((1 - p) ** gamma) * np.log(p)
    np.testing.assert_allclose(losses_and_gradients(SoftmaxFocal(gamma), y, raw)[0], expected, rtol=1e-12)


def test_focal_loss_without_focus_is_the_log_loss():
    for focal, log_loss in (
        (Focal(0.0), LOSSES["log_loss"]()),
        (SoftmaxFocal(0.0), SoftmaxLogLoss()),
    ):
        y, raw = samples(focal)
        pairs = zip(losses_and_gradients(focal, y, raw), losses_and_gradients(log_loss, y, raw), strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
        both = second_derivatives(focal, y, raw), second_derivatives(log_loss, y, raw)
        np.testing.assert_allclose(*both, rtol=1e-11, atol=1e-14)


def extreme_samples(loss, dtype):
    """Right and wrong predictions of +-1e4, and mixtures."""
    raw = 1e4 * np.array([[1, -1, -1], [-1, 1, 1], [1, 1, 1], [-1, -1, -1], [0, 1, -1], [1, 0, -1]])
    y = np.eye(3)[[0] * 6] if has_rows(loss) else np.resize([1.0, 0.0], raw.shape)
    return y.astype(dtype), raw.astype(dtype)


def compiled_losses_and_gradients(loss, y, raw, weights=None, scale=1.0):
    """Weighted sum of the losses and scaled gradients by the engine's kernels."""
    kernel = network.loss_kernel(loss)
    out = np.full_like(raw, np.nan)
    weights = np.empty(0, raw.dtype) if weights is None else weights
    losses = np.empty(len(raw), raw.dtype)
    run(kernel, loss, y, raw, weights, scale, out, losses)
    return losses.sum(dtype=float), out


@each_dtype
@table(ALL)
def test_logits_of_ten_thousand(loss, dtype):
    y, raw = extreme_samples(loss, dtype)
    if loss.link == "exp":
        raw = -abs(raw)  # e^10000 is infinite, and so is a loss of that prediction
    values, gradients = losses_and_gradients(loss, y.astype(float), raw.astype(float))
    assert np.isfinite(values).all() and np.isfinite(gradients).all()
    total, compiled = compiled_losses_and_gradients(loss, y, raw)
    assert total == pytest.approx(values.sum(), rel=4 * EPS[dtype])
    np.testing.assert_allclose(compiled, gradients, rtol=4 * EPS[dtype], atol=4 * EPS[dtype])
    if has_hessian(loss):
        matrices = compiled_hessians(loss, y, raw)
        np.testing.assert_allclose(matrices, second_derivatives(loss, y.astype(float), raw.astype(float)), atol=1e-5)


@table(ALL)
def test_an_overflowing_loss_is_not_finite(loss):
    """Divergence is seen as infinity or NaN, never as a small number."""
    if has_rows(loss):
        y, raw = np.eye(3), np.full((3, 3), np.nan)
    else:
        y, raw = np.zeros((3, 1)), np.full((3, 1), np.nan)
    assert not np.isfinite(compiled_losses_and_gradients(loss, y, raw)[0])


def test_poisson_overflows_to_infinity():
    total, _ = compiled_losses_and_gradients(LOSSES["poisson"](), np.ones((1, 1)), np.full((1, 1), 1e4))
    assert total == np.inf


@each_dtype
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@table(ALL)
def test_kernel_against_its_twin(loss, weighted, n_outputs, dtype):
    if has_rows(loss) and n_outputs == 1:
        n_outputs = 7
    y, raw = samples(loss, n_outputs)
    y, raw = y.astype(dtype), raw.astype(dtype)
    values, gradients = losses_and_gradients(loss, y.astype(float), raw.astype(float))
    weights = np.arange(1.0, len(y) + 1) / 8 if weighted else np.ones(len(y))
    given = weights.astype(dtype) if weighted else None
    total, compiled = compiled_losses_and_gradients(loss, y, raw, given, 0.25)
    assert total == pytest.approx(weights @ values, rel=64 * EPS[dtype])
    expected = 0.25 * weights[:, None] * gradients
    np.testing.assert_allclose(compiled, expected, rtol=64 * EPS[dtype], atol=64 * EPS[dtype])


@table(ALL)
def test_weight_two_is_the_sample_twice(loss):
    y, raw = samples(loss)
    counts = np.arange(len(y)) % 3
    weighted, gradients = compiled_losses_and_gradients(loss, y, raw, counts.astype(float))
    repeated, each_row = compiled_losses_and_gradients(loss, np.repeat(y, counts, 0), np.repeat(raw, counts, 0))
    assert weighted == pytest.approx(repeated, rel=1e-13)
    np.testing.assert_allclose(gradients.sum(axis=0), each_row.sum(axis=0), rtol=1e-12, atol=1e-13)


def compiled_hessians(loss, y, raw):
    """Hessian matrix of each sample by the compiled formulas."""
    if has_rows(loss):
        out = np.empty((*raw.shape, raw.shape[1]), raw.dtype)
        run(hessian_rows, loss, y, raw, out)
        return out
    out = np.empty_like(raw)
    run(hessians, loss, y, raw, out)
    return np.stack([np.diag(row) for row in out])


@each_dtype
@table(WITH_HESSIAN)
def test_compiled_hessian_is_the_plain_one(loss, dtype):
    y, raw = samples(loss)
    compiled = compiled_hessians(loss, y.astype(dtype), raw.astype(dtype))
    expected = second_derivatives(loss, y, raw.astype(dtype).astype(float))
    np.testing.assert_allclose(compiled, expected, rtol=128 * EPS[dtype], atol=32 * EPS[dtype])


@pytest.mark.skipif(not COMPILED, reason="NUMBA_DISABLE_JIT")
@table(ALL)
def test_single_precision_stays_single(loss):
    y, raw = (array.astype(np.float32) for array in samples(loss))
    if has_rows(loss):
        numbers = np.array([compiled_losses_and_gradients(loss, y[i : i + 1], raw[i : i + 1])[0] for i in range(9)])
    else:
        numbers = np.empty((2, raw.size))  # doubles: what was computed in double precision would show
        run(losses_and_slopes, loss, y.ravel(), raw.ravel(), numbers)
    assert np.array_equal(numbers, numbers.astype(np.float32))


@each_dtype
@table(ALL)
def test_link_kernel(loss, dtype):
    _, raw = samples(loss)
    raw = raw.astype(dtype)
    expected = LINKS[loss.link](raw.astype(float))
    run(network.link_rows if has_rows(loss) else network.link, loss, raw)
    np.testing.assert_allclose(raw, expected, rtol=32 * EPS[dtype], atol=EPS[dtype])


SKLEARN = {
    "log_loss": lambda y, raw: metrics.log_loss(y, special.expit(raw)),
    "squared_error": lambda y, raw: metrics.mean_squared_error(y, raw) / 2,
    "absolute_error": lambda y, raw: metrics.mean_absolute_error(y, raw),
    "quantile": lambda y, raw: metrics.mean_pinball_loss(y, raw, alpha=0.5),
    "poisson": lambda y, raw: metrics.mean_poisson_deviance(y, np.exp(raw)) / 2,
    "hinge": lambda y, raw: metrics.hinge_loss(y, raw),
}


@pytest.mark.parametrize("name", SKLEARN)
def test_against_scikit_learn(name):
    loss = LOSSES[name]()
    y, raw = (array.ravel() for array in samples(loss, n_outputs=1))
    assert each(loss.loss, y, raw).mean() == pytest.approx(SKLEARN[name](y, raw), rel=1e-12)


def test_other_quantiles_against_scikit_learn():
    y, raw = (array.ravel() for array in samples(Quantile(), n_outputs=1))
    for q in (0.05, 0.9):
        expected = metrics.mean_pinball_loss(y, raw, alpha=q)
        assert each(Quantile(q).loss, y, raw).mean() == pytest.approx(expected, rel=1e-12)


def test_multinomial_log_loss_against_scikit_learn():
    y, raw = samples(SoftmaxLogLoss())
    expected = metrics.log_loss(y.argmax(axis=1), special.softmax(raw, axis=1))
    assert losses_and_gradients(SoftmaxLogLoss(), y, raw)[0].mean() == pytest.approx(expected, rel=1e-12)


def torch_losses(functional, torch):
    """Sum over a batch by PyTorch, for pairs of a loss and a function of raw predictions and targets."""

    def focal(gamma):
        def loss(raw, y):
            log_p = functional.logsigmoid((2 * y - 1) * raw)
            return (-((1 - log_p.exp()) ** gamma) * log_p).sum()

        return loss

    def softmax_focal(gamma):
        def loss(raw, y):
            log_p = (functional.log_softmax(raw, dim=1) * y).sum(dim=1)
            return (-((1 - log_p.exp()) ** gamma) * log_p).sum()

        return loss

    def cross_entropy(smoothing):
        return lambda raw, y: functional.cross_entropy(raw, y.argmax(dim=1), label_smoothing=smoothing, reduction="sum")

    def poisson(raw, y):
        constant = special.xlogy(y.numpy(), y.numpy()).sum() - y.sum()  # half the deviance against the likelihood
        return functional.poisson_nll_loss(raw, y, reduction="sum") + constant

    return [
        (LOSSES["log_loss"](), lambda r, y: functional.binary_cross_entropy_with_logits(r, y, reduction="sum")),
        (LOSSES["squared_error"](), lambda raw, y: functional.mse_loss(raw, y, reduction="sum") / 2),
        (LOSSES["absolute_error"](), lambda raw, y: functional.l1_loss(raw, y, reduction="sum")),
        (Huber(0.7), lambda raw, y: functional.huber_loss(raw, y, delta=0.7, reduction="sum")),
        (LOSSES["poisson"](), poisson),
        (Focal(2.5), focal(2.5)),
        (SoftmaxFocal(2.5), softmax_focal(2.5)),
        (SoftmaxLogLoss(), cross_entropy(0.0)),
        (SoftmaxLogLoss(0.2), cross_entropy(0.2)),
    ]


def test_against_torch():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    for loss, function in torch_losses(functional, torch):
        y, raw = samples(loss)
        values, gradients = losses_and_gradients(loss, y, raw)
        tensor = torch.tensor(raw, requires_grad=True)
        total = function(tensor, torch.tensor(y))
        (expected,) = torch.autograd.grad(total, tensor)
        assert values.sum() == pytest.approx(total.item(), rel=1e-12), loss
        np.testing.assert_allclose(gradients, expected, rtol=1e-11, atol=1e-14, err_msg=repr(loss))


def test_poisson_of_no_count_is_the_prediction():
    assert each(LOSSES["poisson"]().loss, np.array([0.0]), np.array([0.3])) == pytest.approx(np.exp(0.3))


def test_targets_outside_the_domain():
    with pytest.raises(ValueError, match=r"poisson loss needs y >= 0; the smallest target is -2"):
        LOSSES["poisson"]().check_target(np.array([1.0, -2.0]))
    LOSSES["poisson"]().check_target(np.array([0.0, 3.0]))


@pytest.mark.parametrize("name", LOSSES)
def test_the_task_has_to_fit(name):
    for task in ("classification", "regression"):
        if task in LOSSES[name]().tasks:
            assert type(get_loss(name, task)) is type(LOSSES[name]())
        else:
            with pytest.raises(ValueError, match=rf"{name}.*not for {task}; for {task}: \["):
                get_loss(name, task)


def test_aliases_lead_to_names():
    for alias, name in ALIASES.items():
        assert type(get_loss(alias, LOSSES[name]().tasks[0])) is type(LOSSES[name]())
