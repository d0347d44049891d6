"""What the result of a fit depends on, by which a checkpoint recognizes the fit that it belongs to."""

import joblib
import numpy as np

from sknn_concepts.callbacks.checkpoint import CheckpointFile, checkpoint_of, refuse_checkpoint
from sknn_concepts.estimators.multilayer.scoring import arrays_of, describe
from sknn_concepts.jit.strategy import Strategy
from sknn_concepts.jit.strategy_type import strategy_digest

#: Parameters that do not change the result of a fit.
_WITHOUT_EFFECT = {"verbose", "n_jobs"}


def open_checkpoint(estimator, finetuner, X, y, sample_weight, held_out):
    """Open the file of the checkpoint of a fit of a multilayer perceptron; return None if there is no checkpoint.

    The samples are validated, and `held_out` is a list of the user's validation data.

    Raises ValueError if the fit cannot go on from a checkpoint.
    """
    checkpoint = checkpoint_of(estimator)
    if checkpoint is None:
        return None
    if finetuner.config.optimizer is None:
        refuse_checkpoint(estimator, "solver='lbfgs' is not stochastic")
    derived = {
        "the split for early stopping": (_digest(finetuner.rows),),
        "the initial network": (_digest(estimator._theta, estimator._parameter_mask()),),
    }
    validation = {"the validation data": (_digest(*(array for data in held_out for array in data)),)}
    return CheckpointFile(
        checkpoint,
        {**facts_of_parameters(estimator), **_form_of("X", X), **_form_of("y", y)},
        {**facts_of_data(X=X, y=y, sample_weight=sample_weight), **validation},
        derived,
    )


def facts_of_parameters(estimator):
    """Return descriptions of the parameters of an estimator, by name.

    Raises ValueError if its numbers would be others when it is fitted again.
    """
    if estimator.random_state is None:
        refuse_checkpoint(estimator, "random_state=None draws other numbers each time; choose an integer")
    parameters = estimator.get_params(deep=False)
    facts = {name: _description(value) for name, value in parameters.items() if name not in _WITHOUT_EFFECT}
    return {"the estimator": type(estimator).__name__, **facts}


def facts_of_data(**data):
    """Return digests of data by name."""
    return {name: (_digest(array),) for name, array in data.items()}


def _form_of(name, data):
    """Return the shape, the dtype and, of a dense array, the memory order of data, by name."""
    form = {f"the shape of {name}": str(data.shape), f"the dtype of {name}": str(data.dtype)}
    if isinstance(data, np.ndarray):
        flags = data.flags
        form[f"the memory order of {name}"] = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "another"
    return form


def _digest(*data):
    return joblib.hash(tuple(map(arrays_of, data)), "sha1")


def _description(value):
    """Describe the value of a parameter by a text that tells all, or by tuples with digests."""
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    if isinstance(value, list | tuple) and all(isinstance(item, int | str | Strategy) for item in value):
        return tuple(map(_description, value)) if any(isinstance(item, Strategy) for item in value) else repr(value)
    return describe(value), strategy_digest(type(value)) if isinstance(value, Strategy) else None
