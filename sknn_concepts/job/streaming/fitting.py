"""Training with ``partial_fit`` on blocks of samples that are read when they are needed."""

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer
from sklearn.utils import check_random_state

from sknn_concepts.job.scores import neg_log_loss

#: Least number of samples that are shuffled together.
WINDOW_ROWS = 262_144


@dataclasses.dataclass
class StreamedFit:
    """The result of :func:`fit_streamed`."""

    estimator: Any  #: the fitted estimator, as it was after its best epoch
    scores: list[float]  #: validation score after each epoch; greater is better
    n_samples: int  #: samples of the largest number of blocks that an epoch has read: all, unless it was stopped
    stopped: bool  #: whether `stop` or Ctrl-C has ended the fit

    @property
    def best_epoch(self) -> int:
        """Number of the epoch with the best score, from 1."""
        return 1 + int(np.argmax(np.nan_to_num(self.scores, nan=-np.inf)))


def fit_streamed(
    estimator: Any,
    blocks: Sequence,
    validation: tuple,
    *,
    classes: Any = None,
    scoring: str | Callable | None = None,
    max_epochs: int = 20,
    patience: int = 3,
    window_rows: int = WINDOW_ROWS,
    random_state: Any = None,
    stop: Callable | None = None,
    verbose: bool = False,
) -> StreamedFit:
    """Train a copy of an estimator on blocks of samples, of which a few are in memory at a time.

    In each epoch, the blocks are read in another random order. As soon as those that were read have `window_rows`
    samples, these are shuffled, given to ``partial_fit``, and forgotten. After each epoch, the estimator is scored on
    the validation samples. Training ends if `patience` epochs in turn have not improved the score.

    Parameters
    ----------
    estimator : object
        Estimator with ``partial_fit``, which is left alone. Its own ``early_stopping`` is switched off in the copy.
    blocks : sequence of tuple (X, y)
        Samples of shape (n_samples, n_features), dense or CSR, and their targets. An element is read when it is asked
        for, so a class with the methods ``__len__`` and ``__getitem__`` can read a file. A block may be empty.
    validation : tuple (X, y)
        Held-out samples and their targets, which are in memory.
    classes : array-like of shape (n_classes,), optional
        All class labels of a classifier. Defaults to those of the validation samples.
    scoring : str or callable, optional
        Name of a scorer of scikit-learn, or a function ``scorer(estimator, X, y)``; greater is better. Defaults to the
        negative log loss of classifiers with ``predict_proba``, and to the method ``score`` of other estimators.
    max_epochs : int, default=20
        Largest number of epochs.
    patience : int, default=3
        Number of epochs without a better score after which training ends.
    window_rows : int, default=262,144
        Least number of samples that are shuffled together. Memory is needed for twice as many, and for one block.
    random_state : int, RandomState instance or None, default=None
        Determines the order of the blocks and of the samples.
    stop : callable, optional
        Function without arguments. Training ends once it returns True; it is called after each window.
    verbose : bool, default=False
        Whether to print the score after each epoch.

    Returns
    -------
    result : StreamedFit
        The estimator as it was after its best epoch, and the scores. Ctrl-C ends the fit in the same way as `stop`,
        unless it comes before the end of the first window.

    Raises
    ------
    ValueError
        If the estimator has no ``partial_fit``, if there are no samples, or if a number is below 1.

    Examples
    --------
    Two files of numbers that are mapped to memory would be passed in the same way as these slices:

    >>> from sklearn.datasets import load_digits
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.job.streaming import fit_streamed
    >>> X, y = load_digits(return_X_y=True)
    >>> X = X / 16
    >>> blocks = [(X[start : start + 200], y[start : start + 200]) for start in range(0, 1400, 200)]
    >>> network = MLPClassifier((32,), learning_rate_init=0.01, random_state=0)
    >>> fit = fit_streamed(network, blocks, (X[1400:], y[1400:]), random_state=0)
    >>> fit.n_samples
    1400
    >>> bool(fit.estimator.score(X[1400:], y[1400:]) > 0.9)
    True
    """
    if not hasattr(estimator, "partial_fit"):
        raise ValueError(f"estimator must have partial_fit, which {type(estimator).__name__} lacks with its settings.")
    for name, number in {"max_epochs": max_epochs, "patience": patience, "window_rows": window_rows}.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number!r}.")
    model = clone(estimator)
    if "early_stopping" in model.get_params(deep=False):
        model.set_params(early_stopping=False)
    given = {}
    if is_classifier(model):
        given["classes"] = np.unique(validation[1]) if classes is None else np.asarray(classes)
    score, generator = _scorer(model, scoring), check_random_state(random_state)
    result, best_score, waited = StreamedFit(None, [], 0, False), -math.inf, 0
    while len(result.scores) < max_epochs and waited < patience and not result.stopped:
        n_samples, start = 0, time.perf_counter()
        try:
            for X, y in _windows(blocks, window_rows, generator):
                model.partial_fit(X, y, **given)
                n_samples += len(y)
                del X, y  # before the next ones are read
                if stop is not None and stop():
                    result.stopped = True
                    break
        except KeyboardInterrupt:
            if n_samples == 0 and result.estimator is None:
                raise
            result.stopped = True
        if n_samples == 0 and not result.stopped:
            raise ValueError("blocks contain no samples.")
        result.n_samples = max(result.n_samples, n_samples)
        reached = float(score(model, *validation))
        result.scores.append(reached)
        if verbose:
            seconds = time.perf_counter() - start
            print(f"Epoch {len(result.scores)}: {n_samples:,} rows, score {reached:.4f}, {seconds:.1f} s", flush=True)
        waited += 1
        if reached > best_score or result.estimator is None:
            result.estimator, waited = copy.deepcopy(model), 0
            best_score = -math.inf if math.isnan(reached) else reached
    return result


def _scorer(model, scoring):
    if callable(scoring):
        return scoring
    if scoring is not None:
        return get_scorer(scoring)
    if is_classifier(model) and hasattr(model, "predict_proba"):
        return neg_log_loss
    return type(model).score


def _windows(blocks, window_rows, generator):
    """Read the blocks in random order, and yield the samples of a few of them at a time in random order."""
    window, rows = [], 0
    for number in generator.permutation(len(blocks)):
        X, y = blocks[int(number)]
        if len(y):
            window.append((X, y))
            rows += len(y)
        del X, y  # so that only the window holds them
        if rows >= window_rows:
            yield join_shuffled(window, generator)
            rows = 0
    if window:
        yield join_shuffled(window, generator)


def join_shuffled(parts, generator=None):
    """Return the samples and targets of a list of pairs in random order, or in their own; the list is empty then."""
    lengths = [len(y) for _, y in parts]
    order = np.arange(sum(lengths)) if generator is None else generator.permutation(sum(lengths))
    y = np.concatenate([y for _, y in parts])
    shuffled = np.empty_like(y)
    shuffled[order] = y
    if scipy.sparse.issparse(parts[0][0]):
        X = scipy.sparse.vstack([X for X, _ in parts], format="csr")[np.argsort(order)]
        parts.clear()
        return X, shuffled
    first = np.asarray(parts[0][0])
    X = np.empty((len(order), *first.shape[1:]), first.dtype)
    del first
    end = len(order)
    while parts:  # from the last one, so that each is forgotten once it was copied
        part, labels = parts.pop()
        X[order[end - len(labels) : end]] = part
        end -= len(labels)
    return X, shuffled
