"""Curvature of a fitted estimator's loss: Hessian diagonals, products with the Hessian, its inverse, and the gradient.

Derivatives are those of the mean loss over the samples that are passed, as networks report it in ``loss_`` (squared and
absolute errors are averaged over several outputs, too), without the penalty unless asked for. Only `sample_weight`
counts; ``class_weight`` is not applied. Intercepts have derivatives even where ``fit_intercept=False`` keeps them zero.

*Flat* vectors have the weights of all layers, each ``coefs_[k]`` row by row, and then all intercepts. The weights of
LogisticRegression and Perceptron come in the same order, that of their ``coef_.T``.
"""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sknn_concepts._typing import Array, Data
from sknn_concepts.curvature import diagonals, gradients, products
from sknn_concepts.curvature.blocks import SampleBlocks
from sknn_concepts.curvature.diagonals import HESSIAN_METHODS, HessianMethod, get_hessian_method
from sknn_concepts.curvature.inverse import invert
from sknn_concepts.validation.fitted_network import make_fitted_network
from sknn_concepts.validation.threads import allowed_threads

__all__ = [
    "HESSIAN_METHODS",
    "HessianMethod",
    "gradient",
    "hessian_diagonal",
    "hessian_vector_product",
    "inverse_hessian",
]

#: Parameters up to which matrices are made: 200 MB each in double precision.
MAX_PARAMETERS = 5000


def hessian_diagonal(
    estimator: Any,
    X: Data,
    y: Data,
    *,
    method: str | HessianMethod = "exact",
    sample_weight: Data = None,
    include_penalty: bool = False,
    n_probes: int = 100,
    random_state: Any = None,
) -> tuple[Any, Any]:
    """Second derivatives of the mean loss with respect to each weight and intercept.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted estimator.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    method : str or HessianMethod, default="exact"
        Formula, or a name of `HESSIAN_METHODS`, the classes of which say what each of them neglects, when it is exact,
        and what it costs.

        - "exact": the true diagonal, whatever the activations, the loss and the depth.
        - "obd", "levenberg_marquardt": the recursions of LeCun, Denker and Solla (1990), with and without the second
          derivatives of activations.
        - "hesscale": "obd" with the whole Hessian of the outputs (Elsayed, Farrahi, Dangel and Mahmood, 2024).
        - "gauss_newton": the exact diagonal of the network linearized (Schraudolph, 2002).
        - "fisher": the mean of the squared gradients of single samples.
        - "hutchinson": a random estimate (Bekas, Kokiopoulou and Saad, 2007).

        One of your own is an instance of a subclass of `HessianMethod`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples in the mean.
    include_penalty : bool, default=False
        Add the second derivative of the L2 penalty to the weights; that of the L1 penalty is zero.
    n_probes : int, default=100
        Number of random vectors of "hutchinson".
    random_state : int, RandomState instance or None, default=None
        Source of these vectors.

    Returns
    -------
    coefs, intercepts : lists of ndarray, or ndarray and ndarray
        Shaped like ``coefs_`` and ``intercepts_``, or ``coef_`` and ``intercept_``.

    Raises
    ------
    ValueError
        If there is no such method; if the loss, or an activation, does not have the second derivative that it needs;
        if X, y or the weights do not fit the estimator; if y has labels that fit has not seen.

    Notes
    -----
    At kinks (of relu, say) the second derivative is taken as zero. Samples are read in blocks, so that memory does not
    grow with their number; sparse ones are not made dense; float32 networks compute in float32.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.curvature import hessian_diagonal
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier(5, activation="tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> coefs, intercepts = hessian_diagonal(network, X, y)
    >>> [h.shape for h in coefs]
    [(4, 5), (5, 3)]
    """
    network = make_fitted_network(estimator, X, y, sample_weight)
    random_state = check_random_state(random_state)
    method = get_hessian_method(method, n_probes=n_probes, random_state=random_state)
    diagonal = diagonals.diagonal(SampleBlocks(network, allowed_threads()), method)
    return network.shaped(diagonal + network.l2 if include_penalty else diagonal)


