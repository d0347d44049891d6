"""The fitted parameters of a network: one flat vector, of which ``coefs_`` and ``intercepts_`` are views."""

import copy
import weakref
from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.engine.connections import Connections
from sknn_concepts.engine.network import layer_views, make_layout
from sknn_concepts.engine.survivors import compact, squeeze, worth_it
from sknn_concepts.estimators.surviving import Surviving


class FlatParameters(Surviving):
    """A network's parameters and masks, flat and layer by layer.

    ``coefs_`` and ``intercepts_`` are views of the flat vector, unless somebody replaced them.
    """

    _pruned_state = (
        *("_theta", "masks_", "intercept_masks_", "_training"),
        *("loss_", "loss_curve_", "n_iter_", "t_", "_best_theta"),
    )

    def _parameters(self):
        """Flat vector of the parameters as ``coefs_`` and ``intercepts_`` say."""
        theta = self.__dict__.get("_theta")
        arrays = [*map(_dense, self.coefs_), *map(np.asarray, self.intercepts_)]
        if theta is not None:
            address, itemsize = theta.ctypes.data, theta.itemsize
            for array in arrays:
                if array.ctypes.data != address or array.dtype != theta.dtype or not array.flags.c_contiguous:
                    break
                address += array.size * itemsize
            else:
                return theta
        self._check_shapes()
        dtype = np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64
        return np.concatenate([np.ravel(array) for array in arrays], dtype=dtype)

    def _stored_parameters(self):
        """Flat vector that has no room for weights that are not stored, and the connections of layers with such."""
        if not any(map(scipy.sparse.issparse, self.coefs_)):
            return self._parameters(), None
        self._check_shapes()
        coefs = [_canonical(w) if scipy.sparse.issparse(w) else np.asarray(w) for w in self.coefs_]
        weights = [w.data if scipy.sparse.issparse(w) else w.ravel() for w in coefs]
        known = _connections.get(self, [])
        known = known if len(known) == len(coefs) else [None] * len(coefs)  # those of another fit
        connections = [_connect(w, before) for w, before in zip(coefs, known, strict=True)]
        _connections[self] = connections
        masks = [None if connection is None else connection.found for connection in connections]
        return np.concatenate([*weights, *self.intercepts_], dtype=coefs[0].dtype), masks

    def _check_shapes(self):
        """Raise ValueError unless weights and intercepts, which may have been replaced, follow on each other."""
        shapes = [(np.shape(w), np.shape(b)) for w, b in zip(self.coefs_, self.intercepts_, strict=True)]
        fan_in = self.n_features_in_
        for layer, (of_weights, of_intercepts) in enumerate(shapes):
            if len(of_weights) != 2 or of_weights[0] != fan_in or of_intercepts != of_weights[1:]:
                raise ValueError(
                    f"coefs_[{layer}] of shape {of_weights} and intercepts_[{layer}] of shape {of_intercepts} do not "
                    f"follow on a layer of {fan_in} units."
                )
            fan_in = of_weights[1]

    def _trainable_parameters(self, sizes):
        """Flat parameters that may be changed in place, checked to fit the data."""
        shapes, asked = list(map(np.shape, self.coefs_)), list(zip(sizes[:-1], sizes[1:], strict=True))
        if shapes != asked:
            raise ValueError(
                f"The fitted network has weights of shapes {shapes}, but hidden_layer_sizes and the data ask for "
                f"{asked}. A warm start or partial_fit cannot change the architecture."
            )
        theta = self._parameters()
        if theta is not self.__dict__.get("_theta") or not theta.flags.writeable:
            self._theta = theta = np.array(theta)
            self.coefs_, self.intercepts_ = layer_views(theta, make_layout(sizes))
        alive = self._alive()
        if alive is not None:
            theta[~alive] = 0  # whatever somebody wrote there
        return theta

    def __getstate__(self):
        """Fitted state without the flat vector, which only repeats ``coefs_`` and ``intercepts_``."""
        state = dict(super().__getstate__())
        state.pop("_theta", None)
        return state

    def _mask(self, dtype=None, squeezed=None):
        """Array of 0 and 1 for the engine, of parameters that are squeezed by masks; empty if all are left."""
        alive = self._alive()
        dtype = self._theta.dtype if dtype is None else dtype
        if alive is None:
            return np.empty(0, dtype)
        alive = alive if squeezed is None else squeeze(alive, self._sizes(), squeezed)
        return np.empty(0, dtype) if alive.all() else alive.astype(dtype)

    def _sizes(self):
        return [np.shape(self.coefs_[0])[0], *(np.shape(w)[1] for w in self.coefs_)]

    def _assign(self, theta):
        """Replace the parameters, in place."""
        self._theta[:] = theta

    def _show(self, alive):
        self.masks_, self.intercept_masks_ = layer_views(alive, make_layout(self._sizes()))

    def _keep(self, alive):
        """Remove all parameters but some, for good; also from what the optimizer remembers."""
        self._show(alive)
        self._theta[~alive] = 0
        if "_training" in vars(self):
            self._training["slots"][:, ~alive] = 0
        vars(self).pop("_best_theta", None)  # of early stopping: another network's

    # Small networks: sparse where that pays, or without dead units. Offered once there is something to make small.

    def _is_fitted(self):
        check_is_fitted(self)
        return True

    @available_if(_is_fitted)
    def sparsify(self):
        """Store the weights of layers with many zeros as sparse matrices, through which prediction is faster.

        Layers in which at least half of the weights are removed (or zero, in a network that was not pruned), and that
        are not tiny, become SciPy CSC arrays in ``coefs_``; the others stay as they are. Predictions are the same, to
        rounding. Training turns them back.

        Returns
        -------
        self : object
            The network itself.
        """
        left = self.masks_ if hasattr(self, "masks_") else [_dense(w) != 0 for w in self.coefs_]
        self.coefs_ = [
            _sparse(_dense(w), mask) if worth_it(mask, training=False) else np.array(_dense(w))
            for w, mask in zip(self.coefs_, left, strict=True)
        ]
        self.intercepts_ = list(map(np.array, self.intercepts_))  # no views of all that is not needed any more
        vars(self).pop("_theta", None)
        return self

    @available_if(_is_fitted)
    def densify(self):
        """Store all weights as arrays again.

        Returns
        -------
        self : object
            The network itself.
        """
        self.coefs_ = list(map(_dense, self.coefs_))
        return self

    @available_if(_is_fitted)
    def compact(self):
        """Smaller network without the units that pruning has cut off.

        A hidden unit that nothing leads from goes without a trace; one that nothing leads to is constant, and goes into
        the intercepts of the next layer. One unit of each layer stays.

        Returns
        -------
        smaller : estimator
            A copy that predicts the same, to rounding, with as many units fewer in `hidden_layer_sizes` and in its
            fitted attributes, and goes on learning. The estimator itself is left alone.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknn_concepts import MLPClassifier
        >>> from sknn_concepts.pruning import UnitPruning
        >>> X, y = load_iris(return_X_y=True)
        >>> network = MLPClassifier((20,), pruning=UnitPruning(sparsity=0.5), max_iter=300, random_state=0).fit(X, y)
        >>> network.compact().hidden_layer_sizes
        (10,)
        """
        activations = self._fitted_strategies().activations
        masks = self.masks_ if hasattr(self, "masks_") else [_dense(w) != 0 for w in self.coefs_]
        found = compact(
            self._parameters(),
            self._sizes(),
            masks,
            lambda layer, z: np.array([activations[layer - 1].value(float(number)) for number in z]),
        )
        smaller = copy.deepcopy(self).set_params(hidden_layer_sizes=tuple(found.sizes[1:-1]))
        if isinstance(self.connectivity, list | tuple):  # masks of the sizes that were
            smaller.set_params(connectivity=None)
        for name in ("_theta", "_training", "_best_theta"):
            vars(smaller).pop(name, None)
        smaller.coefs_, smaller.intercepts_ = layer_views(found.theta, make_layout(found.sizes))
        if hasattr(self, "masks_"):
            smaller.masks_ = [
                np.ones(w.shape, bool) if mask is None else mask
                for w, mask in zip(smaller.coefs_, found.masks, strict=True)
            ]
            left = zip(self.intercept_masks_, found.units[1:], smaller.intercepts_, strict=True)
            # what was removed may have taken up the constant of a unit
            smaller.intercept_masks_ = [mask[units] | (b != 0) for mask, units, b in left]
        return smaller


