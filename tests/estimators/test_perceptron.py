"""The perceptron against scikit-learn's, and what it promises beyond."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.linear_model import Perceptron as ScikitPerceptron
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sknn_concepts.activations import Softplus, Step
from sknn_concepts.estimators.perceptron import Perceptron
from sknn_concepts.linear import sgd
from sknn_concepts.losses import PerceptronLoss, SquaredError
from sknn_concepts.network import minibatch as training
from sknn_concepts.optimizers import SGD

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DATA = {
    "iris": load_iris(return_X_y=True),  # tenths: many sums are exactly zero
    "digits": load_digits(return_X_y=True),
    "cancer": load_breast_cancer(return_X_y=True),
    "noise": make_classification(300, 20, n_informative=5, n_classes=3, flip_y=0.1, random_state=1),
}
ADALINE = {"loss": "squared_error", "activation": "identity", "solver": "sgd", "eta0": 0.002, "tol": 1e-5}


def thin(X):
    return sp.csr_matrix(np.where(np.abs(X) > np.median(np.abs(X)), X, 0.0))


def binary(n_samples=120, seed=0):
    return make_classification(n_samples, 8, flip_y=0.1, random_state=seed)


def assert_same(ours, theirs, dtype=np.float64):
    rtol = 1e-9 if dtype == np.float64 else 1e-5
    size = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=rtol * size)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=rtol, atol=rtol * size)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    assert ours.coef_.shape == theirs.coef_.shape and ours.intercept_.shape == theirs.intercept_.shape
    assert ours.coef_.dtype == ours.intercept_.dtype == dtype
    assert np.array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"penalty": "l2", "alpha": 0.01},
        {"penalty": "l1", "alpha": 0.001},
        {"penalty": "elasticnet", "l1_ratio": 0.5},
        {"shuffle": False, "fit_intercept": False},
        {"tol": None, "max_iter": 8, "random_state": 3},
        {"class_weight": "balanced", "n_jobs": 2},
        {"class_weight": {0: 0.3, 1: 2.5}, "eta0": 0.1},
        {"early_stopping": True, "n_iter_no_change": 3, "penalty": "l2", "validation_fraction": 0.2},
    ],
    ids=str,
)
def test_same_model_as_scikit_learn(data, sparse, arguments):
    X, y = DATA[data]
    weights = np.random.RandomState(0).uniform(0.5, 2.0, len(y))
    for dtype in (np.float64, np.float32):
        samples = (thin(X) if sparse else X).astype(dtype)
        for sample_weight in (None, weights):
            ours = Perceptron(**arguments).fit(samples, y, sample_weight=sample_weight)
            theirs = ScikitPerceptron(**{**arguments, "n_jobs": None}).fit(samples, y, sample_weight=sample_weight)
            assert_same(ours, theirs, dtype)
            assert np.array_equal(ours.predict(samples), theirs.predict(samples))


@pytest.mark.parametrize("data", ["iris", "cancer"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_same_draws_from_a_generator(data, early_stopping):
    ours, theirs = (
        make(random_state=np.random.RandomState(5), early_stopping=early_stopping).fit(*DATA[data])
        for make in (Perceptron, ScikitPerceptron)
    )
    assert_same(ours, theirs)


@pytest.mark.parametrize("data", ["iris", "cancer"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"penalty": "l2"}, {"penalty": "l1", "alpha": 0.001}], ids=str)
def test_same_model_from_any_start(data, sparse, arguments):
    X, y = DATA[data]
    X, classes = (thin(X) if sparse else X), np.unique(y)
    ours, theirs = (make(**arguments) for make in (Perceptron, ScikitPerceptron))
    for part in (slice(0, None, 3), slice(1, None, 3), slice(None)):
        ours.partial_fit(X[part], y[part], classes=classes)
        theirs.partial_fit(X[part], y[part], classes=classes)
        assert_same(ours, theirs)
    rng = np.random.RandomState(0)
    coef, intercept = rng.randn(*ours.coef_.shape), rng.randn(*ours.intercept_.shape)
    given = {"coef_init": coef.copy(), "intercept_init": intercept.copy()}
    assert_same(ours.fit(X, y, **given), theirs.fit(X, y, coef.copy(), intercept.copy()))
    assert np.array_equal(given["coef_init"], coef)
    ours, theirs = (make(warm_start=True, max_iter=2, tol=None, **arguments) for make in (Perceptron, ScikitPerceptron))
    for _ in range(3):
        assert_same(ours.fit(X, y), theirs.fit(X, y))


@pytest.mark.parametrize("data", ["iris", "cancer"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [{}, {"average": 400}, {"average": 10**7}, {"penalty": "elasticnet"}, {"early_stopping": True}],
    ids=str,
)
def test_average_is_that_of_scikit_learn(data, sparse, arguments):
    X, y = DATA[data]
    X = thin(X) if sparse else X
    arguments = {"average": True, "penalty": None, "random_state": 0, **arguments}
    theirs = SGDClassifier(loss="perceptron", learning_rate="constant", eta0=1, **arguments).fit(X, y)
    assert_same(Perceptron(**arguments).fit(X, y), theirs)


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("squared_error", "identity"),
        ("log_loss", "logistic"),
        ("hinge", "identity"),
        ("squared_hinge", "identity"),
    ],
)
@pytest.mark.parametrize("arguments", [{}, {"penalty": "l2", "average": True}, {"class_weight": "balanced"}], ids=str)
def test_delta_rule_is_that_of_scikit_learn(loss, activation, arguments):
    X, y = DATA["iris"]
    X = StandardScaler().fit_transform(X)
    arguments = {"penalty": None, "eta0": 0.01, "random_state": 0, **arguments}
    theirs = SGDClassifier(loss=loss, learning_rate="constant", **arguments).fit(X, y)
    assert_same(Perceptron(loss=loss, activation=activation, **arguments).fit(X, y), theirs)


# What a sample weight means


def counted(dtype=np.float64):
    rng = np.random.RandomState(0)
    X, y = make_classification(60, 8, n_informative=6, n_classes=3, flip_y=0.2, random_state=2)
    counts = rng.randint(0, 4, 60)
    return X.astype(dtype), y, counts, rng.permutation(60)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [{}, {"average": True, "penalty": "l1"}, {"class_weight": "balanced"}, {"early_stopping": True}, ADALINE],
    ids=str,
)
def test_whole_weights_are_repetitions_in_any_order(sparse, arguments):
    X, y, counts, order = counted()
    make = (lambda X: sp.csr_array(np.where(np.abs(X) > 0.5, X, 0.0))) if sparse else np.asarray
    repeated = Perceptron(**arguments).fit(make(X.repeat(counts, axis=0)), y.repeat(counts))
    for rows in (np.arange(60), order):
        weighted = Perceptron(**arguments).fit(make(X)[rows], y[rows], sample_weight=counts[rows])
        np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-9)
        np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, rtol=1e-9)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"shuffle": False}, {"early_stopping": True}, ADALINE], ids=str)
def test_weight_zero_is_absence(whole, arguments):
    X, y, counts, _ = counted()
    weights = np.minimum(counts, 1) if whole else counts / 3.0
    there = weights > 0
    weighted = Perceptron(**arguments).fit(X, y, sample_weight=weights)
    fewer = Perceptron(**arguments).fit(X[there], y[there], sample_weight=None if whole else weights[there])
    assert np.array_equal(weighted.coef_, fewer.coef_)
    assert (weighted.n_iter_, weighted.t_) == (fewer.n_iter_, fewer.t_)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix])
def test_scattered_repetitions_are_shown_as_they_stand(make):
    X, y, _, _ = counted()
    rows = np.r_[0, 0, 1:60, 5, 5, 17]
    X, y = make(X[rows]), y[rows]
    assert_same(Perceptron().fit(X, y), ScikitPerceptron().fit(X, y))


def test_counts_keep_to_the_order_without_shuffling():
    X, y, counts, _ = counted()
    counts = counts + 1
    ours = Perceptron(shuffle=False).fit(X, y, sample_weight=counts)
    assert_same(ours, ScikitPerceptron(shuffle=False).fit(X, y, sample_weight=counts))


def test_negative_zero_is_zero():
    X, y, _, _ = counted()
    X[:, 0] = 0.0
    negative = X.copy()
    negative[:, 0] = -0.0
    fits = [Perceptron().fit(table, y, sample_weight=np.full(60, 2)) for table in (X, negative)]
    assert np.array_equal(fits[0].coef_, fits[1].coef_)


# The delta rule


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("batch_size", ["auto", 7])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_adaline_reaches_least_squares(make, batch_size, fit_intercept):
    X, y = binary()
    options = {**ADALINE, "eta0": 0.05, "tol": 1e-12, "batch_size": batch_size, "max_iter": 3000}
    ours = Perceptron(fit_intercept=fit_intercept, **options).fit(make(X), y)
    design = np.column_stack([X, np.full(len(y), float(fit_intercept))])
    solution = np.linalg.lstsq(design, 2.0 * y - 1.0, rcond=None)[0]
    found = np.append(ours.coef_, ours.intercept_)
    # batches circle around the minimum, the whole data set reaches it
    np.testing.assert_allclose(found, solution, atol=1e-4 if batch_size == "auto" else 0.15)


def adaline_without_intercept(X, y, batch_size, eta0, n_passes):
    """Weights after passes of naive steps along the mean gradient of (w x - t)^2 / 2 over a batch."""
    w, targets = np.zeros(X.shape[1]), np.where(y, 1.0, -1.0)
    for _ in range(n_passes):
        for start in range(0, len(y), batch_size):
            x, t = X[start : start + batch_size], targets[start : start + batch_size]
            w -= eta0 * x.T @ (x @ w - t) / len(t)
    return w


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix])
def test_steps_without_intercept_are_the_naive_ones(make):
    X, y = DATA["iris"]
    X = X - X.mean(axis=0)
    expected = [adaline_without_intercept(X, y == k, 16, 0.01, 3) for k in range(3)]
    options = {**ADALINE, "eta0": 0.01, "tol": None, "shuffle": False, "fit_intercept": False, "batch_size": 16}
    fitted, parts = Perceptron(max_iter=3, **options).fit(make(X), y), Perceptron(**options)
    for _ in range(3):
        parts.partial_fit(make(X), y, classes=np.unique(y))
    for ours in (fitted, parts):
        np.testing.assert_allclose(ours.coef_, expected, rtol=1e-12)
        assert not ours.intercept_.any()


@pytest.mark.parametrize("solver", ["perceptron", "sgd", "adam", "adagrad", SGD(momentum=0.9)], ids=str)
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_intercept_that_is_not_fitted_stays(solver, early_stopping, dtype):
    X, y = DATA["iris"]
    options = {**ADALINE, "solver": solver, "eta0": 0.001, "batch_size": 10, "dtype": dtype, "max_iter": 20}
    ours = Perceptron(fit_intercept=False, early_stopping=early_stopping, **options).fit(X, y)
    assert ours.coef_.all() and not ours.intercept_.any()
    given = [0.5, -1.0, 2.0]
    assert np.array_equal(ours.fit(X, y, intercept_init=given).intercept_, given)
    # one that was fitted before stays too, whatever the optimizer remembers of its gradients
    ours = Perceptron(**options).partial_fit(X, y, classes=np.unique(y))
    before = ours.intercept_
    assert before.all()
    assert np.array_equal(ours.set_params(fit_intercept=False).partial_fit(X, y).intercept_, before)


def test_logistic_neuron_is_logistic_regression():
    X, y = binary()
    options = {"loss": "log_loss", "activation": "logistic", "solver": "sgd", "eta0": 0.5, "tol": 1e-12}
    ours = Perceptron(penalty="l2", alpha=0.1, max_iter=5000, **options).fit(X, y)
    theirs = LogisticRegression(C=1.0 / (0.1 * len(y)), tol=1e-10).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


@pytest.mark.parametrize("activation", ["identity", "tanh", "logistic", "softsign", "hard_sigmoid"])
@pytest.mark.parametrize("solver", ["perceptron", "sgd", "adam", SGD()])
def test_neurons_learn(activation, solver):
    X, y = DATA["iris"]
    ours = Perceptron(loss="squared_error", activation=activation, solver=solver, eta0=0.02, batch_size=10)
    ours.fit(StandardScaler().fit_transform(X), y)
    assert ours.score(StandardScaler().fit_transform(X), y) > 0.75
    assert ours.loss_curve_[-1] < 0.9 * ours.loss_curve_[0]
    assert len(ours.loss_curve_) == ours.n_iter_


@pytest.mark.parametrize("solver", ["perceptron", "adam"])
def test_partial_fit_goes_on(solver):
    X, y = binary()
    options = {**ADALINE, "solver": solver, "shuffle": False, "tol": None, "batch_size": 16}
    parts = Perceptron(**options)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1])
    whole = Perceptron(max_iter=3, **options).fit(X, y)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-12)
    assert parts.t_ == whole.t_ and len(parts.loss_curve_) == 3


def test_partial_fit_goes_on_averaging():
    X, y = binary()
    options = {"average": True, "shuffle": False, "tol": None, "penalty": "l2"}
    parts = Perceptron(**options)
    for part in np.array_split(np.arange(len(y)), 4):
        parts.partial_fit(X[part], y[part], classes=[0, 1])
    whole = Perceptron(max_iter=1, **options).fit(X, y)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-9)
    np.testing.assert_allclose(parts.intercept_, whole.intercept_, rtol=1e-9)


def test_partial_fit_balances_by_the_classes_seen_so_far():
    X, y = DATA["noise"]
    options = {"class_weight": "balanced", "shuffle": False, "tol": None}
    once = Perceptron(**options).partial_fit(X, y, classes=np.unique(y))
    assert np.array_equal(once.coef_, Perceptron(max_iter=1, **options).fit(X, y).coef_)
    few = Perceptron(**options).partial_fit(X[y < 2], y[y < 2], classes=np.unique(y))
    assert np.isfinite(few.coef_).all()


def test_a_loss_that_starts_high_has_not_grown():
    X, y = np.r_[np.ones((50, 1)), np.full((50, 1), 1.2)], np.ones(100, int)
    y[:3] = 0
    neuron = Perceptron(loss="squared_error", activation="logistic", eta0=0.5, max_iter=20, tol=None)
    neuron.fit(X, y, coef_init=[[-9.0]], intercept_init=[-9.0])  # a warning is an error here
    assert neuron.loss_curve_[-1] < neuron.loss_curve_[0]


@pytest.mark.parametrize("solver", ["perceptron", "sgd"])
@pytest.mark.filterwarnings("always::sklearn.exceptions.ConvergenceWarning")
def test_divergence_is_told(solver):
    ours = Perceptron(**{**ADALINE, "solver": solver, "eta0": 1e3, "max_iter": 30})
    with pytest.warns(ConvergenceWarning) as caught:
        ours.fit(*DATA["noise"])
    assert [("Lower eta0 (now 1000)" in str(warning.message)) for warning in caught] == [True]
    assert np.isfinite(ours.coef_).all()


# Manners


@pytest.mark.filterwarnings("always::sklearn.exceptions.ConvergenceWarning")
def test_one_convergence_warning(recwarn):
    Perceptron(max_iter=2).fit(*DATA["noise"])
    assert [warning.category for warning in recwarn] == [ConvergenceWarning]
    assert "increasing max_iter to improve the fit. It is 2 now" in str(recwarn[0].message)
    assert recwarn[0].filename == __file__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pruning": "magnitud"}, "The 'pruning' parameter has no 'magnitud'.*Did you mean 'magnitude'"),
        ({"pruning": "obd"}, "PerceptronLoss.* has no second derivative"),
        ({"loss": "squared_error"}, "activation='step' does not fit loss='squared_error', which needs one that has a"),
        ({"loss": "log_loss", "activation": "tanh"}, "needs 'logistic'"),
        ({"loss": "hinge"}, "needs 'identity'"),
        ({"activation": "tanh"}, "activation='tanh' does not fit loss='perceptron', which needs 'step' or 'identity'"),
        ({"loss": SquaredError(), "activation": Softplus()}, "needs one that is 0 or 1/2 at 0"),
        ({"loss": "percptron"}, "Did you mean 'perceptron'"),
        ({"loss": "huber"}, "not for classification"),
        ({"solver": "lbfgs"}, "The 'solver' parameter has no 'lbfgs'; it has .*'perceptron'"),
        ({**ADALINE, "average": True}, "average=True needs solver='perceptron'"),
        ({"dtype": "int32"}, "'dtype' parameter must be float32, float64 or None"),
        ({"eta0": 0.0}, "The 'eta0' parameter of Perceptron must be a float in the range"),
        ({"penalty": "l3"}, "The 'penalty' parameter of Perceptron must be"),
        ({"average": 0}, "The 'average' parameter of Perceptron must be"),
    ],
)
def test_impossible_arguments_are_told(arguments, message):
    with pytest.raises(ValueError, match=message):
        Perceptron(**arguments).fit(*binary())


def test_impossible_data_are_told():
    X, y = binary()
    with pytest.raises(ValueError, match="The number of classes has to be greater than one; got 1 class"):
        Perceptron().fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match="coef_init does not match dataset"):
        Perceptron().fit(X, y, coef_init=np.zeros((1, 3)))
    with pytest.raises(ValueError, match="intercept_init does not match dataset"):
        Perceptron().fit(X, y, intercept_init=np.zeros(2))
    with pytest.raises(ValueError, match="Unknown label type"):
        Perceptron().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="early_stopping should be False with partial_fit"):
        Perceptron(early_stopping=True).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="classes should include all valid labels that can be in y; it lacks"):
        Perceptron().partial_fit(X, y, classes=[0, 2])
    with pytest.raises(ValueError, match="at least one non-zero"):
        Perceptron().fit(X, y, sample_weight=np.zeros(len(y)))


def test_instances_mean_the_names():
    X, y = binary()
    by_name, by_instance = Perceptron(), Perceptron(loss=PerceptronLoss(), activation=Step())
    assert np.array_equal(by_name.fit(X, y).coef_, by_instance.fit(X, y).coef_)


def test_initial_weights_can_be_drawn():
    X, y = binary()
    drawn = [Perceptron(initializer="normal", random_state=seed, max_iter=1, tol=None).fit(X, y) for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0].coef_, drawn[1].coef_)
    assert not np.array_equal(drawn[0].coef_, drawn[2].coef_)


def test_dtype_can_be_chosen():
    X, y = binary()
    assert Perceptron(dtype="float32").fit(X, y).coef_.dtype == np.float32
    assert Perceptron(dtype="float64").fit(X.astype(np.float32), y).coef_.dtype == np.float64
    assert Perceptron().fit(X.astype(int), y).coef_.dtype == np.float64


@pytest.mark.parametrize("arguments", [{}, {"average": True}, {**ADALINE, "solver": "adam"}], ids=str)
def test_a_pickled_perceptron_goes_on(arguments, tmp_path):
    X, y = DATA["iris"]
    ours = clone(Perceptron(**arguments)).partial_fit(X, y, classes=np.unique(y))
    copy = pickle.loads(pickle.dumps(ours))
    assert np.array_equal(ours.partial_fit(X, y).coef_, copy.partial_fit(X, y).coef_)


def test_a_sparse_model_predicts_and_goes_on():
    X, y = DATA["digits"]
    dense = Perceptron(penalty="l1", alpha=0.01).fit(X, y)
    sparse = pickle.loads(pickle.dumps(dense)).sparsify()
    assert sp.issparse(sparse.coef_)
    assert np.array_equal(sparse.predict(X), dense.predict(X))
    assert np.array_equal(sparse.partial_fit(X, y).coef_, dense.partial_fit(X, y).coef_)


def test_coefficients_handed_out_do_not_change():
    X, y = binary()
    ours = Perceptron().partial_fit(X, y, classes=[0, 1])
    handed_out = ours.coef_
    before = handed_out.copy()
    ours.partial_fit(-X, y)
    assert np.array_equal(handed_out, before)


@pytest.mark.parametrize("layout", ["fortran", "read-only", "64-bit indices", "memory map"])
def test_any_layout(layout, tmp_path):
    X, y = binary()
    expected = Perceptron().fit(sp.csr_matrix(X) if layout == "64-bit indices" else X, y)
    if layout == "fortran":
        X = np.asfortranarray(X)
    elif layout == "read-only":
        X.flags.writeable = False
    elif layout == "64-bit indices":
        X = sp.csr_array(X)
        X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    else:
        np.save(tmp_path / "X.npy", X)
        X = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert np.array_equal(Perceptron().fit(X, y).coef_, expected.coef_)


@pytest.mark.parametrize("weight", [2.0, 2.0**62, 2.0**63, 2.0**64, 1e19, 1e30, 1e100])
def test_whole_number_weights_of_any_size(weight):
    """The rule has no scale: without a penalty the classes are told apart as with small weights."""
    X, y = DATA["cancer"]
    half = np.where(np.arange(len(y)) % 2, weight, 2 * weight)
    expected = Perceptron().fit(X, y, sample_weight=half / weight).score(X, y)
    assert Perceptron().fit(X, y, sample_weight=half).score(X, y) > expected - 0.05
    assert Perceptron(class_weight="balanced").fit(X, y, sample_weight=half).score(X, y) > expected - 0.05


def test_threads_may_fit_at_once():
    X, y = DATA["digits"]
    expected = Perceptron().fit(X, y).coef_
    with ThreadPoolExecutor(2) as pool:
        for fitted in pool.map(lambda _: Perceptron(n_jobs=2).fit(X, y), range(4)):
            assert np.array_equal(fitted.coef_, expected)


@pytest.mark.parametrize("data", ["cancer", "digits"])
@pytest.mark.parametrize(
    ("module", "kernel", "arguments"), [(sgd, "train_epoch", {}), (training, "train", {**ADALINE, "eta0": 1e-6})]
)
def test_interrupt_keeps_the_weights_so_far(data, module, kernel, arguments, monkeypatch):
    X, y = DATA[data]
    expected = Perceptron(**{**arguments, "max_iter": 2, "tol": None}).fit(X, y)
    learn, shown = getattr(module, kernel), []

    def interrupted(*arguments):
        shown.append(learn(*arguments))
        if len(shown) == 2:
            raise KeyboardInterrupt
        return shown[-1]

    monkeypatch.setattr(module, kernel, interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        ours = Perceptron(**arguments).fit(X, y)
    assert np.array_equal(ours.coef_[0], expected.coef_[0])
    assert not ours.coef_[1:].any()
    assert ours.predict(X).shape == y.shape


CONTRACT = [
    Perceptron(),
    Perceptron(average=2000),
    Perceptron(penalty="l1"),
    Perceptron(penalty="elasticnet", shuffle=True, n_jobs=2),
    Perceptron(class_weight="balanced", penalty="l2"),
    Perceptron(loss="log_loss", activation="logistic", eta0=1e-4),
    Perceptron(**ADALINE),
    Perceptron(loss="squared_error", activation="tanh", solver="adam", eta0=0.01),
]


@parametrize_with_checks(CONTRACT)
def test_contract(estimator, check):
    check(estimator)


def checks_but(name, estimator):
    """Checks without the one that an averaged perceptron, scikit-learn's included, is too slow to forget for."""
    for instance, check in estimator_checks_generator(estimator):
        if check.func.__name__ != name:
            yield instance, check


