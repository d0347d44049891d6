"""What logistic regression makes small: the mean of the samples' losses plus a penalty.

That is scikit-learn's ``C * sum(losses) + penalty`` divided by C and by the sum of the weights: the same minimum, and a
gradient whose size does not depend on the number of samples.
"""

import copy
import functools

import numpy as np
import scipy.sparse

from sknn_concepts.linear import kernels as linear
from sknn_concepts.linear import multinomial
from sknn_concepts.linear.rows import add_gram, add_squares, as_rows, read_only, take_rows
from sknn_concepts.network.threads import WorkerThreads

#: Up to so many columns the whole Hessian is worth its price as a scale, if there are at least as many samples.
GRAM_LIMIT = 1024
#: Rows that the scale is estimated from: so many for each column, and up to so many all of them.
ROWS_PER_COLUMN, SMALL = 8, 2000
#: Numbers times outputs from which on the samples are worth being shared by threads, in so many parts.
MUCH, PARTS = 1_000_000, 8
#: Each part adds up a share of its own, which takes time: parts have so many numbers a column, and are fewer where the
#: share is large.
NUMBERS_PER_COLUMN, LARGE_SHARE, FEWER_PARTS = 16, 1 << 17, 4
EPS = np.finfo(np.float64).eps
NOTHING, NO_MATRIX = np.empty(0), np.empty((0, 0))


