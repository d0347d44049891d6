"""A lower bound of the time: the arithmetic of the work at peak speed, or its data at full memory bandwidth.

The limit takes part like any other contender, so that it is measured in the same rounds, and with as many threads as
OpenMP may use, unless the work has to be done in order. A fit performs as many multiplications and additions as the
work requires, in registers, or reads the samples as often as the work requires. Only matrix products count as
arithmetic; optimizers, activations and the gathering of samples are not included.
"""

import concurrent.futures
import functools

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

import sknn_concepts
from sknn_concepts.gemm.processor import target_shape
from sknn_concepts.gemm.vectors import INDEX, Vectors
from sknn_concepts.jit.decorator import COMPILED

#: The limit has no loss and no score.
JUDGED = False


def make(kind, **parameters):
    """Create the limit for a kind of work."""
    kinds = {
        "MLPClassifier": NetworkLimit,
        "LogisticRegression": LogisticLimit,
        "Perceptron": PerceptronLimit,
        "LogisticPass": PassLimit,
    }
    if not COMPILED or target_shape() is None:
        raise ImportError("the vector registers of this processor are not known")
    if kind not in kinds:
        raise ImportError(f"there is no limit of {kind}")
    return kinds[kind](**parameters)


class NetworkLimit:
    """Matrix products of the training of a network, and of its predictions."""

    def __init__(self, hidden_layer_sizes, solver="adam", max_iter=1, max_fun=1, **_):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.passes = max_fun if solver == "lbfgs" else max_iter

    def fit(self, X, y):
        """Compute the products of all forward and backward passes."""
        _dense_only(X)
        n_classes = len(np.unique(y))
        self.sizes_ = [X.shape[1], *self.hidden_layer_sizes, 1 if n_classes == 2 else n_classes]
        multiply_add(self.passes * training_flops(self.sizes_, len(y)), X.dtype, _openmp_effective_n_threads())
        return self

    def predict(self, X):
        """Compute the products of one forward pass."""
        multiply_add(forward_flops(self.sizes_, len(X)), X.dtype, _openmp_effective_n_threads())


class LogisticLimit:
    """One pass over the samples more than our solver makes iterations, and matrix products for several classes."""

    _solved: dict = {}

    def __init__(self, **parameters):
        self.parameters = parameters

    def fit(self, X, y):
        """Read the samples, or multiply."""
        _dense_only(X)
        key = repr(self.parameters)
        if key not in self._solved:
            self._solved[key] = sknn_concepts.LogisticRegression(**self.parameters).fit(X, y)
        solved = self._solved[key]
        self.coef_, self.intercept_ = solved.coef_, solved.intercept_
        passes = 1 + int(solved.n_iter_.max())
        if len(self.coef_) > 1:
            multiply_add(passes * 4 * X.size * len(self.coef_), X.dtype, _openmp_effective_n_threads())
        else:
            read(X, passes, _openmp_effective_n_threads())
        return self


class PerceptronLimit:
    """Reading of the samples in all epochs."""

    def __init__(self, max_iter, **_):
        self.max_iter = max_iter

    def fit(self, X, y):
        """Read the samples."""
        _dense_only(X)
        read(X, self.max_iter)
        return self


class PassLimit:
    """Reading of the samples in one pass."""

    def __init__(self, **_):
        """Do nothing."""

    def fit(self, X, y):
        """Do nothing."""
        return self

    def compute(self, X, y):
        """Read the samples."""
        return read(X, 1, _openmp_effective_n_threads())


def forward_flops(sizes, n_samples):
    """Return the number of multiplications and additions in one forward pass."""
    return 2 * n_samples * sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def training_flops(sizes, n_samples):
    """Return that number for a forward and a backward pass, which does not propagate errors to the input."""
    back = forward_flops(sizes[1:], n_samples) if len(sizes) > 2 else 0
    return 2 * forward_flops(sizes, n_samples) + back


def multiply_add(flops, dtype, n_threads=1):
    """Perform a number of multiplications and additions in registers.

    Parameters
    ----------
    flops : int
        Number of operations in all threads together, rounded up to whole steps.
    dtype : dtype
        float32 or float64.
    n_threads : int, default=1
    """
    shape, one = target_shape(), np.ones(1, dtype)
    per_step = 2 * shape.sums * shape.vector_bytes // one.itemsize
    in_threads(spin, [(-(-flops // (per_step * n_threads)), one)] * n_threads)


def read(X, passes, n_threads=1):
    """Read an array a number of times, and return the sum of its elements.

    Parameters
    ----------
    X : ndarray
        C-contiguous array.
    passes : int
    n_threads : int, default=1
        That share it.
    """
    parts = np.array_split(X.reshape(-1), n_threads)
    return sum(sum(in_threads(add_up, [(part,) for part in parts])) for _ in range(passes))


def in_threads(function, arguments):
    """Call a function with each of several arguments in its own thread, and return the results."""
    if len(arguments) == 1:
        return [function(*arguments[0])]
    return list(_pool(len(arguments)).map(lambda each: function(*each), arguments))


@functools.cache
def _pool(n_threads):
    return concurrent.futures.ThreadPoolExecutor(n_threads)


@intrinsic
def _spin(typing_context, steps, one):
    """Perform as many independent multiply-adds per step as a tile has registers for sums."""

    def code(context, builder, signature, values):
        number = context.get_data_type(one.dtype)
        vectors = Vectors(builder, number)
        array = context.make_array(one)(context, builder, values[1])
        factor = vectors.broadcast(builder.load(array.data))
        sums = []
        for i in range(vectors.shape.sums):
            sums.append(cgutils.alloca_once(builder, vectors.vector))
            builder.store(ir.Constant(vectors.vector, [float(i)] * vectors.lanes), sums[-1])
        with cgutils.for_range(builder, values[0]):
            for total in sums:
                product = builder.fmul(factor, builder.load(total), flags=("contract",))
                builder.store(builder.fadd(product, factor, flags=("contract",)), total)
        result = builder.load(sums[0])
        for total in sums[1:]:
            result = builder.fadd(result, builder.load(total))
        return builder.extract_element(result, INDEX(0))

    return one.dtype(types.intp, one), code


@numba.njit(nogil=True)
def spin(steps, one):
    """Multiply and add in registers for a number of steps."""
    return _spin(steps, one)


@numba.njit(nogil=True, fastmath=True)
def add_up(x):
    """Sum the elements of a vector."""
    total = x.dtype.type(0.0)
    for i in range(x.size):
        total += x[i]
    return total


def _dense_only(X):
    if not isinstance(X, np.ndarray):
        raise ImportError("the limit of sparse work is not known")
