"""Selection of the members of an ensemble, and of their weights, by their predictions for held-out rows."""

import numpy as np

#: Number of samples of the rows, and share of the members that takes part in each of them.
N_SAMPLES, MEMBER_SHARE = 20, 0.75

#: Number of additions in a greedy selection.
N_ADDITIONS = 16


def greedy_weights(summaries, losses, row_weights):
    """Add members, with replacement, one after the other, each time the one that lowers the loss most.

    Caruana, Niculescu-Mizil, Crew and Ksikes (2004, section 2).

    Parameters
    ----------
    summaries : ndarray of shape (n_members, n_rows) or (n_members, n_rows, n_outputs)
        Summarized predictions; see :class:`~sknn_concepts.tabular.ensemble.targets.ClassTargets`.
    losses : callable
        Function of summaries that returns the losses of the rows.
    row_weights : ndarray of shape (n_rows,)
        Weights of the rows.

    Returns
    -------
    weights : ndarray of shape (n_members,)
        Weights with sum 1, of the best ensemble on the way.
    """
    counts, total = np.zeros(len(summaries)), np.zeros(summaries.shape[1:])
    best, best_counts = np.inf, counts
    for number in range(1, N_ADDITIONS + 1):
        of_members = losses((total + summaries) / number) @ row_weights
        chosen = int(np.argmin(of_members))
        counts[chosen] += 1
        total = total + summaries[chosen]
        if of_members[chosen] < best:
            best, best_counts = of_members[chosen], counts.copy()
    return best_counts / max(1.0, best_counts.sum())


def select(summaries, losses, row_weights, max_members, random_state):
    """Average greedy selections over bootstrap samples of the rows and random parts of the members.

    This keeps a member that is best by chance from taking all the weight (Caruana et al., 2004, section 2.3).

    Parameters
    ----------
    summaries, losses, row_weights
        As for :func:`greedy_weights`.
    max_members : int
        Maximum number of members with a weight.
    random_state : RandomState
        Generator of the samples.

    Returns
    -------
    weights : ndarray of shape (n_members,)
        Weights with sum 1.
    """
    n_members, n_rows = len(summaries), len(row_weights)
    weights, n_drawn = np.zeros(n_members), max(1, round(MEMBER_SHARE * n_members))
    for _ in range(N_SAMPLES):
        members = np.sort(random_state.permutation(n_members)[:n_drawn])
        counts = np.bincount(random_state.randint(n_rows, size=n_rows), minlength=n_rows) * row_weights
        if counts.sum() > 0:
            weights[members] += greedy_weights(summaries[members], losses, counts)
    if not weights.any():
        weights[:] = 1.0
    weights[np.argsort(-weights, kind="stable")[max_members:]] = 0.0
    return weights / weights.sum()
