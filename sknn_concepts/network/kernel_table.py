"""The dispatch table of a network: what it calls by address, with which arguments, and which kernels may be bound.

Each function below calls the kernel that is bound to its entry, as its docstring says. Only these functions reach the
kernels, so a caller with other arguments does not compile (:mod:`sknn_concepts.jit.dispatch`).
"""

from numba import types

from sknn_concepts.jit.dispatch import Array, Entries
from sknn_concepts.network import kernels, sparse
from sknn_concepts.network.dataset import gather_dense, gather_targets, weigh

ROWS = Array(1, types.int64)
VECTOR, MATRIX = Array(1), Array(2)
OUT_VECTOR, OUT_MATRIX = Array(1, written=True), Array(2, written=True)

ENTRIES = Entries()


@ENTRIES.declare(ROWS, OUT_MATRIX, OUT_MATRIX, OUT_VECTOR, kernels=[gather_dense, gather_targets])
def call_gather(table, rows, x, y, weights):
    """Copy samples, targets and weights of some rows of the data set into batch memory."""


@ENTRIES.declare(ROWS, kernels=[weigh])
def call_weigh(table, rows):
    """Return the sum of the weights of some rows of the data set."""


@ENTRIES.declare(
    MATRIX,
    MATRIX,
    VECTOR,
    types.float64,
    OUT_MATRIX,
    OUT_VECTOR,
    kernels=[kernels.loss_gradient, kernels.loss_gradient_rows, kernels.loss_gradient_blocks],
)
def call_loss(table, y, raw, weights, scale, errors, losses):
    """`losses` = weighted losses of raw predictions; `errors` = their derivatives times weight and scale."""


@ENTRIES.declare(OUT_MATRIX, kernels=[kernels.link, kernels.link_rows])
def call_link(table, raw):
    """raw = inverse_link(raw)."""


@ENTRIES.declare(
    OUT_VECTOR,
    VECTOR,
    OUT_MATRIX,
    types.int64,
    types.float64,
    types.float64,
    Array(1, types.float64),
    types.float64,
    kernels=[kernels.step],
)
def call_optimizer(table, theta, gradient, slots, first, l2, l1, coefficients, shrink):
    """Make a step of a run of parameters, of which the slots begin at `first`; return the penalty before it."""


# The products of a layer share their arguments: the rows of the data set that make the batch; the values x that enter
# the layer, its weights w, and the values or errors z that leave it; whether to add; and for gradients the first column
# of x, if w holds some rows of the matrix of weights only, or of z, if w holds the weights of some units of a layer
# with a mask. They are called by address because the tiles of a product are compiled once then, not with every kernel
# that multiplies, and because a first layer over CSR samples and a layer with a mask have products of their own.


@ENTRIES.declare(
    ROWS,
    MATRIX,
    VECTOR,
    OUT_MATRIX,
    types.boolean,
    types.int64,
    kernels=[
        kernels.dense_product,
        sparse.csr_product,
        sparse.masked_product,
        sparse.masked_product_by_sample,
        sparse.masked_csr_product,
    ],
)
def call_product(table, layer, rows, x, w, z, add, first):
    """z = x @ w."""


@ENTRIES.declare(
    ROWS,
    MATRIX,
    OUT_VECTOR,
    MATRIX,
    types.boolean,
    types.int64,
    kernels=[
        kernels.dense_product,
        sparse.csr_gradient,
        sparse.masked_gradient,
        sparse.masked_gradient_by_sample,
        sparse.masked_csr_gradient,
    ],
)
def call_gradient(table, layer, rows, x, w, z, add, first):
    """w = x.T @ z, or w += x.T @ z, for the columns of x, or of z, from `first` on."""


@ENTRIES.declare(
    ROWS,
    OUT_MATRIX,
    VECTOR,
    MATRIX,
    types.boolean,
    types.int64,
    kernels=[kernels.dense_product, sparse.masked_back_product, sparse.masked_back_product_by_sample],
)
def call_back_product(table, layer, rows, x, w, z, add, first):
    """x = z @ w.T."""


@ENTRIES.declare(OUT_MATRIX, VECTOR, OUT_MATRIX, kernels=[kernels.activate, kernels.activate_with_slope])
def call_activate(table, layer, z, intercepts, slopes):
    """z = value(z + intercepts); `slopes` = derivatives, for activations whose derivatives need z."""


@ENTRIES.declare(MATRIX, MATRIX, OUT_MATRIX, types.float64, kernels=[kernels.scale_from_value, kernels.scale_by_slope])
def call_scale(table, layer, a, slopes, delta, keep):
    """delta *= derivative of the activation, whose values `a` are divided by `keep`."""
