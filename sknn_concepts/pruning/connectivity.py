"""Connections of networks that are sparse from the start."""

from numbers import Real

import numpy as np


def check_connectivity(connectivity, sizes=None):
    """Raise ValueError unless it is None, a share, or a list of masks, which must fit the layers' sizes if given."""
    if isinstance(connectivity, list | tuple):
        if sizes is not None:
            _masks(connectivity, sizes)
        return
    if connectivity is None:
        return
    if not isinstance(connectivity, Real) or isinstance(connectivity, bool) or not 0.0 < connectivity <= 1.0:
        raise ValueError(
            f"connectivity must be None, a share in (0, 1], or a list with a mask for each layer; got {connectivity!r}."
        )


def connect(connectivity, sizes, random_state):
    """Return a mask of the connections of each layer, of shape (fan_in, fan_out).

    `connectivity` is a share of all possible connections of each layer, drawn at random with at least one for each
    unit, or the masks themselves. Raises ValueError if masks do not have the shapes of the layers' weights, or if a
    layer has no connection.
    """
    if isinstance(connectivity, Real):
        return [_draw(connectivity, shape, random_state) for shape in zip(sizes[:-1], sizes[1:], strict=True)]
    return _masks(connectivity, sizes)


def _masks(connectivity, sizes):
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    masks = [np.array(mask, bool) for mask in connectivity]
    given = [mask.shape for mask in masks]
    if given != shapes:
        raise ValueError(f"connectivity has masks of shapes {given}; the layers' weights have {shapes}.")
    for layer, mask in enumerate(masks):
        if not mask.any():
            raise ValueError(f"connectivity[{layer}] has no connection: nothing would get through the network.")
    return masks


def _draw(share, shape, random_state):
    """Draw a share of all connections: first one for each unit, then any."""
    fan_in, fan_out = shape
    mask = np.zeros(shape, bool)
    mask[random_state.randint(fan_in, size=fan_out), np.arange(fan_out)] = True
    missing = round(share * mask.size) - fan_out
    if missing > 0:
        mask.flat[random_state.choice(np.flatnonzero(~mask), missing, replace=False)] = True
    return mask
