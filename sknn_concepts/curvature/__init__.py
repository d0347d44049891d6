"""Curvature of a fitted estimator's loss: Hessian diagonals, products with the Hessian, its inverse, and the gradient.

All is of the mean loss over the samples that are passed, as networks report it in ``loss_`` (squared and absolute
errors are averaged over several outputs, too), without the penalty unless asked for. Only `sample_weight` counts;
``class_weight`` is not applied. Intercepts have derivatives even where ``fit_intercept=False`` keeps them at zero.

*Flat* vectors have the weights of all layers, each ``coefs_[k]`` row by row, and then all intercepts. The weights of
LogisticRegression and Perceptron come in the same order, that of their ``coef_.T``.
"""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from sknn_concepts.curvature.diagonals import Curvature, check_method
from sknn_concepts.curvature.inverse import invert
from sknn_concepts.curvature.products import check_second_derivatives
from sknn_concepts.validation.fitted_network import open_network
from sknn_concepts.validation.threads import allowed_threads

__all__ = ["gradient", "hessian_diagonal", "hessian_vector_product", "inverse_hessian"]

#: Parameters up to which matrices are made: 200 MB each in double precision.
MAX_PARAMETERS = 5000


def _curvature(opened):
    """Curvature of the mean loss of a fitted network, without the penalty."""
    return Curvature(opened.theta, *opened.network, opened.total_weight, opened.loss_scale, allowed_threads())


def hessian_diagonal(
    estimator,
    X,
    y,
    *,
    method="exact",
    sample_weight=None,
    include_penalty=False,
    n_probes=100,
    random_state=None,
):
    """Second derivatives of the mean loss with respect to each weight and intercept.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    method : str, default="exact"
        Below, C is the number of outputs, and the cost is compared to that of a gradient.

        - "exact": the true diagonal, whatever the activations, the loss and the depth. Jacobian columns of the outputs
          are taken down through the layers, about C times the cost of the backward pass without its first layer; and
          where the activations of the third or a higher hidden layer are curved, also one column for each of its units.
        - "obd" (LeCun, Denker and Solla, 1990, equations 6 to 8, with a plus before the last term of equation 7, as
          equation 8 has it): from layer to layer only the diagonal is handed down. Exact for one hidden layer at most
          if the loss does not couple the outputs (softmax does). Costs about one gradient.
        - "hesscale" (Elsayed, Farrahi, Dangel and Mahmood, 2024): the same, but the whole Hessian of the outputs is
          taken to the last hidden layer. Exact for one hidden layer at most. Costs about one gradient.
        - "gauss_newton" (Schraudolph, 2002): the exact diagonal of the network linearized, J' H J with the Hessian H of
          the loss and the Jacobian J of the outputs' sums. Exact for piecewise linear activations such as relu with an
          identity as output activation; never negative for convex losses. Costs C columns, as "exact" does.
        - "levenberg_marquardt" (LeCun, Denker and Solla, 1990, section 2.2): "obd" without the second derivatives of
          activations; never negative for convex losses. Exact where "obd" is and all activations are piecewise linear.
          Costs about one gradient.
        - "fisher": the mean of the squared gradients of single samples, the diagonal of the empirical Fisher matrix. It
          is not the Hessian (Kunstner, Balles and Hennig, 2019), but needs no second derivative. Costs one gradient.
        - "hutchinson" (Bekas, Kokiopoulou and Saad, 2007): mean of z * (H z) over random vectors of signs z. Unbiased;
          its standard deviation for weight i is ``sqrt(sum_{j != i} H_ij^2 / n_probes)``, so that it is exact where H
          is diagonal. Costs two gradients a probe.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples in the mean.
    include_penalty : bool, default=False
        Add the second derivative of the L2 penalty to the weights; that of the L1 penalty is zero.
    n_probes : int, default=100
        Random vectors of "hutchinson".
    random_state : int, RandomState instance or None, default=None
        What these are drawn from.

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
    opened = open_network(estimator, X, y, sample_weight)
    check_method(method, opened.loss, opened.activations)
    if not isinstance(n_probes, Integral) or n_probes < 1:
        raise ValueError(f"n_probes must be a whole number of at least 1; got {n_probes!r}.")
    random_state = check_random_state(random_state)
    diagonal = _curvature(opened).diagonal(method, n_probes=n_probes, random_state=random_state)
    return opened.shaped(diagonal + opened.l2 if include_penalty else diagonal)


def gradient(estimator, X, y, *, sample_weight=None, include_penalty=False):
    """First derivatives of the mean loss with respect to each weight and intercept.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples in the mean.
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
    opened = open_network(estimator, X, y, sample_weight)
    slopes = _curvature(opened).gradient()
    if include_penalty:
        slopes += opened.l2 * opened.theta + opened.l1 * np.sign(opened.theta)
    return opened.shaped(slopes)


