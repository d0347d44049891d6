"""Planes in the space of a network's parameters: their directions, paths projected onto them, and losses over them."""

import itertools

import numpy as np
from sklearn.utils import check_random_state

from sknn_concepts.inspection._network import layers_of
from sknn_concepts.inspection._style import check_option
from sknn_concepts.network.architecture import Architecture
from sknn_concepts.network.layout import layer_views, make_layout

#: Share of the extent of a path by which the surface extends beyond it.
MARGIN = 0.25


def flat_paths(paths, estimator):
    """Flat parameters of each path, of shape (n_steps, n_parameters), by name."""
    if paths is None:
        return {}
    given = paths if isinstance(paths, dict) else {"path": paths}
    size = len(_flat(estimator))
    found = {}
    for name, path in given.items():
        rows = list(path) if isinstance(path, list | tuple | np.ndarray) else []
        rows = [_flat(row) if hasattr(row, "get_params") else row for row in rows]
        parameters = np.array(rows, dtype=float) if {np.shape(row) for row in rows} == {(size,)} else None
        if parameters is None:
            raise ValueError(
                f"paths must be fitted networks with {size} parameters, or an array of shape (n_steps, {size}); "
                f"{name!r} is another."
            )
        found[str(name)] = parameters
    return found


def _flat(estimator):
    coefs, intercepts, _ = layers_of(estimator)
    return np.concatenate([np.ravel(array) for array in (*coefs, *intercepts)]).astype(float)


def make_plane(directions, estimator, center, parameters, random_state):
    """Two directions as rows, the coordinates of the center, and labels of the axes."""
    if not isinstance(directions, str):
        return _given_plane(directions, estimator, center)
    check_option("directions", directions, ("random", "path"))
    if directions == "random":
        return random_directions(estimator, random_state), np.zeros(2), ("random direction 1", "random direction 2")
    path = next(iter(parameters.values()), ())
    if len(path) < 3:
        raise ValueError("directions='path' needs paths of three or more steps.")
    _, _, components = np.linalg.svd(path - center, full_matrices=False)
    return components[:2], np.zeros(2), ("principal component 1 of the path", "principal component 2 of the path")


def _given_plane(directions, estimator, center):
    rows = list(directions) if isinstance(directions, list | tuple | np.ndarray) else []
    plane = np.zeros((2, len(center)))
    if len(rows) == 2 and all(isinstance(row, tuple) for row in rows):
        places = [_place(row, estimator) for row in rows]
        if places[0] == places[1]:
            raise ValueError(f"directions must be two different weights; got {directions!r}.")
        plane[[0, 1], places] = 1.0
        return plane, center[places], tuple(_label(row, estimator) for row in rows)
    if np.shape(rows) == plane.shape:
        plane[:] = rows
    if np.linalg.matrix_rank(plane) < 2:
        raise ValueError(
            "directions must be 'random', 'path', two tuples (layer, i, j), or two independent vectors as an array of "
            f"shape (2, {len(center)}); got {directions!r}."
        )
    return plane, np.zeros(2), ("first direction", "second direction")


def random_directions(estimator, random_state):
    """Two random directions in which the weights of each unit have the norm of the network's; intercepts stay."""
    coefs, _, masks = layers_of(estimator)
    sizes = [len(coefs[0]), *(w.shape[1] for w in coefs)]
    layout, random = make_layout(sizes), check_random_state(random_state)
    plane = np.zeros((2, sum(w.size for w in coefs) + sum(sizes[1:])))
    for direction in plane:
        for out, w, mask in zip(layer_views(direction, layout)[0], coefs, masks, strict=True):
            drawn = random.normal(size=w.shape) * mask
            lengths = np.linalg.norm(drawn, axis=0)
            out[:] = drawn * np.linalg.norm(w, axis=0) / np.where(lengths > 0.0, lengths, 1.0)
    if np.linalg.matrix_rank(plane) < 2:
        raise ValueError("directions='random' needs a network whose weights are not all zero.")
    return plane


def _place(row, estimator):
    """Position of a weight or an intercept in the flat vector."""
    coefs, intercepts, _ = layers_of(estimator)
    layer, *unit = row
    parts = {2: coefs, 1: intercepts}.get(len(unit))
    if parts is None or not all(isinstance(k, int | np.integer) and k >= 0 for k in row) or layer >= len(parts):
        raise ValueError(f"directions has {row!r}, which is not (layer, i, j) or (layer, j) with layer < {len(coefs)}.")
    if any(k >= size for k, size in zip(unit, parts[layer].shape, strict=True)):
        raise ValueError(f"directions has {row!r}, but the array of this layer has shape {parts[layer].shape}.")
    before = sum(w.size for w in parts[:layer]) + (len(unit) == 1) * sum(w.size for w in coefs)
    return int(before + np.ravel_multi_index(unit, parts[layer].shape))


def _label(row, estimator):
    if hasattr(estimator, "coef_"):
        return "intercept" if len(row) == 2 else f"weight of input {row[1]}"
    return f"intercepts_[{row[0]}][{row[1]}]" if len(row) == 2 else f"coefs_[{row[0]}][{row[1]}, {row[2]}]"


def share_in_plane(path, plane, inverse):
    """Share of the squared distances of a path from its mean that a plane contains."""
    moved = path - path.mean(axis=0)
    total = float(np.square(moved).sum())
    return float(np.square(moved @ inverse @ plane).sum()) / total if total else 1.0


def make_grid(origin, coordinates, span, n_points):
    """Yield the coordinates of the grid along both axes."""
    points = np.concatenate([origin[None], *coordinates.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = (high - low).max()
    for axis in range(2):
        if span is not None or not extent:
            reach = 1.0 if span is None else span
            yield np.linspace(origin[axis] - reach, origin[axis] + reach, n_points)
        else:
            # neither direction much narrower than the other
            room = max((high - low)[axis], 0.3 * extent) * (1.0 + 2.0 * MARGIN)
            middle = (low + high)[axis] / 2.0
            yield np.linspace(middle - room / 2.0, middle + room / 2.0, n_points)


def losses_over(network, start, plane, a, b):
    """Mean losses of the networks with parameters ``start + a plane[0] + b plane[1]``."""
    architecture = Architecture(network.sizes, network.activations, network.loss, network.theta.dtype)
    compiled = architecture.compile(network.dataset, needs_gradients=True)  # so that it has the loss
    y = network.dataset.y
    weights = network.dataset.weights if network.dataset.weights.size else None
    losses = np.empty((len(b), len(a)))
    for (row, second), (column, first) in itertools.product(enumerate(b), enumerate(a)):
        theta = (start + first * plane[0] + second * plane[1]).astype(network.theta.dtype)
        losses[row, column] = compiled.losses(compiled.predict(theta, linked=False), y, weights)
    return losses * network.loss_scale / network.total_weight
