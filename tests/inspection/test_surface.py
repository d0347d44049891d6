"""Loss surfaces, stages of a fit, and animations."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.linear_model import LinearRegression

from sknn_concepts import LogisticRegression, MLPClassifier, MLPRegressor, Perceptron
from sknn_concepts.inspection import (
    LossSurfaceDisplay,
    animate_boundary,
    animate_units,
    animate_weights,
    staged_fit,
)
from sknn_concepts.pruning import MagnitudePruning, prune

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
LEARNER = MLPClassifier((4,), activation="tanh", alpha=0.0, learning_rate_init=0.05, max_iter=30, random_state=0)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def moons():
    return make_moons(100, noise=0.2, random_state=0)


@pytest.fixture(scope="module")
def stages(moons):
    return staged_fit(LEARNER, *moons, n_epochs=30)


def log_loss_of(network, X, y):
    p = network.predict_proba(X)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def flat(network):
    return np.concatenate([a.ravel() for a in (*network.coefs_, *network.intercepts_)])


# Stages


def test_stages_are_those_of_fit(moons, stages):
    assert len(stages) == 31 and not hasattr(LEARNER, "coefs_")
    fitted = MLPClassifier(**{**LEARNER.get_params(), "n_iter_no_change": 100}).fit(*moons)
    # one batch, whose gradient is the same in any order of the samples, to rounding
    np.testing.assert_allclose(flat(stages[30]), flat(fitted), rtol=1e-9)


def test_the_first_stage_has_the_initial_weights(moons, stages):
    from sknn_concepts.inspection._network import layers_of

    # the same seed draws the same weights; the first epoch of a tiny learning rate cannot change them
    other = staged_fit(LEARNER, *moons, n_epochs=1)
    np.testing.assert_array_equal(flat(stages[0]), flat(other[0]))
    assert not np.array_equal(flat(stages[0]), flat(stages[1]))
    bound = np.sqrt(6.0 / (2 + 4))  # of Glorot's uniform distribution
    assert 0.3 * bound < np.abs(layers_of(stages[0]).coefs[0]).max() <= bound


def test_stages_of_other_estimators():
    X, y = load_iris(return_X_y=True)
    first, *_, last = staged_fit(Perceptron(random_state=0), X, y, n_epochs=5)
    assert not first.coef_.any() and last.coef_.any()
    first, last = staged_fit(MLPRegressor(hidden_layer_sizes=(3,), solver="sgd"), X, X[:, :2], n_epochs=1)
    assert [w.shape for w in first.coefs_] == [(4, 3), (3, 2)]


@pytest.mark.parametrize("estimator", [LogisticRegression(), LinearRegression(), MLPClassifier(solver="lbfgs")])
def test_stages_need_epochs(moons, estimator):
    with pytest.raises(ValueError, match="must train epoch by epoch"):
        staged_fit(estimator, *moons)
    with pytest.raises(ValueError, match="n_epochs must be a whole number"):
        staged_fit(LEARNER, *moons, n_epochs=0)


# Surfaces


@pytest.mark.parametrize("directions", ["random", [(0, 1, 2), (1, 0)], "path"])
def test_the_center_of_the_surface_is_the_loss(moons, stages, directions):
    network = stages[-1]
    display = LossSurfaceDisplay.from_estimator(
        network, *moons, directions=directions, paths=stages if directions == "path" else None, span=0.5, n_points=5
    )
    assert display.losses[2, 2] == pytest.approx(log_loss_of(network, *moons))
    assert display.losses[0, 2] != pytest.approx(display.losses[2, 2])
    if isinstance(directions, list):
        center = display.a[2], display.b[2]
        assert center == pytest.approx((network.coefs_[0][1, 2], network.intercepts_[1][0]))


def test_the_surface_of_two_weights_is_the_loss_of_changed_networks(moons, stages):
    import copy

    display = LossSurfaceDisplay.from_estimator(stages[-1], *moons, directions=[(0, 0, 1), (1, 3, 0)], n_points=3)
    changed = copy.deepcopy(stages[-1])
    changed.coefs_[0][0, 1], changed.coefs_[1][3, 0] = display.a[0], display.b[2]
    assert display.losses[2, 0] == pytest.approx(log_loss_of(changed, *moons))
    assert display.ax_.get_xlabel() == "coefs_[0][0, 1]" and display.ax_.get_ylabel() == "coefs_[1][3, 0]"


def test_surfaces_of_linear_and_multiclass_models():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(X, y)
    display = LossSurfaceDisplay.from_estimator(model, X, y, directions=[(0, 2, 1), (0, 1)], n_points=3)
    assert display.losses[1, 1] == pytest.approx(log_loss_of(model, X, y))
    assert (display.a[1], display.b[1]) == pytest.approx((model.coef_[1, 2], model.intercept_[1]))
    regressor = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(X, X[:, :2])
    display = LossSurfaceDisplay.from_estimator(regressor, X, X[:, :2], n_points=3, random_state=0)
    assert display.losses[1, 1] == pytest.approx(np.mean((regressor.predict(X) - X[:, :2]) ** 2) / 2)


def test_given_directions_are_vectors(moons, stages):
    plane = np.eye(17)[[2, 14]]  # a weight of the first layer, and one of its intercepts
    display = LossSurfaceDisplay.from_estimator(stages[-1], *moons, directions=plane, span=0.5, n_points=3)
    by_names = LossSurfaceDisplay.from_estimator(
        stages[-1], *moons, directions=[(0, 0, 2), (0, 2)], span=0.5, n_points=3
    )
    np.testing.assert_allclose(display.losses, by_names.losses)
    assert display.a.tolist() == [-0.5, 0.0, 0.5]


def test_random_directions_have_the_norms_of_the_units(moons):
    from sknn_concepts.inspection._parameter_plane import random_directions
    from sknn_concepts.network.layout import layer_views, make_layout

    network = prune(clone(LEARNER).fit(*moons), *moons, MagnitudePruning(sparsity=0.5))
    for direction in random_directions(network, 0):
        coefs, intercepts = layer_views(direction, make_layout([2, 4, 1]))
        for d, w, mask in zip(coefs, network.coefs_, network.masks_, strict=True):
            assert not d[~mask].any()
            np.testing.assert_allclose(np.linalg.norm(d, axis=0), np.linalg.norm(w, axis=0))
        assert not any(b.any() for b in intercepts)


def test_paths_are_projected(moons, stages):
    display = LossSurfaceDisplay.from_estimator(
        stages[-1], *moons, directions=[(0, 0, 0), (0, 1, 0)], paths={"adam": stages, "same": list(map(flat, stages))}
    )
    expected = np.array([stage.coefs_[0][:2, 0] for stage in stages])
    for path in display.paths.values():
        np.testing.assert_allclose(path, expected)
    drawn = [line for line in display.ax_.lines if line.get_label() == "adam"]
    np.testing.assert_allclose(drawn[0].get_xydata(), expected)
    assert display.a[0] < expected[:, 0].min() and expected[:, 0].max() < display.a[-1]
    by_components = LossSurfaceDisplay.from_estimator(stages[-1], *moons, directions="path", paths=stages)
    assert display.shares["adam"] < by_components.shares["path"] <= 1.0


def test_the_path_of_two_parameters_lies_on_the_surface():
    """A network with a weight and an intercept: nothing is projected away."""
    X, y = np.array([[-1.0], [0.5], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    path = staged_fit(MLPClassifier((), solver="sgd", learning_rate_init=0.5, alpha=0.0, random_state=0), X, y, 20)
    display = LossSurfaceDisplay.from_estimator(path[-1], X, y, directions=[(0, 0, 0), (0, 0)], paths=path, n_points=61)
    assert display.shares["path"] == pytest.approx(1.0)
    from scipy.interpolate import RegularGridInterpolator

    on_surface = RegularGridInterpolator((display.b, display.a), display.losses)(display.paths["path"][:, ::-1])
    np.testing.assert_allclose(on_surface, [log_loss_of(stage, X, y) for stage in path], rtol=1e-2)


def test_a_surface_in_three_dimensions(moons, stages):
    display = LossSurfaceDisplay.from_estimator(
        stages[-1], *moons, directions="path", paths=stages, kind="surface", n_points=9
    )
    assert display.ax_.name == "3d" and display.ax_.get_zlabel() == "loss, decimal logarithm"
    with pytest.raises(ValueError, match="three-dimensional axes"):
        display.plot(plt.subplots()[1], kind="surface")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"directions": "pca"}, "directions must be one of"),
        ({"directions": "path"}, "needs paths of three or more steps"),
        ({"directions": [(0, 0, 0), (0, 0, 0)]}, "two different weights"),
        ({"directions": [(0, 0, 0), (2, 0, 0)]}, r"\(2, 0, 0\), which is not"),
        ({"directions": [(0, 0, 0), (0, 0, 9)]}, r"has shape \(2, 4\)"),
        ({"directions": np.ones((2, 17))}, "two independent vectors"),
        ({"paths": np.zeros((3, 5))}, r"array of shape \(n_steps, 17\)"),
        ({"paths": []}, "paths must be fitted networks"),
        ({"paths": {"a": 3}}, "'a' is another"),
        ({"directions": [[0, 0, 0], [0, 0, 1]]}, "two independent vectors"),
        ({"span": 0.0}, "span must be a positive number"),
        ({"n_points": 1}, "n_points must be"),
        ({"kind": "lines"}, "kind must be one of"),
    ],
)
def test_errors_of_surfaces(moons, stages, arguments, message):
    with pytest.raises(ValueError, match=message):
        LossSurfaceDisplay.from_estimator(stages[-1], *moons, **arguments)


# Animations


def test_the_boundary_is_that_of_each_stage(moons, stages, tmp_path):
    animation = animate_boundary(LEARNER, *moons, n_epochs=30, every=20, grid_resolution=15)
    ax = animation._fig.axes[0]
    for frame, epoch in enumerate((0, 20, 30)):
        animation._func(frame)
        (mesh,) = [artist for artist in ax.collections if isinstance(artist, matplotlib.collections.QuadMesh)]
        x = mesh.get_coordinates()
        grid = ((x[:-1, :-1] + x[1:, 1:]) / 2).reshape(-1, 2)
        expected = stages[epoch].predict_proba(grid)[:, 1]
        np.testing.assert_allclose(mesh.get_array().ravel(), expected, atol=1e-6)
        assert ax.get_title() == f"epoch {epoch}, accuracy {stages[epoch].score(*moons):.2f}"
    animation.save(tmp_path / "boundary.gif", writer="pillow")
    assert (tmp_path / "boundary.gif").read_bytes()[:3] == b"GIF"


def test_boundaries_of_several_classes_and_of_a_regressor(moons):
    X, y = load_iris(return_X_y=True)
    for estimator, target in (
        (MLPClassifier((4,)), y),
        (Perceptron(), y),
        (MLPRegressor(hidden_layer_sizes=(4,)), X[:, 2]),
    ):
        animation = animate_boundary(estimator, X[:, :2], target, n_epochs=2, every=2, grid_resolution=10)
        assert animation.to_jshtml().count("data:image/png;base64") == 2


def test_units_are_those_of_each_stage(moons, stages):
    animation = animate_units(LEARNER, *moons, n_epochs=30, every=15, grid_resolution=7)
    images = [ax.images[0] for ax in animation._fig.axes]
    assert len(images) == 4
    a, b = (np.linspace(*images[0].get_extent()[k : k + 2], 7) for k in (0, 2))
    points = np.column_stack([part.ravel() for part in np.meshgrid(a, b)])
    for frame, epoch in enumerate((0, 15, 30)):
        animation._func(frame)
        drawn = np.array([image.get_array().ravel() for image in images]).T
        np.testing.assert_allclose(drawn, stages[epoch].transform(points), atol=1e-12)
    assert animation.to_jshtml().count("data:image/png;base64") == 3


def test_weights_are_those_of_each_stage(moons, stages):
    animation = animate_weights(LEARNER, *moons, n_epochs=30, every=30, layer=1)
    image = animation._fig.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), stages[0].coefs_[1])
    animation._func(1)
    np.testing.assert_array_equal(image.get_array(), stages[30].coefs_[1])
    tiles = animate_weights(LEARNER, *moons, n_epochs=1, image_shape=(1, 2))
    drawn = [ax.images[0].get_array() for ax in tiles._fig.axes if ax.images]
    np.testing.assert_array_equal(np.concatenate(drawn), stages[0].coefs_[0].T)
    assert [one.to_jshtml().count("data:image/png;base64") for one in (animation, tiles)] == [2, 2]


@pytest.mark.parametrize(
    "animate, arguments, message",
    [
        (animate_boundary, {"X": np.zeros((100, 3))}, r"X must have shape \(n_samples, 2\)"),
        (animate_boundary, {"every": 0}, "every must be"),
        (animate_boundary, {"estimator": LogisticRegression()}, "must train epoch by epoch"),
        (animate_units, {"estimator": MLPClassifier(())}, "must have hidden layers"),
        (animate_units, {"estimator": Perceptron()}, "must have hidden layers"),
        (animate_units, {"estimator": MLPClassifier((31,))}, "the layer has 31 units"),
        (animate_units, {"layer": 1}, "no hidden layer 1"),
        (animate_weights, {"layer": 2}, r"layer must be one of \[0, 1\]"),
        (animate_weights, {"image_shape": (3, 3)}, "whose product is 2"),
    ],
)
def test_errors_of_animations(moons, animate, arguments, message):
    given = {"estimator": LEARNER, "X": moons[0], "y": moons[1], "n_epochs": 1, **arguments}
    with pytest.raises(ValueError, match=message):
        animate(**given)
