"""Initial parameters of a multilayer perceptron."""

import numpy as np

from sknn_concepts.jit.memory import empty_lines
from sknn_concepts.network.layout import layer_views, make_layout, n_parameters
from sknn_concepts.pruning.connectivity import check_connectivity, connect


def draw_parameters(sizes, activations, initializer, connectivity, dtype, random_state):
    """Draw the flat parameters of a network of some layer sizes, as scikit-learn does.

    The intercepts of each layer are drawn after its weights. The activations are those of the hidden layers; a network
    without any is drawn as for one activation. Returns the parameters, and a mask of the connections and intercepts,
    which is None if all exist. Raises ValueError if the connectivity does not fit the sizes, and MemoryError if the
    network is too large.
    """
    check_connectivity(connectivity, sizes)
    layout = make_layout(sizes)
    try:
        theta = empty_lines(n_parameters(layout), dtype)
    except (MemoryError, ValueError):
        size, widths = n_parameters(layout) * dtype.itemsize / 2**30, tuple(sizes[1:-1])
        raise MemoryError(
            f"hidden_layer_sizes={widths!r} makes a network of {size:.3g} GiB, more than there is."
        ) from None
    coefs, intercepts = layer_views(theta, layout)
    for layer, (w, b) in enumerate(zip(coefs, intercepts, strict=True)):
        # the output layer is drawn like the last hidden one
        of_layer = initializer.for_activation(activations[min(layer, len(activations) - 1)])
        w[:] = of_layer.weights(random_state, *w.shape)
        b[:] = of_layer.intercepts(random_state, *w.shape)
    if connectivity is None:
        return theta, None
    masks = connect(connectivity, sizes, random_state)
    return theta, np.concatenate([*map(np.ravel, masks), np.ones(sum(sizes[1:]), bool)])
