"""The objective of logistic regression: the mean of the samples' losses plus a penalty.

That is scikit-learn's ``C * sum(losses) + penalty`` divided by C and by the sum of the weights: it has the same
minimum, and the size of its gradient does not depend on the number of samples.
"""

import copy
import functools
from typing import NamedTuple

import numpy as np
import scipy.sparse

from sknn_concepts.linear.kernels import hessian_product, loss_gradient
from sknn_concepts.linear.rows import add_gram, add_squares, as_rows, read_only, take_rows
from sknn_concepts.network.threads import WorkerThreads

#: Columns up to which matrices over all features are worth their price, if there are at least as many samples.
MAX_GRAM_COLUMNS = 1024
#: Samples that a Gram matrix is estimated from: so many a column, but no fewer than the second number.
GRAM_ROWS_PER_COLUMN, MIN_GRAM_ROWS = 8, 2000
#: Numbers in X times outputs from which on threads share the samples.
MIN_SHARED_NUMBERS = 1_000_000
#: Blocks of samples that threads share; fewer where the sum over a block, which each block has of its own, is large.
MAX_BLOCKS, MAX_LARGE_BLOCKS, LARGE_SUM_SIZE = 8, 4, 1 << 17
#: Numbers that a block has for each column, so that adding up the sums takes little of the time.
MIN_BLOCK_NUMBERS_PER_COLUMN = 16
EPS = np.finfo(np.float64).eps


