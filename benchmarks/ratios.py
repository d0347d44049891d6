"""Statistics of times: median, range, and ratios round by round."""

import statistics


def summarize(values):
    """Return the median, the smallest and the largest value.

    Parameters
    ----------
    values : sequence of float
        One or more values.

    Returns
    -------
    summary : dict
        Values under "median", "low" and "high".
    """
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def pairwise(reference, other):
    """Return the ratio other / reference of each round. Effects on a whole round, such as a busy machine, cancel.

    Parameters
    ----------
    reference, other : sequence of float
        Seconds of each round.

    Returns
    -------
    ratios : list of float

    Raises
    ------
    ValueError
        If the numbers of rounds differ.
    """
    return [theirs / ours for ours, theirs in zip(reference, other, strict=True)]
