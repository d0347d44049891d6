"""Fitted parameters of a network: one flat vector, of which ``coefs_`` and ``intercepts_`` are views."""

import copy
import itertools
import weakref
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknn_concepts.estimators.linear_parameters import MaskedParameters, dense
from sknn_concepts.network.connections import Connections
from sknn_concepts.network.layout import layer_views, make_layout
from sknn_concepts.network.packed import compact, is_faster_packed
from sknn_concepts.validation.arrays import common_dtype, compressed, is_finite, numbers
from sknn_concepts.validation.fitted_state import check_removed, features_of, known_finite, list_of, masks_of
from sknn_concepts.validation.layer_checks import layer_shapes, layers


class FlatParameters(MaskedParameters):
    """A network's parameters and masks, flat and layer by layer.

    ``coefs_`` and ``intercepts_`` are views of the flat vector, unless the user has replaced them.
    """

    # attributes that fit sets, for type checkers; docstrings.py describes them
    coefs_: list[Any]
    intercepts_: list[Any]
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    history_: dict[str, Any]
    n_iter_: int
    t_: int
    n_features_in_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str

    def _shapes(self):
        """Return the shapes of the weights, which may have been replaced, after a check."""
        shapes = layer_shapes(self)
        self._check_outputs(shapes[-1][1])
        return shapes

    def _check_outputs(self, n_outputs):
        """Raise ValueError if the kind of target does not have that many outputs."""

    def _parameters(self, again=False):
        """Return ``coefs_`` and ``intercepts_`` as a flat vector, after a check.

        With `again`, a large vector that was found to be finite is not checked for that: it may take longer than the
        prediction of a row.
        """
        theta = self.__dict__.get("_theta")
        if not isinstance(theta, np.ndarray) or not _is_network(self, theta):
            return np.concatenate([np.ravel(array) for array in itertools.chain(*self._layers())])
        self._check_outputs(self.n_outputs_)
        if not known_finite(self, theta, again):
            layers(self)  # which names the culprit
        return theta

    def _stored_parameters(self, again=False):
        """Return a flat vector of the stored weights and the intercepts, and the connections of sparse layers."""
        if not any(map(scipy.sparse.issparse, list_of(self, "coefs_"))):
            return self._parameters(again), None
        shapes = self._shapes()
        known = _connections.get(self, [])
        known = known if len(known) == len(shapes) else [None] * len(shapes)  # those of another fit
        found = [_connect(*layer) for layer in zip(range(len(shapes)), self.coefs_, known, strict=True)]
        connections = [of_layer for _, of_layer in found]
        if any(now is not before for now, before in zip(connections, known, strict=True)):
            _connections[self] = connections
        intercepts = [numbers(f"intercepts_[{layer}]", b) for layer, b in enumerate(self.intercepts_)]
        arrays = [*(weights for weights, _ in found), *intercepts]
        theta = np.concatenate(arrays, dtype=common_dtype(arrays), casting="unsafe")
        if not is_finite(theta):
            layers(self)  # which names the culprit
        return theta, [None if of_layer is None else of_layer.found for of_layer in connections]

    def _flatten_parameters(self, sizes):
        """Make the parameters a flat vector of which layers are views, after a check that they fit the data."""
        shapes, asked = self._shapes(), list(zip(sizes[:-1], sizes[1:], strict=True))
        if shapes != asked:
            raise ValueError(
                f"The fitted network has weights of shapes {shapes}, but hidden_layer_sizes and the data ask for "
                f"{asked}. A warm start or partial_fit cannot change the architecture."
            )
        theta, mask = self._parameters(), self._parameter_mask()
        changed = mask is not None and theta[~mask].any()  # the user wrote to removed weights
        if theta is not self.__dict__.get("_theta") or not theta.flags.writeable or changed:
            self._set_parameters(np.where(mask, theta, theta.dtype.type(0)) if changed else np.array(theta))

    def _set_parameters(self, theta):
        """Make a flat vector the parameters, of which layers are views."""
        layout = make_layout(self._sizes())
        self._theta = theta
        self.coefs_, self.intercepts_ = layer_views(theta, layout)

    def _copy(self):
        copied = super()._copy()
        if "_theta" in vars(self):  # pickles leave it out
            copied._theta = self._theta
        return copied

    def __getstate__(self):
        """Return the state without the flat vector, which only repeats ``coefs_`` and ``intercepts_``."""
        state = dict(super().__getstate__())
        state.pop("_theta", None)
        return state

    def _sizes(self):
        shapes = self._shapes()
        return [shapes[0][0], *(fan_out for _, fan_out in shapes)]

    def _masks(self):
        """Return the masks of the weights and of the intercepts, which may have been replaced, after a check."""
        return masks_of(self, self._shapes())

    def _set_masks(self, mask):
        self.masks_, self.intercept_masks_ = layer_views(mask, make_layout(self._sizes()))

    def _apply_mask(self, mask):
        """Set the masks, and removed weights to zero."""
        self._set_masks(mask)
        self._theta[~mask] = 0

    # Small networks: with sparse weights, or without dead units

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
        coefs, intercepts = self._layers()
        self.coefs_ = [
            _sparse(w, mask) if is_faster_packed(mask, training=False) else np.array(w)
            for w, mask in zip(coefs, self._left(coefs), strict=True)
        ]
        self.intercepts_ = list(map(np.array, intercepts))  # no views of all that is not needed any more
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
        self.coefs_, self.intercepts_ = self._layers()
        return self

    def _layers(self):
        """Return dense weights and intercepts, after a check."""
        self._shapes()
        coefs, intercepts = layers(self)
        return list(map(dense, coefs)), intercepts

    def _left(self, coefs):
        """Return masks of the weights that are not removed, or, without masks, of those that are not zero."""
        if not hasattr(self, "masks_"):
            return [w != 0 for w in coefs]
        masks, _ = self._masks()
        check_removed(coefs, masks)
        return masks

    @available_if(_is_fitted)
    def compact(self):
        """Smaller network without the units that pruning has cut off.

        A hidden unit without outgoing weights is removed; one without incoming weights is constant, and is added to the
        intercepts of the next layer. One unit of each layer stays.

        Returns
        -------
        smaller : estimator
            A copy that predicts the same, to rounding, and can be trained further. Its `hidden_layer_sizes` and fitted
            attributes are those of the smaller network.

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
        theta, sizes = self._parameters(), self._sizes()
        activations = self._fitted_strategies().activations
        found = compact(
            theta,
            sizes,
            self._left(layer_views(theta, make_layout(sizes))[0]),
            lambda layer, z: np.array([activations[layer - 1].value(float(number)) for number in z]),
        )
        smaller = copy.deepcopy(self).set_params(hidden_layer_sizes=tuple(found.sizes[1:-1]))
        if isinstance(self.connectivity, list | tuple):  # masks of the sizes that were
            smaller.set_params(connectivity=None)
        for name in ("_theta", "_optimizer_state", "_stopping"):
            vars(smaller).pop(name, None)
        smaller.coefs_, smaller.intercepts_ = layer_views(found.theta, make_layout(found.sizes))
        if hasattr(self, "masks_"):
            smaller.masks_ = [
                np.ones(w.shape, bool) if mask is None else mask
                for w, mask in zip(smaller.coefs_, found.masks, strict=True)
            ]
            left = zip(self._masks()[1], found.units[1:], smaller.intercepts_, strict=True)
            # what was removed may have taken up the constant of a unit
            smaller.intercept_masks_ = [mask[units] | (b != 0) for mask, units, b in left]
        return smaller


_connections: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> what _connect found last


class _Known(NamedTuple):
    """Connections of a CSC array, and its structure, by which changes of its arrays in place are noticed."""

    structure: tuple
    found: Connections


def _connect(layer, w, before):
    """Return the stored weights of a layer, and their connections, which are None for a dense layer.

    The connections found before are returned if the structure has not changed.
    """
    if not scipy.sparse.issparse(w):
        return numbers(f"coefs_[{layer}]", w).ravel(), None
    arrays = [getattr(w, name, None) for name in ("data", "indices", "indptr")]
    as_before = w.format == "csc" and before is not None and all(isinstance(array, np.ndarray) for array in arrays)
    if as_before and before.structure == _structure(w):
        return numbers(f"coefs_[{layer}].data", w.data), before
    canonical = _canonical(compressed(f"coefs_[{layer}]", w))
    return canonical.data, _Known(_structure(canonical), Connections(_stored(canonical)))


def _structure(w):
    return w.shape, w.data.shape, w.indices.dtype, w.indices.tobytes(), w.indptr.dtype, w.indptr.tobytes()


def _is_network(network, theta):
    """Return whether the layers fit together and are views of a flat vector: first all weights, then all intercepts."""
    state = vars(network)
    fan_in, coefs, intercepts = features_of(network), state["coefs_"], state.get("intercepts_")
    if not isinstance(coefs, list) or not isinstance(intercepts, list) or len(coefs) != len(intercepts):
        return False
    if theta.ndim != 1 or not theta.flags.c_contiguous:
        return False
    address, dtype = theta.ctypes.data, theta.dtype
    end = address + theta.nbytes
    for array in (*coefs, *intercepts):
        if not isinstance(array, np.ndarray) or array.dtype != dtype or not array.flags.c_contiguous:
            return False
        if array.ctypes.data != address:
            return False
        address += array.nbytes
    for w, b in zip(coefs, intercepts, strict=True):
        if w.ndim != 2 or len(w) != fan_in or b.shape != w.shape[1:]:
            return False
        fan_in = len(b)
    return address == end and fan_in == state.get("n_outputs_") and fan_in > 0


def _canonical(w):
    """Return a CSC array with sorted indices and no duplicates, as :meth:`FlatParameters.sparsify` makes them."""
    # a new one, because the flags of a matrix may be out of date
    w = scipy.sparse.csc_array((w.data, w.indices, w.indptr), shape=w.shape) if w.format == "csc" else w.tocsc()
    if not w.has_canonical_format:
        w = w.copy()
        w.sum_duplicates()
    return w


def _sparse(w, mask):
    """Return a CSC array of the weights that are not removed, including zeros."""
    rows, columns = np.nonzero(mask.T)[::-1]
    starts = np.concatenate([[0], np.cumsum(np.count_nonzero(mask, axis=0))])
    index = np.int32 if max(starts[-1], len(w)) <= np.iinfo(np.int32).max else np.int64
    return scipy.sparse.csc_array((w[rows, columns], rows.astype(index), starts.astype(index)), shape=w.shape)


def _stored(w):
    """Return a mask of the stored numbers of a CSC array."""
    mask = np.zeros(w.shape, bool)
    mask[w.indices, np.repeat(np.arange(w.shape[1]), np.diff(w.indptr))] = True
    return mask
