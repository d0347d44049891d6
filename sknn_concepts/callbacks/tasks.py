"""Callbacks of scikit-learn, which it has from version 1.9 on: an adapter, because their interface is experimental."""

from sknn_concepts.callbacks.checkpoint import refuse_checkpoint


def begin_fit(estimator, X, y, sample_weight, max_subtasks=None, sequential=True, resumable=False):
    """Tell the callbacks of an estimator that a fit begins, before the estimator is copied.

    Parameters
    ----------
    estimator : estimator
        The user's estimator.
    X, y, sample_weight : array-like
        Arguments of ``fit``; `sample_weight` may be None.
    max_subtasks : int, optional
        Largest number of its tasks, such as epochs; unknown by default.
    sequential : bool, default=True
        Whether they follow one another.
    resumable : bool, default=False
        Whether the fit can go on from a checkpoint.

    Returns
    -------
    task : FitTask or None
        None if there are no callbacks.

    Raises
    ------
    ValueError
        If there is a checkpoint for a fit that cannot go on from one.
    """
    if not resumable:
        refuse_checkpoint(estimator)
    if not vars(estimator).get("_skl_callbacks"):
        return None
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    context = estimator._init_callback_context(max_subtasks=max_subtasks, sequential_subtasks=sequential)
    return FitTask(estimator, context, {"X": X, "y": y, "metadata": metadata})


class FitTask:
    """Fit, or a part of one, of which callbacks are told.

    Parameters
    ----------
    estimator : estimator
        The user's estimator.
    context : CallbackContext
        Its place among all tasks.
    data : dict
        What hooks may ask for by name.
    """

    def __init__(self, estimator, context, data):
        self._estimator, self._context, self._data = estimator, context, data
        self._iterations = None
        context.call_on_fit_task_begin(estimator=estimator, **data)

    def part(self, name, number, max_subtasks=None):
        """Begin a part that may run beside others."""
        context = self._context.subcontext(task_name=name, task_id=number, max_subtasks=max_subtasks)
        return FitTask(self._estimator, context, self._data)

    def iterations(self, name, attributes_of):
        """Return the monitor of the iterations of this task; see :class:`Iterations`."""
        self._iterations = Iterations(self._estimator, self._context, self._data, name, attributes_of)
        return self._iterations

    def end(self, attributes=None):
        """Tell that this task ends, with the attributes that make the estimator a fitted one, if it can be.

        Returns whether a callback asks for a stop.
        """
        if self._iterations is not None:
            self._iterations.close()
        return self._context.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=attributes
        )


class Iterations:
    """Monitor of training, see :func:`sknn_concepts.training.trainer.train`, that tells callbacks of each iteration.

    ``attributes_of(parameters)`` returns the attributes of an estimator that is fitted with these parameters. It is
    only called if a callback asks for the fitted estimator.
    """

    def __init__(self, estimator, context, data, name, attributes_of):
        self._estimator, self._context, self._data = estimator, context, data
        self._name, self._attributes_of = name, attributes_of
        self._current = None

    def begin(self, parameters):
        """Tell that an iteration begins."""
        self._current = self._context.subcontext(task_name=self._name)
        self._current.call_on_fit_task_begin(**self._arguments(parameters))

    def end(self, parameters):
        """Tell that an iteration ends, and return whether a callback asks for a stop."""
        current, self._current = self._current, None
        return current.call_on_fit_task_end(**self._arguments(parameters))

    def close(self):
        """Tell of the end of an iteration that was begun, but not made."""
        if self._current is not None:
            self._current.call_on_fit_task_end(estimator=self._estimator)

    def _arguments(self, parameters):
        return {
            "estimator": self._estimator,
            **self._data,
            "reconstruction_attributes": lambda: self._attributes_of(parameters),
        }