@pytest.mark.parametrize(
    ("estimator", "check"), list(checks_but("check_class_weight_classifiers", Perceptron(average=True)))
)
def test_contract_of_the_average(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "rule", [{}, {"loss": "squared_error", "activation": "identity", "eta0": 0.01}, {"penalty": "l2"}]
)
def test_numbers_that_are_stored_in_parts_are_added_up(rule):
    """Also where there are more parts than features."""
    rng = np.random.RandomState(0)
    n, d, k = 200, 5, 40
    parts = (rng.normal(size=n * k), rng.randint(0, d, n * k), np.arange(0, n * k + 1, k))
    X = sp.csr_matrix(parts, shape=(n, d))
    y = (np.asarray(X.sum(axis=1)).ravel() > 0).astype(int)
    summed = X.copy()
    summed.sum_duplicates()
    ours, expected = (Perceptron(random_state=0, **rule).fit(samples, y) for samples in (X, summed))
    assert X.nnz == n * k
    np.testing.assert_array_equal(ours.coef_, expected.coef_)
    np.testing.assert_array_equal(ours.partial_fit(X, y).coef_, expected.partial_fit(summed, y).coef_)


def test_one_class_is_too_few_for_partial_fit_too():
    with pytest.raises(ValueError, match="The number of classes has to be greater than one; got 1 class"):
        Perceptron().partial_fit(np.eye(3), [0, 0, 0], classes=[0])
