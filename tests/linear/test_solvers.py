"""Kernels and solvers of logistic regression against plain NumPy, finite differences and each other."""

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import check_grad
from scipy.special import log_softmax

from sknn_concepts.jit.decorator import COMPILED
from sknn_concepts.linear import kernels, proximal_newton, smooth_solvers, triangular
from sknn_concepts.linear.iterations import backtrack, conjugate_gradients
from sknn_concepts.linear.objective import LogisticObjective
from sknn_concepts.linear.preconditioner import Preconditioner
from sknn_concepts.linear.rows import add_sparse_product, add_sparse_transposed_product, as_rows, take_rows
from sknn_concepts.network.threads import WorkerThreads

SMOOTH = [smooth_solvers.lbfgs, smooth_solvers.newton_cholesky, smooth_solvers.newton_cg, smooth_solvers.fastest]
TOLERANCE = {np.float64: {"rtol": 1e-11, "atol": 1e-11}, np.float32: {"rtol": 2e-4, "atol": 2e-4}}


def table(n, p, n_classes, seed=0, density=None, dtype=np.float64, indices=np.int32):
    """Samples, numbers of classes and weights, some of them zero."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p))
    if density is not None:
        X *= rng.random_sample(X.shape) < density
    y = np.append(np.arange(n_classes), rng.randint(n_classes, size=n - n_classes))
    X[:, :2] += 0.7 * y[:, None]
    weights = rng.randint(0, 4, size=n) * 0.5
    X = X.astype(dtype)
    if density is not None:
        X = scipy.sparse.csr_matrix(X)
        X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    return X, y, weights


def make(X, y, weights=None, *, ridge=0.1, lasso=0.0, fit_intercept=True):
    """Objective whose intercept is free."""
    penalties = [np.append(np.full(X.shape[1], strength), 0.0) for strength in (ridge, lasso)]
    return LogisticObjective(
        X, y, y.max() + 1, weights, ridge=penalties[0], lasso=penalties[1], fit_intercept=fit_intercept
    )


def naive(X, y, weights, theta, ridge):
    """Value, gradient and Hessian in plain NumPy: one-hot targets, and the multinomial model for two classes too."""
    X = X.toarray() if scipy.sparse.issparse(X) else X
    Z = np.column_stack([X.astype(float), np.ones(len(X))])
    weights = np.ones(len(X)) if weights is None else weights
    n_classes = y.max() + 1
    w = theta.reshape(Z.shape[1], -1)
    raw = Z @ (np.column_stack([np.zeros(len(w)), w]) if n_classes == 2 else w)
    log_p = log_softmax(raw, axis=1)
    p = np.exp(log_p)
    penalty = np.append(np.full(X.shape[1], ridge), 0.0)[:, None]
    share = weights / weights.sum()
    value = -share @ log_p[np.arange(len(y)), y] + 0.5 * np.sum(penalty * w * w)
    gradient = Z.T @ (share[:, None] * (p - np.eye(n_classes)[y]))
    outputs = range(1, 2) if n_classes == 2 else range(n_classes)
    hessian = np.empty((len(w), len(outputs), len(w), len(outputs)))
    for a, c in enumerate(outputs):
        for b, d in enumerate(outputs):
            h = share * p[:, c] * ((c == d) - p[:, d])
            hessian[:, a, :, b] = Z.T @ (h[:, None] * Z) + (c == d) * np.diag(penalty[:, 0])
    return value, (gradient[:, list(outputs)] + penalty * w).ravel(), hessian.reshape(theta.size, theta.size)


CASES = [
    pytest.param(kind, n_classes, dtype, id=f"{kind}-{n_classes}-{np.dtype(dtype).name}")
    for kind in ("dense", "csr", "csr64")
    for n_classes in (2, 4)
    for dtype in (np.float64, np.float32)
]


def case(kind, n_classes, dtype, n=83, p=11):
    options = {"dense": {}, "csr": {"density": 0.4}, "csr64": {"density": 0.4, "indices": np.int64}}[kind]
    return table(n, p, n_classes, dtype=dtype, **options)


@pytest.mark.parametrize(("kind", "n_classes", "dtype"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_value_gradient_and_hessian_are_those_of_numpy(kind, n_classes, dtype, weighted):
    X, y, weights = case(kind, n_classes, dtype)
    weights = weights if weighted else None
    objective = make(X, y, weights)
    rng = np.random.RandomState(1)
    theta, v = rng.standard_normal((2, objective.shape[0] * objective.n_outputs))
    probabilities = np.empty((len(y), objective.n_outputs))
    value, gradient = objective.value_gradient(theta, probabilities)
    expected_value, expected_gradient, hessian = naive(X, y, weights, theta, 0.1)
    same = TOLERANCE[dtype]
    np.testing.assert_allclose(value, expected_value, **same)
    np.testing.assert_allclose(gradient, expected_gradient, **same)
    filled = objective.hessian(probabilities) - hessian
    if n_classes > 2:  # the common intercept, which the loss does not see
        common = filled[-n_classes:, -n_classes:].copy()
        np.testing.assert_allclose(
            common, np.full_like(common, np.trace(hessian[-n_classes:, -n_classes:]) / n_classes**2), **same
        )
        filled[-n_classes:, -n_classes:] = 0.0
    np.testing.assert_allclose(filled, np.zeros_like(filled), **same)
    np.testing.assert_allclose(objective.hessian_product(v, probabilities), hessian @ v, **same)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", ["dense", "csr"])
def test_gradient_and_hessian_are_finite_differences(kind, n_classes):
    X, y, weights = case(kind, n_classes, np.float64)
    objective = make(X, y, weights)
    rng = np.random.RandomState(2)
    theta, v = rng.standard_normal((2, objective.shape[0] * objective.n_outputs))
    error = check_grad(lambda t: objective.value_gradient(t)[0], lambda t: objective.value_gradient(t)[1], theta)
    assert error < 1e-6
    probabilities = np.empty((len(y), objective.n_outputs))
    objective.value_gradient(theta, probabilities)
    h = 1e-5
    difference = objective.value_gradient(theta + h * v)[1] - objective.value_gradient(theta - h * v)[1]
    np.testing.assert_allclose(objective.hessian_product(v, probabilities), difference / (2 * h), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (8, 1), (9, 16), (263, 5), (20, 130), (9, 127), (260, 258)])
def test_blocks_and_remainders_leave_nothing_out(shape):
    n, p = shape
    rng = np.random.RandomState(3)
    X, y = rng.standard_normal(shape), rng.randint(2, size=n)
    y[-1] = 1
    objective = make(X, y)
    theta = rng.standard_normal(p + 1)
    value, gradient, hessian = naive(X, y, None, theta, 0.1)
    probabilities = np.empty((n, 1))
    np.testing.assert_allclose(objective.value_gradient(theta, probabilities)[0], value, rtol=1e-12)
    np.testing.assert_allclose(objective.value_gradient(theta)[1], gradient, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(objective.hessian(probabilities), hessian, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_integer_weights_are_repeated_rows(kind, n_classes):
    X, y, weights = case(kind, n_classes, np.float64)
    counts = (2 * weights).astype(int)
    rows = np.repeat(np.arange(len(y)), counts)
    weighted, repeated = make(X, y, counts), make(X[rows], y[rows])
    theta = np.random.RandomState(4).standard_normal(weighted.shape[0] * weighted.n_outputs)
    for one, other in zip(weighted.value_gradient(theta), repeated.value_gradient(theta), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(weighted.norms, repeated.norms, rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_extreme_logits_give_finite_and_exact_losses(n_classes):
    X = np.array([[1e4], [-1e4], [1e4], [0.0]])
    y = np.array([n_classes - 1, 0, 0, n_classes - 1])
    objective = make(X, y, ridge=0.0)
    w = np.zeros(objective.shape)
    w[0, -1] = 1.0
    value, gradient = objective.value_gradient(w.ravel())
    # sure and right, sure and right, sure and wrong, undecided; three classes share the second row
    second = 0.0 if n_classes == 2 else np.log(2.0)
    np.testing.assert_allclose(value, (second + 1e4 + np.log(n_classes)) / 4, rtol=1e-14)
    assert np.isfinite(gradient).all()


def test_huge_features_are_fitted_or_refused():
    X, y, _ = table(40, 3, 2)
    for solve in (*SMOOTH, proximal_newton.proximal_newton):
        lasso = 1e-3 if solve is proximal_newton.proximal_newton else 0.0
        solution = solve(make(X * [1e150, 1.0, 1e-150], y, ridge=1e-3, lasso=lasso), np.zeros(4), 1e-6, 200)
        assert np.isfinite(solution.theta).all()
    with pytest.raises(ValueError, match="Feature 1 is too large to be squared"):
        smooth_solvers.lbfgs(make(X * [1.0, 1e160, 1.0], y), np.zeros(4), 1e-6, 10)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("n", "p"), [(60, 5), (6, 30)])
def test_the_preconditioner_is_linear_and_makes_the_objective_round(n, p, intercept):
    X, y, weights = table(n, p, 2)
    objective = make(X, y, weights, ridge=1e-3, fit_intercept=intercept)
    rng = np.random.RandomState(5)
    origin, u = rng.standard_normal((2, p + 1))
    origin[-1] = 0.0
    preconditioner = Preconditioner(objective, origin)
    np.testing.assert_allclose(preconditioner.parameters(np.zeros(p + 1)), origin)
    gradient = rng.standard_normal(p + 1)
    np.testing.assert_allclose(
        preconditioner.gradient(gradient) @ u, gradient @ (preconditioner.parameters(u) - origin)
    )
    if n > p and intercept:
        probabilities = np.empty((n, 1))
        objective.value_gradient(origin, probabilities)
        A = np.column_stack([preconditioner.parameters(e) - origin for e in np.eye(p + 1)])
        np.testing.assert_allclose(A.T @ objective.hessian(probabilities) @ A, np.eye(p + 1), atol=1e-6)


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("ridge", [0.0, 1e-3])
def test_smooth_solvers_meet_at_a_stationary_point(kind, n_classes, ridge):
    X, y, weights = case(kind, n_classes, np.float64, n=160)
    X = X @ scipy.sparse.diags(np.logspace(-4, 3, X.shape[1])) if kind == "csr" else X * np.logspace(-4, 3, X.shape[1])
    objective = make(X.tocsr() if kind == "csr" else X, y, weights, ridge=ridge)
    values = []
    for solve in SMOOTH:
        solution = solve(objective, np.zeros(objective.shape[0] * objective.n_outputs), 1e-9, 2000)
        assert solution.converged
        value, gradient = objective.value_gradient(solution.theta)
        values.append(value)
        assert np.abs(gradient / np.sqrt(objective.diagonal_bound())).max() < 1e-5
    np.testing.assert_allclose(values, min(values), rtol=1e-10)


@pytest.mark.parametrize("solve", SMOOTH)
def test_separable_samples_end_without_penalty(solve):
    X = np.array([[-2.0, 1.0], [-1.0, 0.0], [1.0, 0.0], [2.0, 1.0]])
    objective = make(X, np.array([0, 0, 1, 1]), ridge=0.0)
    solution = solve(objective, np.zeros(3), 1e-4, 500)
    assert solution.converged
    assert objective.value_gradient(solution.theta)[0] < 1e-3


@pytest.mark.parametrize("solve", [*SMOOTH, proximal_newton.proximal_newton])
def test_the_number_of_iterations_is_kept(solve):
    X, y, _ = table(60, 4, 3)
    objective = make(X, y, ridge=1e-6)
    start = np.zeros(15)
    assert solve(objective, start, 1e-12, 0).n_iter == 0
    solution = solve(objective, start, 1e-12, 1)
    assert (solution.n_iter, solution.converged) == (1, False)
    seen = []
    solution = solve(objective, start, 1e-6, 100, lambda *state: seen.append(state))
    assert [state[0] for state in seen] == list(range(1, solution.n_iter + 1))
    assert all(later[1] <= earlier[1] + 1e-12 for earlier, later in zip(seen, seen[1:], strict=False))


@pytest.mark.parametrize("solve", [*SMOOTH, proximal_newton.proximal_newton])
def test_an_interrupted_solver_hands_over_what_it_has(solve):
    X, y, _ = table(60, 4, 3)
    objective = make(X, y, ridge=1e-6)

    def interrupt(iteration, value, gradient, theta):
        if iteration == 2:
            raise KeyboardInterrupt

    solution = solve(objective, np.zeros(15), 1e-12, 100, interrupt)
    assert solution.interrupted
    assert solution.n_iter == 2
    assert objective.value_gradient(solution.theta)[0] < objective.value_gradient(np.zeros(15))[0]


def violations(objective, theta):
    """Distance of zero from the subdifferential, by its definition."""
    _, gradient = objective.value_gradient(theta)
    lasso = np.repeat(objective.lasso[:, 0], objective.n_outputs)
    lower, upper = gradient - lasso, gradient + lasso
    lower, upper = np.where(theta > 0, upper, lower), np.where(theta < 0, lower, upper)
    return np.maximum(np.maximum(lower, -upper), 0.0)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("ridge", [0.0, 0.02])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("limit", [proximal_newton.MAX_MATRIX_PARAMETERS, 0], ids=["matrix", "columns"])
def test_proximal_newton_meets_the_optimality_conditions(monkeypatch, limit, kind, n_classes, ridge, intercept):
    monkeypatch.setattr(proximal_newton, "MAX_MATRIX_PARAMETERS", limit)
    monkeypatch.setattr(proximal_newton, "MIN_WORKING_SET_FEATURES", 3)
    X, y, weights = case(kind, n_classes, np.float64)
    objective = make(X, y, weights, ridge=ridge, lasso=0.02, fit_intercept=intercept)
    solution = proximal_newton.proximal_newton(objective, np.zeros(objective.shape[0] * objective.n_outputs), 1e-9, 200)
    assert solution.converged
    assert violations(objective, solution.theta).max() < 1e-8
    w = solution.theta.reshape(objective.shape)
    assert 0 < np.count_nonzero(w[:-1]) < w[:-1].size
    assert w[-1].any() == intercept


@pytest.mark.parametrize("limit", [proximal_newton.MAX_MATRIX_PARAMETERS, 0], ids=["matrix", "columns"])
def test_proximal_newton_masters_collinear_features(monkeypatch, limit):
    monkeypatch.setattr(proximal_newton, "MAX_MATRIX_PARAMETERS", limit)
    X, y, _ = table(200, 6, 2)
    X = np.column_stack([X, X + 1e-3 * np.random.RandomState(6).standard_normal(X.shape)]) * np.logspace(-2, 2, 12)
    objective = make(X, y, ridge=0.0, lasso=1e-3)
    solution = proximal_newton.proximal_newton(objective, np.zeros(13), 1e-8, 100)
    assert solution.converged
    assert np.max(violations(objective, solution.theta) / np.sqrt(objective.diagonal_bound())) < 1e-7


@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_lasso_proximal_newton_is_newton(n_classes):
    X, y, weights = table(90, 5, n_classes)
    objective = make(X, y, weights, ridge=1e-2)
    start = np.zeros(objective.shape[0] * objective.n_outputs)
    solutions = [
        solve(objective, start, 1e-10, 100)
        for solve in (smooth_solvers.newton_cholesky, proximal_newton.proximal_newton)
    ]
    first, second = (objective.centered(solution.theta) for solution in solutions)
    np.testing.assert_allclose(first, second, atol=1e-8)


def slow_descent(hessian, gradient, w, lasso, sweeps):
    """Coordinate descent as it stands in the books."""
    step = np.zeros_like(w)
    for _ in range(sweeps):
        for t in range(w.size):
            slope = gradient[t] + hessian[t] @ step
            u = w[t] + step[t] - slope / hessian[t, t]
            step[t] = np.sign(u) * max(abs(u) - lasso[t] / hessian[t, t], 0.0) - w[t]
    return step


@pytest.mark.parametrize(("kind", "n_classes", "dtype"), CASES)
@pytest.mark.parametrize("intercept", [False, True])
def test_products_by_columns_are_those_of_the_hessian(kind, n_classes, dtype, intercept):
    X, y, weights = case(kind, n_classes, dtype)
    objective = make(X, y, weights, fit_intercept=intercept)
    features = np.array([0, 3, 4, 10])
    indices = objective.parameter_indices(features)
    rng = np.random.RandomState(9)
    v = np.zeros(objective.shape[0] * objective.n_outputs)
    v[indices] = rng.standard_normal(len(indices))
    if not intercept:
        v[-objective.n_outputs :] = 0.0
    probabilities = np.empty((len(y), objective.n_outputs))
    objective.value_gradient(rng.standard_normal(v.size) * 0.3, probabilities)
    model = proximal_newton._ColumnModel(objective, features, probabilities)
    expected = objective.hessian_product(v, probabilities)[indices]
    np.testing.assert_allclose(model.product(v[indices]), expected, **TOLERANCE[dtype])


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_coordinate_descent_is_that_of_the_books(kind, n_classes):
    X, y, weights = case(kind, n_classes, np.float64)
    objective = make(X, y, weights, lasso=0.03)
    rng = np.random.RandomState(7)
    size = objective.shape[0] * objective.n_outputs
    w = rng.standard_normal(size) * (rng.random_sample(size) < 0.5)
    probabilities = np.empty((len(y), objective.n_outputs))
    _, gradient = objective.value_gradient(w, probabilities)
    lasso = np.repeat(objective.lasso[:, 0], objective.n_outputs)
    matrix = proximal_newton._MatrixModel(objective, probabilities), objective.hessian(probabilities)
    columns = (
        proximal_newton._ColumnModel(objective, np.arange(X.shape[1]), probabilities),
        naive(X, y, weights, w, 0.1)[2],
    )
    for model, hessian in (matrix, columns):
        step = np.zeros(size)
        model.max_sweeps = 1
        model.descend(w, gradient, lasso, step, 1e-9)
        np.testing.assert_allclose(step, slow_descent(hessian, gradient, w, lasso, 1), atol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "csr", "csr64"])
def test_rows_are_taken_as_by_indexing(kind):
    X, _, _ = case(kind, 2, np.float64)
    dense = X.toarray() if scipy.sparse.issparse(X) else X
    for every in (1, 3):
        rows = take_rows(as_rows(X), every)
        if len(rows) == 3:
            rows = (scipy.sparse.csr_matrix(rows, (len(rows[2]) - 1, 11)).toarray(),)
        np.testing.assert_array_equal(rows[0], dense[::every])


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("kind", ["csr", "csr64"])
def test_sparse_products_are_those_of_dense_matrices(kind, n_outputs):
    X, _, _ = case(kind, 2, np.float64)
    rng = np.random.RandomState(10)
    w, z, r, sums = (rng.standard_normal((size, n_outputs)) for size in (X.shape[1], 20, 20, X.shape[1]))
    r[::3] = 0.0  # rows that are passed over
    product, transposed = X.toarray()[5:25] @ w + z, X.toarray()[5:25].T @ r + sums
    add_sparse_product(*as_rows(X), 5, 25, w, z)
    add_sparse_transposed_product(*as_rows(X), 5, 25, r, sums)
    np.testing.assert_allclose(z, product, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sums, transposed, rtol=1e-12, atol=1e-13)


def test_conjugate_gradients_solve_a_system_or_stop():
    rng = np.random.RandomState(11)
    matrix = rng.standard_normal((8, 12))
    matrix, target = matrix @ matrix.T, rng.standard_normal(8)
    arguments = matrix.__matmul__, target, matrix.diagonal()
    solution = conjugate_gradients(*arguments, 100, lambda start, now: now <= 1e-24 * start)
    np.testing.assert_allclose(solution, np.linalg.solve(matrix, target), rtol=1e-8)
    first = conjugate_gradients(*arguments, 1, lambda start, now: False)
    direction = target / matrix.diagonal()
    np.testing.assert_allclose(first, direction * (target @ direction) / (direction @ matrix @ direction))
    assert not conjugate_gradients(*arguments, 100, lambda start, now: False, flatness=1e9).any()


def test_backtracking_halves_the_step_until_it_is_accepted_or_too_short():
    def evaluate(x):
        return float(x @ x), 2.0 * x

    start, step = np.array([1.0]), np.array([-8.0])
    end, value, gradient = backtrack(evaluate, start, step, lambda _, value, __: value < 1.0, lambda length: False)
    assert (end, value, gradient) == (0.0, 0.0, 0.0)  # an eighth of the step
    assert backtrack(evaluate, start, step, lambda *_: False, lambda length: length < 1e-3) is None


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("size", [1, 2, 9, 40])
def test_triangular_systems_are_solved(size, n_outputs):
    rng = np.random.RandomState(size)
    matrix = rng.standard_normal((size, size + 3))
    matrix = matrix @ matrix.T
    vectors = rng.standard_normal((n_outputs, size))
    factor = matrix.copy()
    assert triangular.factorize(factor)
    np.testing.assert_allclose(np.tril(factor), np.linalg.cholesky(matrix), rtol=1e-9)
    lower, upper = vectors.copy(), vectors.copy()
    triangular.solve_lower(factor, lower)
    triangular.solve_upper(factor, upper)
    np.testing.assert_allclose(lower @ np.tril(factor).T, vectors, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(upper @ np.tril(factor), vectors, rtol=1e-9, atol=1e-11)
    matrix[-1, -1] = -1.0
    assert not triangular.factorize(matrix)


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("solve", [smooth_solvers.lbfgs, proximal_newton.proximal_newton])
def test_what_a_part_of_the_samples_does_not_show_is_found(solve, kind):
    n = 6000
    X, y, _ = table(n, 3, 2)
    spacing = make(X, y).gram_spacing(4)
    assert spacing > 1
    X[:, 2] *= np.arange(n) % (10 * spacing) == 1
    lasso = 1e-5 if solve is proximal_newton.proximal_newton else 0.0
    objective = make(scipy.sparse.csr_matrix(X) if kind == "csr" else X, y, ridge=1e-6, lasso=lasso)
    solution = solve(objective, np.zeros(4), 1e-8, 100)
    assert solution.converged
    assert violations(objective, solution.theta).max() < 1e-7
    assert solution.theta[2] != 0.0


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_number_of_threads_changes_no_bit(monkeypatch, kind, n_classes):
    monkeypatch.setattr("sknn_concepts.linear.objective.MIN_SHARED_NUMBERS", 100)
    X, y, weights = case(kind, n_classes, np.float64)
    results = []
    for n_threads in (1, 2, 3):
        objective = make(X, y, weights)
        objective._threads = WorkerThreads(n_threads)
        assert len(objective._blocks(2)) == 2
        theta, v = np.random.RandomState(8).standard_normal((2, objective.shape[0] * objective.n_outputs))
        probabilities = np.empty((len(y), objective.n_outputs))
        value, gradient = objective.value_gradient(theta, probabilities)
        product = objective.hessian_product(v, probabilities)
        results.append(np.concatenate([[value], gradient, product, objective.hessian(probabilities).ravel()]))
    np.testing.assert_array_equal(results[1], results[0])
    np.testing.assert_array_equal(results[2], results[0])
    expected = naive(X, y, weights, theta, 0.1)
    np.testing.assert_allclose(results[0][0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(results[0][1 : theta.size + 1], expected[1], rtol=1e-9, atol=1e-12)


def test_read_only_arrays_and_new_sizes_compile_nothing():
    X, y, weights = table(30, 4, 2)
    make(X, y, weights).value_gradient(np.zeros(5))
    before = len(kernels.loss_gradient.signatures) if COMPILED else 0
    X.flags.writeable = False
    for part in (X, X[:20], np.asfortranarray(X).copy(order="C")):
        n = len(part)
        smooth_solvers.lbfgs(make(part, y[:n], weights[:n], ridge=0.7), np.zeros(5), 1e-3, 5)
        smooth_solvers.newton_cg(make(part, y[:n]), np.zeros(5), 1e-3, 5)
    assert (len(kernels.loss_gradient.signatures) if COMPILED else 0) == before


def test_the_hessian_of_sparse_samples_is_a_matrix_only_if_it_is_small():
    sparse = scipy.sparse.random(200, 500, 0.05, "csc", random_state=0)
    assert proximal_newton._is_cheap(sparse[:, :40], 1)
    assert not proximal_newton._is_cheap(sparse, 1)  # each sweep would read 250,000 numbers instead of 5,000
