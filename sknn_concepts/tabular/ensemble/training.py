"""Training of an ensemble: candidates on one fold, the best of them on all folds, and their weights."""

import concurrent.futures
import functools
import time

import numpy as np

from sknn_concepts._warnings import warn
from sknn_concepts.tabular.ensemble.cluster import ClusterTraining, on_cluster
from sknn_concepts.tabular.ensemble.deadline import MIN_SECONDS, Grace
from sknn_concepts.tabular.ensemble.members import common_folds
from sknn_concepts.tabular.ensemble.selection import select

#: Rows below which all candidates are trained on all folds, because one fold is too small to choose between them.
MIN_ROWS_TO_CHOOSE = 1_500

#: Share of the time for the first fold.
FIRST_FOLD_SHARE = 0.5


def train_ensemble(candidates, table, *, max_members, n_threads, deadline, random_state, observer):
    """Train the candidates, and choose members and their weights.

    All candidates are trained on the first fold. The best, or all of them if there are few rows, are trained on the
    other folds, too, so that all rows tell how good they are.

    Parameters
    ----------
    candidates : list of Member
        Candidates, which may have networks already.
    table : TrainingTable
        Data.
    max_members : int
        Maximum number of members.
    n_threads : int
        Number of networks that are trained at once.
    deadline : Deadline
        End of the training.
    random_state : RandomState
        Generator for the selection.
    observer : object
        Its methods ``begin(member, fold)`` and ``end(member, fold, interrupted)`` are called before and after the
        training of each network, in its thread. If the latter returns True, no further network is begun.

    Returns
    -------
    members : list of Member
        Members of the ensemble, the one with the largest weight first.
    weights : ndarray of shape (n_members,)
        Their weights, with sum 1.
    """
    first_end = time.monotonic() + FIRST_FOLD_SHARE * (deadline.end - time.monotonic())
    jobs = [(member, 0) for member in candidates if 0 not in member.networks]
    train = ClusterTraining(table) if on_cluster() else functools.partial(_train_in_threads, table, n_threads)
    errors = train(jobs, first_end if len(table.folds) > 1 else deadline.end, deadline, observer)
    trained = [member for member in candidates if 0 in member.networks]
    if not trained:
        raise errors[0] if errors else KeyboardInterrupt
    finalists = trained
    if len(table) >= MIN_ROWS_TO_CHOOSE:
        finalists, _ = choose(trained, [0], table, max_members, random_state)
    jobs = [(m, fold) for m in finalists for fold in range(1, len(table.folds)) if fold not in m.networks]
    errors += train(jobs, deadline.end, deadline, observer)
    if errors:
        warn(f"{len(errors)} networks could not be trained. The first error was {errors[0]!r}.")
    if deadline.interrupted:
        warn("Training interrupted by user: the ensemble consists of what was trained.")
    return choose(finalists, common_folds(finalists), table, max_members, random_state)


def choose(members, folds, table, max_members, random_state):
    """Choose members by their predictions for the held-out rows of some folds, and weigh them.

    Returns members and weights as :func:`train_ensemble`.
    """
    summaries = np.stack([np.concatenate([member.summaries[fold] for fold in folds]) for member in members])
    held_out = table.held_out(folds)
    weights = select(summaries, table.targets.losses, table.row_weights[held_out], max_members, random_state)
    order = [place for place in np.argsort(-weights, kind="stable") if weights[place] > 0]
    return [members[place] for place in order], weights[order]


def _train_in_threads(table, n_threads, jobs, begin_until, deadline, observer):
    """Train networks, each in one thread, and return the errors of those that could not be trained.

    No network is begun after the time `begin_until`.
    """
    errors = []

    def train(number, member, fold):
        first = fold == 0 and number == 0
        if not first and (time.monotonic() >= begin_until or deadline.interrupted or deadline.stopped):
            return
        observer.begin(member, fold)
        try:
            member.fit(fold, table, Grace(deadline, MIN_SECONDS) if first else deadline)
        except Exception as error:  # for example MemoryError: the other members are still of use
            errors.append(error)
        else:
            if observer.end(member, fold, deadline.interrupted):
                deadline.stopped = True

    with concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
        futures = [pool.submit(train, number, *job) for number, job in enumerate(jobs)]
        while True:
            try:
                concurrent.futures.wait(futures)
                break
            except KeyboardInterrupt:
                deadline.interrupted = True  # the networks under way end now
    for future in futures:
        future.result()
    return errors