def gradient(
    estimator: Any, X: Data, y: Data, *, sample_weight: Data = None, include_penalty: bool = False
) -> tuple[Any, Any]:
    """First derivatives of the mean loss with respect to each weight and intercept.

    Parameters
    ----------
    estimator, X, y, sample_weight
        Fitted estimator and samples, as for :func:`hessian_diagonal`.
    include_penalty : bool, default=False
        Add the gradient of the penalty; that of the L1 penalty is taken as 0 at 0.

    Returns
    -------
    coefs, intercepts : lists of ndarray, or ndarray and ndarray
        Shaped like ``coefs_`` and ``intercepts_``, or ``coef_`` and ``intercept_``.

    Raises
    ------
    ValueError
        If X, y or the weights do not fit the estimator, or if y has labels that fit has not seen.
    """
    network = make_fitted_network(estimator, X, y, sample_weight)
    derivatives = gradients.gradient(SampleBlocks(network, allowed_threads()))
    if include_penalty:
        derivatives += network.l2 * network.theta + network.l1 * np.sign(network.theta)
    return network.shaped(derivatives)


def hessian_vector_product(
    estimator: Any, X: Data, y: Data, vector: Any, *, sample_weight: Data = None, include_penalty: bool = False
) -> Any:
    """Product of the Hessian of the mean loss with a vector, without making the matrix.

    The R-operator (Pearlmutter, 1994) is exact, and costs about two gradients.

    Parameters
    ----------
    estimator, X, y, sample_weight
        Fitted estimator and samples, as for :func:`hessian_diagonal`.
    vector : ndarray of shape (n_parameters,), or tuple (coefs, intercepts)
        Vector, flat or shaped like the estimator's weights and intercepts.
    include_penalty : bool, default=False
        Add the product with the Hessian of the L2 penalty; that of the L1 penalty is zero.

    Returns
    -------
    product : like `vector`

    Raises
    ------
    ValueError
        If the loss or an activation has no second derivative; if the vector, X, y or the weights do not fit the
        estimator; if y has labels that fit has not seen.
    """
    network = make_fitted_network(estimator, X, y, sample_weight)
    is_pair = isinstance(vector, tuple)
    if is_pair and len(vector) != 2:
        raise ValueError(f"vector must be flat, or a tuple (coefs, intercepts); it is a tuple of {len(vector)}.")
    flat = network.flat(*vector) if is_pair else np.asarray(vector)
    if flat.shape != network.theta.shape:
        raise ValueError(f"The network has {network.theta.size} parameters; the vector has shape {flat.shape}.")
    product = products.hessian_vector_product(SampleBlocks(network, allowed_threads()), flat)
    if include_penalty:
        product += network.l2 * flat.astype(product.dtype)
    return network.shaped(product) if is_pair else product


def inverse_hessian(
    estimator: Any,
    X: Data,
    y: Data,
    *,
    method: str = "gauss_newton",
    damping: float = 1e-6,
    sample_weight: Data = None,
    include_penalty: bool = False,
) -> Array:
    """Inverse of the Hessian of the mean loss, with a damped diagonal.

    Optimal Brain Surgeon is based on it (Hassibi and Stork, 1993). Memory grows with the square of the number of
    parameters, time with its cube.

    Parameters
    ----------
    estimator, X, y, sample_weight
        Fitted estimator with at most 5,000 parameters, and samples, as for :func:`hessian_diagonal`.
    method : {"gauss_newton", "exact"}, default="gauss_newton"
        Matrix to invert: that of the network linearized, the mean of J' H J, as in the paper; or the true Hessian, made
        of a product for each parameter.
    damping : float >= 0, default=1e-6
        Number added to the diagonal before the inversion, the alpha of the paper.
    include_penalty : bool, default=False
        Add the second derivative of the L2 penalty.

    Returns
    -------
    inverse : ndarray of shape (n_parameters, n_parameters)
        Inverse in double precision; rows and columns are in the order of flat vectors.

    Raises
    ------
    ValueError
        If there are too many parameters; if the damped matrix is not positive definite, as the exact one may be away
        from a minimum; if the loss or an activation has no second derivative; if X, y or the weights do not fit.
    """
    if method not in ("gauss_newton", "exact"):
        raise ValueError(f"The 'method' parameter must be 'gauss_newton' or 'exact'; got {method!r}.")
    if not 0.0 <= damping < np.inf:
        raise ValueError(f"damping must be in [0, inf); got {damping!r}.")
    network = make_fitted_network(estimator, X, y, sample_weight)
    get_hessian_method(method).check_network(network.loss, network.activations)
    size = network.theta.size
    if size > MAX_PARAMETERS:
        raise ValueError(
            f"The network has {size:,} parameters; an inverse Hessian is made for {MAX_PARAMETERS:,} at most. Use "
            "hessian_diagonal, prune the network first, or look at single layers."
        )
    matrix = products.hessian_matrix(SampleBlocks(network, allowed_threads()), method).astype(np.float64)
    if include_penalty:
        matrix[np.diag_indices(size)] += network.l2
    return invert(matrix, damping, f"The {method} Hessian", "method")