_connections: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> what _connect found last


class _Known(NamedTuple):
    """Connections of a CSC array, and the arrays that tell its structure."""

    indices: np.ndarray
    indptr: np.ndarray
    found: Connections


def _connect(w, before):
    """Connections of a layer, those found before if its structure is still the same; None for a dense one."""
    if not scipy.sparse.issparse(w):
        return None
    if before is not None and before.indices is w.indices and before.indptr is w.indptr:
        return before
    return _Known(w.indices, w.indptr, Connections(_stored(w)))


def _dense(w):
    return w.toarray() if scipy.sparse.issparse(w) else np.asarray(w)


def _canonical(w):
    """CSC array with sorted indices and no duplicates, as :meth:`FlatParameters.sparsify` makes them."""
    w = w if isinstance(w, scipy.sparse.csc_array) else scipy.sparse.csc_array(w)
    if not w.has_canonical_format:
        w = w.copy()
        w.sum_duplicates()
    return w


def _sparse(w, mask):
    """CSC array of the weights that are left, zeros among them included."""
    rows, columns = np.nonzero(mask.T)[::-1]
    starts = np.concatenate([[0], np.cumsum(np.count_nonzero(mask, axis=0))])
    index = np.int32 if max(starts[-1], len(w)) <= np.iinfo(np.int32).max else np.int64
    return scipy.sparse.csc_array((w[rows, columns], rows.astype(index), starts.astype(index)), shape=w.shape)


def _stored(w):
    """Which numbers of a CSC array are stored."""
    mask = np.zeros(w.shape, bool)
    mask[w.indices, np.repeat(np.arange(w.shape[1]), np.diff(w.indptr))] = True
    return mask
