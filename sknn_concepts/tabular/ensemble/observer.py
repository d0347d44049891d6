"""What happens around the training of each network of an ensemble: lines, callbacks and checkpoints."""

import threading
import time

import numpy as np

from sknn_concepts._logging import log
from sknn_concepts.callbacks.checkpoint import CheckpointFile, checkpoint_of, refuse_checkpoint
from sknn_concepts.estimators.multilayer.checkpoints import facts_of_data, facts_of_parameters


class Observer:
    """Observer of the training of an ensemble.

    Parameters
    ----------
    candidates : list of Member
        Candidates. Those of a checkpoint get the networks that they had there.
    table : TrainingTable
        Data.
    verbose : bool
        Whether to log a line about each network.
    task : FitTask or None
        The fit, of which callbacks are told.
    checkpoint : CheckpointFile or None
        File that holds what was trained.
    """

    def __init__(self, candidates, table, verbose, task, checkpoint):
        self._candidates, self._table, self._verbose = candidates, table, verbose
        self._task, self._checkpoint = task, checkpoint
        self._parts: dict = {}
        self._n_trained, self._lock, self._start = 0, threading.Lock(), time.monotonic()
        for member, trained in zip(candidates, self._load(), strict=False):
            vars(member).update(trained)

    def _load(self):
        return (None if self._checkpoint is None else self._checkpoint.load()) or []

    def _number_of(self, member, fold):
        return self._candidates.index(member) * len(self._table.folds) + fold

    def begin(self, member, fold):
        """Tell callbacks that the training of a network begins."""
        if self._task is not None:
            number = self._number_of(member, fold)
            with self._lock:
                self._parts[number] = self._task.part("network", number)

    def end(self, member, fold, interrupted=False):
        """Tell that a network was trained, and save what was; return whether a callback asks for a stop.

        After an interruption nothing is saved, because the network might have gone on.
        """
        if self._verbose:
            self._log(member, fold)
        with self._lock:
            self._n_trained += 1
            is_due = self._checkpoint is not None and self._n_trained % self._checkpoint.every == 0
            if is_due and not interrupted:
                self._checkpoint.save([_trained(member) for member in self._candidates])
            return self._task is not None and self._parts.pop(self._number_of(member, fold)).end()

    def _log(self, member, fold):
        table = self._table
        loss = np.average(table.targets.losses(member.summaries[fold]), weights=table.row_weights[table.folds[fold][1]])
        where = f"member {self._candidates.index(member) + 1}, fold {fold + 1} of {len(table.folds)}"
        log(f"{time.monotonic() - self._start:7.1f} s  {where}: held-out loss {loss:.5f}")


def _trained(member):
    """Return the attributes of a candidate that training sets, which may go on in another thread."""
    networks = dict(member.networks)  # set after the summaries
    summaries = {fold: member.summaries[fold] for fold in networks}
    encoder = member.encoder if networks else None
    return {"encoder": encoder, "networks": networks, "summaries": summaries, "seconds": member.seconds}


def open_checkpoint(estimator, candidates, table):
    """Open the file of the checkpoint of an ensemble; return None if there is no checkpoint.

    Raises ValueError if the fit cannot go on from a checkpoint.
    """
    checkpoint = checkpoint_of(estimator)
    if checkpoint is None:
        return None
    if estimator.time_limit is not None:
        refuse_checkpoint(estimator, f"its result depends on time_limit={estimator.time_limit!r}")
    n_trained = sum(bool(member.networks) for member in candidates)
    return CheckpointFile(
        checkpoint,
        {
            **facts_of_parameters(estimator),
            "the number of rows": str(len(table)),
            "the number of columns": str(estimator.n_features_in_),
            "the members of the last fit": str(n_trained),
        },
        facts_of_data(X=table.columns, y=vars(table.targets), sample_weight=table.weights),
    )