def hessian_vector_product(estimator, X, y, vector, *, sample_weight=None, include_penalty=False):
    """Product of the Hessian of the mean loss with a vector, without making the matrix.

    The R-operator (Pearlmutter, 1994): exact, at the cost of about two gradients.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    vector : ndarray of shape (n_parameters,), or tuple (coefs, intercepts)
        Flat, or shaped like the estimator's weights and intercepts.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples in the mean.
    include_penalty : bool, default=False
        Add the L2 penalty's part; that of the L1 penalty is zero.

    Returns
    -------
    product : like `vector`

    Raises
    ------
    ValueError
        If the loss or an activation has no second derivative; if the vector, X, y or the weights do not fit the
        estimator; if y has labels that fit has not seen.
    """
    opened = open_network(estimator, X, y, sample_weight)
    check_second_derivatives(opened.loss, opened.activations)
    is_pair = isinstance(vector, tuple)
    if is_pair and len(vector) != 2:
        raise ValueError(f"vector must be flat, or a tuple (coefs, intercepts); it is a tuple of {len(vector)}.")
    flat = opened.flat(*vector) if is_pair else np.asarray(vector)
    if flat.shape != opened.theta.shape:
        raise ValueError(f"The network has {opened.theta.size} parameters; the vector has shape {flat.shape}.")
    product = _curvature(opened).product(flat)
    if include_penalty:
        product += opened.l2 * flat.astype(product.dtype)
    return opened.shaped(product) if is_pair else product


def inverse_hessian(estimator, X, y, *, method="gauss_newton", damping=1e-6, sample_weight=None, include_penalty=False):
    """Inverse of the Hessian of the mean loss, with something added to its diagonal.

    What Optimal Brain Surgeon asks for (Hassibi and Stork, 1993). Memory grows with the square of the number of
    parameters, time with its cube.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, LogisticRegression or Perceptron
        Fitted; with at most 5,000 parameters.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    method : {"gauss_newton", "exact"}, default="gauss_newton"
        "gauss_newton" is the network linearized, mean of J' H J, as the paper has it; "exact" the true Hessian, made of
        a product for each parameter.
    damping : float >= 0, default=1e-6
        Added to the diagonal before the inversion: the alpha of the paper.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples in the mean.
    include_penalty : bool, default=False
        Add the second derivative of the L2 penalty.

    Returns
    -------
    inverse : ndarray of shape (n_parameters, n_parameters)
        In double precision; rows and columns in the order of flat vectors, the weights of all layers row by row and
        then all intercepts.

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
    opened = open_network(estimator, X, y, sample_weight)
    check_method(method, opened.loss, opened.activations)
    size = opened.theta.size
    if size > MAX_PARAMETERS:
        raise ValueError(
            f"The network has {size:,} parameters; an inverse Hessian is made for {MAX_PARAMETERS:,} at most. Use "
            "hessian_diagonal, prune the network first, or look at single layers."
        )
    matrix = _curvature(opened).hessian_matrix(method).astype(np.float64)
    if include_penalty:
        matrix[np.diag_indices(size)] += opened.l2
    return invert(matrix, damping, f"The {method} Hessian", "method")
