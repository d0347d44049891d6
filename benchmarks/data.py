"""Data sets generated from a seed, so that all contenders get the same data in separate processes."""

import numpy as np
import scipy.sparse
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits


def digits(dtype):
    """Load scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, scaled to [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return (X / 16.0).astype(dtype), y


@threadpool_limits.wrap(limits=1)  # products of several threads can have other bits
def dense(n_samples, n_features, n_classes, dtype, seed=0):
    """Generate correlated normal features, and classes from a linear model of them.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    """
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((n_samples, n_features), dtype="float32").astype(dtype, copy=False)
    mixing = np.eye(n_features) + 0.5 / np.sqrt(n_features) * generator.standard_normal((n_features, n_features))
    X = X @ mixing.astype(dtype)
    return X, _draw_classes(X, n_classes, generator)


def text_like(n_samples, n_features, n_words, n_classes, dtype, seed=0):
    """Generate sparse rows like those of texts, and classes from a linear model.

    Rows have norm 1 and about `n_words` nonzeros, and a few features occur in many rows.

    Returns
    -------
    X : csr_matrix of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    """
    generator = np.random.default_rng(seed)
    columns = (n_features * generator.random(n_samples * n_words) ** 2).astype(np.int32)
    starts = np.arange(0, columns.size + 1, n_words, dtype=np.int32)
    counts = np.ones(columns.size, dtype)
    X = scipy.sparse.csr_matrix((counts, columns, starts), shape=(n_samples, n_features))
    X.sum_duplicates()
    lengths = np.sqrt(np.add.reduceat(X.data**2, X.indptr[:-1]))
    X.data /= np.repeat(lengths, np.diff(X.indptr))
    return X, _draw_classes(X, n_classes, generator)


def _draw_classes(X, n_classes, generator):
    """Draw classes with the softmax probabilities of a random linear map of standard deviation 2."""
    margins = X @ generator.standard_normal((X.shape[1], n_classes)).astype(X.dtype)
    margins *= 2.0 / margins.std()
    return np.argmax(margins + generator.gumbel(size=margins.shape), axis=1)