class LogisticObjective:
    """Mean log loss of a linear model with an elastic-net penalty.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples in float32 or float64; C-contiguous, or in canonical format: indices sorted, no duplicates.
    y : ndarray of shape (n_samples,)
        Numbers of the classes, 0 to n_classes - 1.
    n_classes : int
        Two make one output, more make one output each.
    weights : ndarray of shape (n_samples,), optional
        Weights of the samples, none negative.
    ridge, lasso : ndarray of shape (n_features + 1,)
        Factors of w_j^2 / 2 and of abs(w_j) in the penalty, for each feature and the intercept.
    intercept : bool, default=True
        Whether there is one; otherwise it stays where it is, at zero.
    n_threads : int, default=1
        Threads that share the passes over many samples; their number changes no bit of the result.
    """

    def __init__(self, X, y, n_classes, weights=None, *, ridge, lasso, intercept=True, n_threads=1):
        self.rows = as_rows(X)
        self.n_outputs = 1 if n_classes == 2 else n_classes
        self.shape = X.shape[1] + 1, self.n_outputs
        self.y = read_only(y.astype(np.int32))
        self.weights = read_only(NOTHING if weights is None else weights.astype(np.float64))
        self.total_weight = float(X.shape[0] if weights is None else weights.sum())
        self.ridge, self.lasso = ridge[:, None], lasso[:, None]
        self.intercept = intercept
        self._crew = WorkerThreads(n_threads)
        #: spacing of the samples where these are a part of others
        self.every = 1
        self._kernels = linear if n_classes == 2 else multinomial
        self._dtype = X.dtype if len(self.rows) == 1 and self.n_outputs > 1 else np.dtype(np.float64)
        #: relative differences of the value that may be nothing but rounding; in float64 what scikit-learn takes for it
        self.rounding = 64 * EPS if self._dtype == np.float64 else 1.5e-8
        #: relative curvature below which a direction shows the rounding of the features only
        self.noise = 1e-5 if X.dtype == np.float32 else 1e-9

    def value_gradient(self, theta, probabilities=None):
        """Value and gradient of the smooth part: everything but the lasso.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            Parameters, a matrix of shape (n_features + 1, n_outputs) row by row.
        probabilities : ndarray of shape (n_samples, n_outputs), optional
            Where the probabilities go.

        Returns
        -------
        value : float
        gradient : ndarray of shape (n_parameters,)
        """
        w = theta.reshape(self.shape)
        coefficients = w.astype(self._dtype, copy=False)
        kept = self._of_outputs(NO_MATRIX if probabilities is None else probabilities)

        def add(part, out):
            return self._kernels.loss_gradient(*part.arrays, coefficients, out, kept[part.rows] if kept.size else kept)

        losses, gradient = self._share(add, self.shape)
        loss = sum(losses)
        gradient /= self.total_weight
        gradient += self.ridge * w
        if self.n_outputs > 1:  # what the loss does not see has no slope, except by rounding
            gradient[self._free] -= gradient[self._free].mean(axis=1, keepdims=True)
        if not self.intercept:
            gradient[-1] = 0.0
        return loss / self.total_weight + 0.5 * np.sum(self.ridge * w * w), gradient.ravel()

    @property
    def _free(self):
        """Places of the features, the intercept counted among them, that no penalty acts on."""
        return np.flatnonzero((self.ridge[:, 0] == 0.0) & (self.lasso[:, 0] == 0.0))

    def hessian_product(self, v, probabilities):
        """Product of the Hessian of the smooth part with a vector.

        Parameters
        ----------
        v : ndarray of shape (n_parameters,)
        probabilities : ndarray of shape (n_samples, n_outputs)
            From :meth:`value_gradient`, at the parameters in question.

        Returns
        -------
        product : ndarray of shape (n_parameters,)
        """
        direction = v.reshape(self.shape).astype(self._dtype, copy=False)
        probabilities = self._of_outputs(probabilities)

        def add(part, out):
            rows, _, weights = part.arrays
            self._kernels.hessian_product(rows, weights, probabilities[part.rows], direction, out)

        _, out = self._share(add, self.shape)
        out /= self.total_weight
        out += self.ridge * v.reshape(self.shape)
        if not self.intercept:
            out[-1] = 0.0
        return out.ravel()

    def _of_outputs(self, probabilities):
        """Probabilities as the kernels take them: those of one output are a vector."""
        return probabilities.reshape(-1) if self.n_outputs == 1 else probabilities

    def _share(self, add, shape):
        """Let ``add(part, out)`` add each part's share to zeros of a shape.

        Returns what the calls return, and the sum of the shares in the order of the parts.
        """
        parts = self._parts(PARTS if np.prod(shape) <= LARGE_SHARE else FEWER_PARTS)
        shares = [np.zeros(shape) for _ in parts]
        returned = self._crew.share(add, parts, shares)
        return returned, functools.reduce(np.add, shares)

    def _parts(self, most):
        """Runs of samples, as many as are worth a share of their own; the same for any number of threads."""
        numbers = self.rows[0].size
        count = min(most, numbers // (NUMBERS_PER_COLUMN * self.shape[0])) if numbers * self.n_outputs >= MUCH else 1
        bounds = np.linspace(0, self.y.size, max(count, 1) + 1).astype(int)
        return [_Part(self, start, stop) for start, stop in zip(bounds[:-1], bounds[1:], strict=True)]

    @functools.cached_property
    def columns(self):
        """Sparse samples as a CSC matrix of shape (n_samples, n_features)."""
        return scipy.sparse.csr_matrix(self.rows, (self.y.size, self.shape[0] - 1)).tocsc()

    def residual_changes(self, change, probabilities):
        """First-order change of the weighted residuals of several outputs, divided by the total weight.

        That is what a `change` of the margins makes of them; both are of shape (n_samples, n_outputs). Times x_i and
        summed, it is the product of the Hessian with the step that changes the margins.
        """
        change = change / self.total_weight
        change -= np.sum(probabilities * change, axis=1, keepdims=True)
        change *= probabilities
        return change * self.weights[:, None] if self.weights.size else change

    def hessian(self, probabilities):
        """Whole Hessian of the smooth part, of shape (n_parameters, n_parameters).

        Where it is bound to be singular it is filled up, which changes no Newton step: without an intercept, and where
        a number that all classes have in common is free.
        """
        q, k = self.shape
        blocks = np.empty((q, k, q, k))
        for c in range(k):
            for other in range(c + 1):
                block = self.gram(self.curvatures(probabilities, c, other)) / self.total_weight
                blocks[:, c, :, other] = blocks[:, other, :, c] = block if c == other else -block
        if k > 1:
            for j in self._free:
                blocks[j, :, j, :] += np.trace(blocks[j, :, j, :]) / k**2
        hessian = blocks.reshape(q * k, q * k)
        hessian[np.diag_indices(q * k)] += np.repeat(self.ridge[:, 0], k)
        if not self.intercept:
            hessian[-k:, -k:] = np.eye(k)
        return hessian

    def gram(self, curvatures):
        """Sum of h_i (x_i, 1) (x_i, 1)' over the samples, of shape (n_features + 1, n_features + 1), for h_i >= 0."""

        def add(part, out):
            add_gram(part.arrays[0], curvatures[part.rows], out)

        _, gram = self._share(add, (self.shape[0], self.shape[0]))
        gram += np.tril(gram, -1).T
        if not self.intercept:
            gram[-1], gram[:, -1] = 0.0, 0.0
        return gram

    def curvatures(self, probabilities, c=0, other=0):
        """Magnitudes of the second derivatives of the samples' weighted losses with respect to two margins.

        Of shape (n_samples,); positive for a margin with itself, negative for two of them.
        """
        p = probabilities[:, c]
        h = p * (1.0 - p) if c == other else p * probabilities[:, other]
        return h * self.weights if self.weights.size else h

    def mean_curvatures(self, theta):
        """Mean over the outputs of the samples' curvatures, of shape (n_samples,).

        It is at least a thousandth of an undecided sample's, which keeps steps sane where all samples are told apart.
        """
        probabilities = np.empty((self.y.size, self.n_outputs))
        self.value_gradient(theta, probabilities)
        classes = max(self.n_outputs, 2)
        curvatures = np.mean(probabilities * (1.0 - probabilities), axis=1)
        curvatures = np.maximum(curvatures, 1e-3 * (classes - 1) / classes**2)
        return curvatures * self.weights if self.weights.size else curvatures

    def centered(self, theta):
        """Parameters as a matrix, without what several classes have in common and no lasso looks after.

        It changes no probability, and what ridge there is gets smaller.
        """
        w = theta.reshape(self.shape).copy()
        if self.n_outputs > 1:
            rows = self.lasso[:, 0] == 0.0
            w[rows] -= w[rows].mean(axis=1, keepdims=True)
        return w

    def over(self, X, features):
        """The same objective over some of the features, of which X holds the columns."""
        part = self._copy()
        part.rows = as_rows(X)
        kept = np.append(features, self.shape[0] - 1)
        part.shape = len(kept), self.n_outputs
        part.ridge, part.lasso = self.ridge[kept], self.lasso[kept]
        return part

    def _copy(self):
        part = copy.copy(self)
        for cached in ("columns", "sample", "norms"):
            vars(part).pop(cached, None)
        return part

    def places(self, features):
        """Places in `theta` of the parameters of some features and of the intercept."""
        rows = np.append(features, self.shape[0] - 1)
        return (rows[:, None] * self.n_outputs + np.arange(self.n_outputs)).ravel()

    @property
    def is_narrow(self):
        """Whether features are few enough for matrices over them."""
        return self.shape[0] <= min(GRAM_LIMIT, self.y.size)

    @functools.cached_property
    def sample(self):
        """The objective over evenly spaced samples, enough to estimate a Gram matrix from."""
        return self.thinned(self.spacing(min(self.shape[0], GRAM_LIMIT)))

    def spacing(self, n_columns):
        """Spacing of the samples that are enough to estimate a Gram matrix of so many columns."""
        return max(self.y.size // max(ROWS_PER_COLUMN * n_columns, SMALL), 1)

    def thinned(self, every):
        """The same objective over every so many-th sample, or over all where those have no weight."""
        if every == 1 or (self.weights.size and not self.weights[::every].any()):
            return self
        part = self._copy()
        part.every = every
        part.rows = take_rows(self.rows, every)
        part.y = read_only(np.ascontiguousarray(self.y[::every]))
        part.weights = read_only(np.ascontiguousarray(self.weights[::every]))
        part.total_weight = float(part.weights.sum() if part.weights.size else part.y.size)
        return part

    @functools.cached_property
    def norms(self):
        """Root of the weighted mean square of each feature, and 1 for the intercept."""
        squares = np.zeros(self.shape[0] - 1)
        add_squares(self.rows, self.weights, squares)
        if not np.isfinite(squares).all():
            times, largest = "", self.weights.max(initial=0.0)
            if largest > 1.0:
                times = f" and multiplied with the sample weights, of which the largest is {largest:g}"
            raise ValueError(
                f"Feature {np.argmax(~np.isfinite(squares))} is too large to be squared in float64{times}; scale the "
                f"features{' or the weights' if times else ''}."
            )
        return np.append(np.sqrt(squares / self.total_weight), 1.0)

    def diagonal(self):
        """Diagonal of the Hessian where every sample is undecided, of shape (n_parameters,); 1 where it is zero."""
        classes = max(self.n_outputs, 2)
        squares = (classes - 1) / classes**2 * self.norms**2 + self.ridge[:, 0]
        return np.repeat(np.where(squares > 0.0, squares, 1.0), self.n_outputs)


class _Part:
    """A run of samples: its place, and its rows, targets and weights."""

    def __init__(self, objective, start, stop):
        self.rows = slice(start, stop)
        rows = objective.rows
        rows = (rows[0][start:stop],) if len(rows) == 1 else (rows[0], rows[1], rows[2][start : stop + 1])
        self.arrays = rows, objective.y[start:stop], objective.weights[start:stop]
