"""JAX, with one compiled function per epoch, which scans over the batches."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import networks
from benchmarks.contenders import network_only

jax.config.update("jax_enable_x64", True)

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "logistic": jax.nn.sigmoid}


def make(kind, **parameters):
    """Create a network."""
    network_only(kind, "JAX")
    return Network(**parameters)


class Network(networks.Network):
    """Multilayer perceptron in JAX."""

    def train(self, X, codes, orders):
        """Train."""
        inputs, targets = jnp.asarray(X), jnp.asarray(codes)
        layers = [tuple(map(jnp.array, layer)) for layer in zip(self.coefs_, self.intercepts_, strict=True)]
        means, squares = (jax.tree.map(jnp.zeros_like, layers) for _ in range(2))
        state = layers, means, squares, jnp.zeros((), X.dtype)
        numbers = self.alpha, self.learning_rate_init
        for order in orders:
            state = epoch(state, inputs, targets, jnp.asarray(order), self.activation, self.batch_size, numbers)
        self.layers_ = jax.block_until_ready(state)[0]

    def raw(self, X):
        """Return outputs before the last activation."""
        return np.asarray(outputs(self.layers_, jnp.asarray(X), self.activation))


@functools.partial(jax.jit, static_argnums=2)
def outputs(layers, x, activation):
    """Return outputs before the last activation."""
    for w, b in layers[:-1]:
        x = ACTIVATIONS[activation](x @ w + b)
    w, b = layers[-1]
    return x @ w + b


def loss(layers, x, y, activation):
    """Return the mean log loss."""
    raw = outputs(layers, x, activation)
    if raw.shape[1] == 1:
        return jnp.mean(jax.nn.softplus(raw[:, 0]) - y * raw[:, 0])
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(raw), y[:, None], axis=1))


@functools.partial(jax.jit, static_argnums=(4, 5, 6), donate_argnums=0)
def epoch(state, X, y, order, activation, batch_size, numbers):
    """Train for one epoch with a given order of the samples. The last batch may be smaller than the others."""
    alpha, rate = numbers

    def step(state, rows):
        layers, means, squares, t = state
        t += 1
        gradient = jax.grad(loss)(layers, X[rows], y[rows], activation)
        gradient = [(g + alpha / rows.size * w, h) for (g, h), (w, _) in zip(gradient, layers, strict=True)]
        means = jax.tree.map(lambda m, g: networks.BETA_1 * m + (1.0 - networks.BETA_1) * g, means, gradient)
        squares = jax.tree.map(lambda v, g: networks.BETA_2 * v + (1.0 - networks.BETA_2) * g * g, squares, gradient)
        now = rate * jnp.sqrt(1.0 - networks.BETA_2**t) / (1.0 - networks.BETA_1**t)
        layers = jax.tree.map(lambda w, m, v: w - now * m / (jnp.sqrt(v) + networks.EPSILON), layers, means, squares)
        return (layers, means, squares, t), None

    whole = order.size // batch_size
    state, _ = jax.lax.scan(step, state, order[: whole * batch_size].reshape(whole, batch_size))
    if whole * batch_size < order.size:
        state, _ = step(state, order[whole * batch_size :])
    return state
