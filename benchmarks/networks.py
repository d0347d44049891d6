"""Base class for contenders that are not scikit-learn estimators, which reproduces the network of scikit-learn."""

import numpy as np
from sklearn.utils import shuffle

#: Coefficients of Adam, which are the same in all libraries.
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class Network:
    """Multilayer perceptron with the initial weights, batches, penalty, Adam and number of epochs of scikit-learn.

    Subclasses define ``train(inputs, codes, orders)``, which starts from ``coefs_`` and ``intercepts_``, and
    ``raw(X)``, which returns an ndarray of shape (n_samples, n_outputs). Two classes have one output with a logistic
    activation.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
    activation : {"relu", "tanh", "logistic"}
    batch_size : int
    max_iter : int
        Number of epochs. `tol` and `n_iter_no_change` are ignored.
    random_state : int
    solver : {"adam"}
    alpha, learning_rate_init : float
        Penalty and learning rate, with the meaning of scikit-learn.
    """

    def __init__(
        self,
        hidden_layer_sizes,
        activation,
        batch_size,
        max_iter,
        random_state,
        solver="adam",
        alpha=1e-4,
        learning_rate_init=1e-3,
        tol=0.0,
        n_iter_no_change=1,
    ):
        if solver != "adam":
            raise ImportError(f"{type(self).__module__} has no solver {solver!r}")
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.random_state = random_state
        self.alpha = alpha
        self.learning_rate_init = learning_rate_init

    def fit(self, X, y):
        """Train for `max_iter` epochs."""
        if not isinstance(X, np.ndarray):
            raise ImportError(f"{type(self).__module__} takes no sparse samples")
        random_state = np.random.RandomState(self.random_state)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.binary_ = len(self.classes_) == 2
        self.sizes_ = [X.shape[1], *self.hidden_layer_sizes, 1 if self.binary_ else len(self.classes_)]
        self._draw(X.dtype, random_state)
        self.train(X, codes, self._orders(len(y), random_state))
        return self

    def _draw(self, dtype, random_state):
        """Draw the initial weights and intercepts layer by layer, like scikit-learn."""
        self.coefs_, self.intercepts_ = [], []
        for fan_in, fan_out in zip(self.sizes_[:-1], self.sizes_[1:], strict=True):
            bound = np.sqrt((2.0 if self.activation == "logistic" else 6.0) / (fan_in + fan_out))
            self.coefs_.append(random_state.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype))
            self.intercepts_.append(random_state.uniform(-bound, bound, fan_out).astype(dtype))

    def _orders(self, n_samples, random_state):
        """Yield the order of the samples in each epoch, shuffled like in scikit-learn."""
        order = np.arange(n_samples)
        for _ in range(self.max_iter):
            order = shuffle(order, random_state=random_state)
            yield order

    def predict(self, X):
        """Predict classes."""
        raw = self.raw(X)
        return self.classes_[(raw[:, 0] > 0).astype(int) if self.binary_ else raw.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict class probabilities."""
        raw = self.raw(X)
        if self.binary_:
            raw = np.hstack([np.zeros_like(raw), raw])
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
