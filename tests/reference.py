"""Naive twins of the kernels in plain NumPy, slow and plain to see, and the tools that check formulas."""

import dataclasses

import numpy as np

#: Units of the last place of a number, by dtype.
EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def variants(registry):
    """Instances of a registry's classes: with the default hyper-parameters, and with each numeric one changed."""
    for name, make in registry.items():
        strategy = make()
        yield name, strategy
        for field in dataclasses.fields(strategy):
            number = getattr(strategy, field.name)
            if isinstance(number, float):
                changed = make(**{field.name: 0.5 * number + 0.2})
                changed.check()
                yield f"{name}-{field.name}", changed


def each(formula, *arrays):
    """Array of what a plain formula of numbers gives for each element."""
    arrays = np.broadcast_arrays(*arrays)
    numbers = zip(*(array.ravel() for array in arrays), strict=True)
    with np.errstate(all="ignore"):
        return np.array([formula(*row) for row in numbers]).reshape(arrays[0].shape)


def derivative(function, x, h=2.0**-10):
    """Central difference over five points, of error h^4 / 30 times the fifth derivative."""
    far, near = function(x + 2 * h) - function(x - 2 * h), function(x + h) - function(x - h)
    return (8 * near - far) / (12 * h)


def jacobian(function, x, h=2.0**-10):
    """Derivatives of a function of a vector: the last axis is that of `x`."""
    return np.stack([derivative(lambda t, e=e: function(x + t * e), 0.0, h) for e in np.eye(x.size)], axis=-1)


def has_rows(loss):
    """Whether a loss couples the outputs of a sample."""
    return hasattr(loss, "loss_gradient_row")


def losses_and_gradients(loss, y, raw):
    """Loss of each sample, and its gradient with respect to the raw predictions."""
    if not has_rows(loss):
        return each(loss.loss, y, raw).sum(axis=1), each(loss.gradient, y, raw)
    gradients = np.empty_like(raw)
    values = [loss.loss_gradient_row(y[i], raw[i], gradients[i]) for i in range(len(raw))]
    return np.array(values), gradients


def second_derivatives(loss, y, raw):
    """Hessian matrix of each sample's loss."""
    if not has_rows(loss):
        return np.stack([np.diag(row) for row in each(loss.hessian, y, raw)])
    matrices = np.empty((*raw.shape, raw.shape[1]))
    for i in range(len(raw)):
        loss.hessian_row(y[i], raw[i], matrices[i])
    return matrices


def inverse_links(loss, raw):
    """Predictions for raw predictions."""
    if not has_rows(loss):
        return each(loss.inverse_link, raw)
    predictions = raw.copy()
    for row in predictions:
        loss.inverse_link_row(row)
    return predictions


def forward(coefs, intercepts, activations, X):
    """Sums and values of each layer after the input."""
    sums, values = [], [X]
    for w, b, activation in zip(coefs, intercepts, activations, strict=True):
        sums.append(values[-1] @ w + b)
        values.append(each(activation.value, sums[-1]))
    return sums, values


def loss_and_gradients(coefs, intercepts, activations, loss, X, y, sample_weight=None):
    """Mean loss over the samples, and its gradients with respect to weights and intercepts (backpropagation)."""
    weights = np.ones(len(X)) if sample_weight is None else sample_weight
    sums, values = forward(coefs, intercepts, activations, X)
    per_sample, errors = losses_and_gradients(loss, y, values[-1])
    delta = errors * weights[:, None] / weights.sum()
    coef_gradients, intercept_gradients = [], []
    for layer in reversed(range(len(coefs))):
        delta = delta * each(activations[layer].slope, sums[layer])
        coef_gradients.insert(0, values[layer].T @ delta)
        intercept_gradients.insert(0, delta.sum(axis=0))
        delta = delta @ coefs[layer].T
    return per_sample @ weights / weights.sum(), coef_gradients, intercept_gradients


def flatten(coefs, intercepts):
    """One vector of all weights, then all intercepts."""
    return np.concatenate([np.ravel(array) for array in (*coefs, *intercepts)])


def optimize(optimizer, w, gradients, rates):
    """Parameters after each step of an optimizer's plain formula; `gradients` has a row a step."""
    w, slots = np.array(w), tuple(np.zeros_like(w) for _ in range(optimizer.slots))
    steps = np.arange(1, len(gradients) + 1)
    coefficients, shrinkage = optimizer.coefficients(rates, steps), optimizer.shrinkage(rates)
    path = []
    for g, c, shrink in zip(gradients, coefficients, shrinkage, strict=True):
        w, slots = optimizer.update(shrink * w, g, slots, c)
        path.append(w)
    return np.array(path)


def step(optimizer, theta, gradient, slots, n_weights, l2, l1, coefficients, shrink):
    """One step with penalties, in place, and the penalty before it: parameter by parameter."""
    penalty = 0.0
    for k in range(theta.size):
        w, g, factor = theta[k], gradient[k], 1.0
        if k < n_weights:
            penalty += 0.5 * l2 * w**2 + l1 * abs(w)
            g += l2 * w + l1 * np.sign(w)
            factor = shrink
        theta[k], slots[: optimizer.slots, k] = optimizer.update(
            factor * w, g, tuple(slots[: optimizer.slots, k]), coefficients
        )
    return penalty
