"""What a list of times says: median, spread, and ratios pair by pair."""

import statistics


def summarize(values):
    """Median, smallest and largest value.

    Parameters
    ----------
    values : sequence of float
        At least one.

    Returns
    -------
    summary : dict
        With "median", "low" and "high".
    """
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def pairwise(reference, other):
    """Ratio other / reference of each round: what the rounds have in common, a busy machine say, cancels.

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