class LogisticObjective:
    """Mean log loss of a linear model with an elastic-net penalty.

    X is an array or CSR matrix in float32 or float64; it is C-contiguous, or in canonical format: indices sorted, no
    duplicates. `y` contains the numbers of the classes; two classes have one output, more have one output each. `ridge`
    and `lasso`, of shape (n_features + 1,), are the factors of w_j^2 / 2 and of abs(w_j) in the penalty, for each
    feature and the intercept. An intercept that is not fitted stays zero. The number of threads changes no bit of the
    result.
    """

    def __init__(self, X, y, n_classes, weights=None, *, ridge, lasso, fit_intercept=True, n_threads=1):
        self.rows = as_rows(X)
        self.n_outputs = 1 if n_classes == 2 else n_classes
        self.shape = X.shape[1] + 1, self.n_outputs
        self.y = read_only(y.astype(np.int32))
        self.weights = read_only(np.empty(0) if weights is None else weights.astype(np.float64))
        self.total_weight = float(X.shape[0] if weights is None else weights.sum())
        self.ridge, self.lasso = ridge[:, None], lasso[:, None]
        self.fit_intercept = fit_intercept
        self._threads = WorkerThreads(n_threads)
        #: spacing of these samples among those that they were taken from
        self.spacing = 1
        self._dtype = X.dtype if len(self.rows) == 1 and self.n_outputs > 1 else np.dtype(np.float64)
        #: relative differences of the value that may be nothing but rounding; in float64 what scikit-learn takes for it
        self.rounding = 64 * EPS if self._dtype == np.float64 else 1.5e-8
        #: relative curvature below which a direction shows the rounding of the features only
        self.noise = 1e-5 if X.dtype == np.float32 else 1e-9

    def value_gradient(self, theta, probabilities=None):
        """Compute value and gradient of the smooth part, which is everything but the lasso.

        `theta` is a matrix of shape (n_features + 1, n_outputs) row by row. The probabilities are written to an array
        of shape (n_samples, n_outputs) if there is one.
        """
        w = theta.reshape(self.shape)
        losses, gradient = self.sum_losses(w.astype(self._dtype, copy=False), probabilities)
        gradient /= self.total_weight
        gradient += self.ridge * w
        if self.n_outputs > 1:  # the loss does not depend on what the classes have in common, except by rounding
            gradient[self._unpenalized] -= gradient[self._unpenalized].mean(axis=1, keepdims=True)
        if not self.fit_intercept:
            gradient[-1] = 0.0
        return losses / self.total_weight + 0.5 * np.sum(self.ridge * w * w), gradient.ravel()

    def sum_losses(self, coefficients, probabilities=None):
        """Sum up the weighted losses of the samples, and their gradients.

        The coefficients are of shape (n_features + 1, n_outputs). See :meth:`value_gradient`.
        """
        wanted = self._by_output(np.empty((0, 0)) if probabilities is None else probabilities)

        def add(block, out):
            of_block = wanted[block.samples] if wanted.size else wanted
            return loss_gradient(block.rows, block.y, block.weights, coefficients, out, of_block)

        losses, gradient = self._sum_over_blocks(add, self.shape)
        return sum(losses), gradient

    @property
    def _unpenalized(self):
        """Numbers of the features, the intercept counted among them, that no penalty acts on."""
        return np.flatnonzero((self.ridge[:, 0] == 0.0) & (self.lasso[:, 0] == 0.0))

    def hessian_product(self, v, probabilities):
        """Multiply a vector with the Hessian of the smooth part, given the probabilities of :meth:`value_gradient`."""
        direction = v.reshape(self.shape).astype(self._dtype, copy=False)
        probabilities = self._by_output(probabilities)

        def add(block, out):
            hessian_product(block.rows, block.weights, probabilities[block.samples], direction, out)

        _, out = self._sum_over_blocks(add, self.shape)
        out /= self.total_weight
        out += self.ridge * v.reshape(self.shape)
        if not self.fit_intercept:
            out[-1] = 0.0
        return out.ravel()

    def _by_output(self, probabilities):
        """Probabilities as the kernels take them: those of a single output are a vector."""
        return probabilities.reshape(-1) if self.n_outputs == 1 else probabilities

    def _sum_over_blocks(self, add, shape):
        """Let ``add(block, out)`` add the share of each block of samples to zeros of a shape.

        Returns a list of what the calls return, and the sum of the shares in the order of the blocks.
        """
        blocks = self._blocks(MAX_BLOCKS if np.prod(shape) <= LARGE_SUM_SIZE else MAX_LARGE_BLOCKS)
        total = np.empty(shape)

        def fill(block, out):
            out[:] = 0
            return add(block, out)

        return self._threads.add_up(fill, total, blocks), total

    def _blocks(self, most):
        """Split the samples into as many blocks as are worth a sum of their own, whatever the number of threads."""
        size = self.rows[0].size
        shared = size * self.n_outputs >= MIN_SHARED_NUMBERS
        count = min(most, size // (MIN_BLOCK_NUMBERS_PER_COLUMN * self.shape[0])) if shared else 1
        if count <= 1:
            return [_Block(slice(None), self.rows, self.y, self.weights)]
        bounds = np.linspace(0, self.y.size, count + 1).astype(int)
        return [self._block(start, stop) for start, stop in zip(bounds[:-1], bounds[1:], strict=True)]

    def _block(self, start, stop):
        rows = self.rows
        rows = (rows[0][start:stop],) if len(rows) == 1 else (rows[0], rows[1], rows[2][start : stop + 1])
        return _Block(slice(start, stop), rows, self.y[start:stop], self.weights[start:stop])

    @functools.cached_property
    def columns(self):
        """Sparse samples as a CSC matrix of shape (n_samples, n_features)."""
        return scipy.sparse.csr_matrix(self.rows, (self.y.size, self.shape[0] - 1)).tocsc()

    def residual_changes(self, change, probabilities):
        """First-order change of the weighted residuals of several outputs, divided by the total weight.

        It is the effect of a `change` of the margins; both have shape (n_samples, n_outputs). Multiplied by the samples
        and summed, it is the product of the Hessian with the step that changes the margins.
        """
        change = change / self.total_weight
        change -= np.sum(probabilities * change, axis=1, keepdims=True)
        change *= probabilities
        return change * self.weights[:, None] if self.weights.size else change

    def hessian(self, probabilities):
        """Compute the whole Hessian of the smooth part, of shape (n_parameters, n_parameters).

        Singular directions get a positive diagonal, which does not change Newton steps: an intercept that is not
        fitted, and the common direction of all classes if it is not penalized.
        """
        q, k = self.shape
        by_class = np.empty((q, k, q, k))
        for c in range(k):
            for other in range(c + 1):
                part = self.gram(self.curvatures(probabilities, c, other)) / self.total_weight
                by_class[:, c, :, other] = by_class[:, other, :, c] = part if c == other else -part
        if k > 1:
            for j in self._unpenalized:
                by_class[j, :, j, :] += np.trace(by_class[j, :, j, :]) / k**2
        hessian = by_class.reshape(q * k, q * k)
        hessian[np.diag_indices(q * k)] += np.repeat(self.ridge[:, 0], k)
        if not self.fit_intercept:
            hessian[-k:, -k:] = np.eye(k)
        return hessian

    def gram(self, curvatures):
        """Sum of h_i (x_i, 1) (x_i, 1)' over the samples, of shape (n_features + 1, n_features + 1), for h_i >= 0."""

        def add(block, out):
            add_gram(block.rows, curvatures[block.samples], out)

        _, gram = self._sum_over_blocks(add, (self.shape[0], self.shape[0]))
        gram += np.tril(gram, -1).T
        if not self.fit_intercept:
            gram[-1], gram[:, -1] = 0.0, 0.0
        return gram

    def curvatures(self, probabilities, c=0, other=0):
        """Magnitudes of the second derivatives of the samples' weighted losses with respect to two margins.

        They are of shape (n_samples,); the derivative is positive for a margin with itself, negative for two of them.
        """
        p = probabilities[:, c]
        h = p * (1.0 - p) if c == other else p * probabilities[:, other]
        return h * self.weights if self.weights.size else h

    def mean_curvatures(self, theta):
        """Mean over the outputs of the samples' curvatures, of shape (n_samples,).

        It is at least a thousandth of what it is at equal probabilities, which keeps steps sane where the classes are
        separable.
        """
        probabilities = np.empty((self.y.size, self.n_outputs))
        self.value_gradient(theta, probabilities)
        classes = max(self.n_outputs, 2)
        curvatures = np.mean(probabilities * (1.0 - probabilities), axis=1)
        curvatures = np.maximum(curvatures, 1e-3 * (classes - 1) / classes**2)
        return curvatures * self.weights if self.weights.size else curvatures

    def centered(self, theta):
        """Parameters as a matrix, without what several classes have in common where no lasso acts.

        It changes no probability, and reduces the ridge penalty if there is one.
        """
        w = theta.reshape(self.shape).copy()
        if self.n_outputs > 1:
            rows = self.lasso[:, 0] == 0.0
            w[rows] -= w[rows].mean(axis=1, keepdims=True)
        return w

    def restricted_to(self, features, X):
        """Restrict the objective to some of the features, of which X holds the columns."""
        restricted = self._copy()
        restricted.rows = as_rows(X)
        rows = np.append(features, self.shape[0] - 1)
        restricted.shape = len(rows), self.n_outputs
        restricted.ridge, restricted.lasso = self.ridge[rows], self.lasso[rows]
        return restricted

    def _copy(self):
        other = copy.copy(self)
        for cached in ("columns", "gram_sample", "norms"):
            vars(other).pop(cached, None)
        return other

    def parameter_indices(self, features):
        """Indices in `theta` of the parameters of some features and of the intercept."""
        rows = np.append(features, self.shape[0] - 1)
        return (rows[:, None] * self.n_outputs + np.arange(self.n_outputs)).ravel()

    @property
    def has_few_features(self):
        """Whether features are few enough for matrices over them."""
        return self.shape[0] <= min(MAX_GRAM_COLUMNS, self.n_samples)

    @property
    def n_samples(self):
        """Number of samples."""
        return self.y.size

    @functools.cached_property
    def gram_sample(self):
        """The objective over evenly spaced samples, enough to estimate a Gram matrix from."""
        return self.subsample(self.sample_spacing)

    @property
    def sample_spacing(self):
        """Spacing of the samples of :attr:`gram_sample`."""
        return self.gram_spacing(min(self.shape[0], MAX_GRAM_COLUMNS))

    def gram_spacing(self, n_columns):
        """Spacing of the samples that are enough to estimate a Gram matrix of so many columns."""
        return max(self.n_samples // max(GRAM_ROWS_PER_COLUMN * n_columns, MIN_GRAM_ROWS), 1)

    def subsample(self, spacing):
        """Restrict the objective to samples 0, `spacing`, 2 `spacing` and so on, or to all where those have no weight.

        The result knows its `spacing`.
        """
        if spacing == 1 or (self.weights.size and not self.weights[::spacing].any()):
            return self
        sample = self._copy()
        sample.spacing = spacing
        sample.rows = take_rows(self.rows, spacing)
        sample.y = read_only(np.ascontiguousarray(self.y[::spacing]))
        sample.weights = read_only(np.ascontiguousarray(self.weights[::spacing]))
        sample.total_weight = float(sample.weights.sum() if sample.weights.size else sample.y.size)
        return sample

    @functools.cached_property
    def norms(self):
        """Root of the weighted mean square of each feature, and 1 for the intercept."""
        squares = self.sum_squares()
        if not np.isfinite(squares).all():
            times, largest = "", self.weights.max(initial=0.0)
            if largest > 1.0:
                times = f" and multiplied with the sample weights, of which the largest is {largest:g}"
            raise ValueError(
                f"Feature {np.argmax(~np.isfinite(squares))} is too large to be squared in float64{times}; scale the "
                f"features{' or the weights' if times else ''}."
            )
        return np.append(np.sqrt(squares / self.total_weight), 1.0)

    def sum_squares(self):
        """Weighted sum of the squares of each feature."""
        squares = np.zeros(self.shape[0] - 1)
        add_squares(self.rows, self.weights, squares)
        return squares

    def diagonal_bound(self):
        """Diagonal of the Hessian where all classes are equally probable, of shape (n_parameters,); 1 for 0."""
        classes = max(self.n_outputs, 2)
        diagonal = (classes - 1) / classes**2 * self.norms**2 + self.ridge[:, 0]
        return np.repeat(np.where(diagonal > 0.0, diagonal, 1.0), self.n_outputs)


class _Block(NamedTuple):
    """A run of samples: where it is, and its rows, targets and weights."""

    samples: slice
    rows: tuple
    y: np.ndarray
    weights: np.ndarray
