"""Summaries of the measurements: ranks, their critical difference, and ratios."""

import math

import numpy as np
from scipy import stats

#: Significance level of the tests.
ALPHA = 0.05

#: Measures of accuracy and their names in text; smaller is better.
MEASURES = {"error": "error", "log_loss": "log loss"}


def gather(records, measure):
    """Gather the values of a measure on the splits that all contenders of a table have.

    Parameters
    ----------
    records : list of dict
        Measurements.
    measure : {"error", "log_loss", "scaled_log_loss"}
        Measure.

    Returns
    -------
    values : dict of str to dict of str to list of float
        Values by table and contender. A contender without a measurement of the table is not among its contenders.
    """
    found = {}
    for record in records:
        if record[measure] is not None:
            found.setdefault(record["table"], {}).setdefault(record["contender"], {})[record["split"]] = record[measure]
    values = {}
    for table, contenders in found.items():
        common = sorted(set.intersection(*(set(splits) for splits in contenders.values())))
        if common:
            values[table] = {contender: [splits[n] for n in common] for contender, splits in contenders.items()}
    return values


def average(values):
    """Return the mean over the splits of each table: a dict by table of dicts by contender."""
    return {table: {name: float(np.mean(found)) for name, found in row.items()} for table, row in values.items()}


def complete(means, contenders):
    """Return the means as an array with a row for each table that all contenders have."""
    rows = [[row[name] for name in contenders] for row in means.values() if set(contenders) <= set(row)]
    return np.array(rows).reshape(-1, len(contenders))


def average_ranks(scores):
    """Return the mean rank of each column; 1 is the smallest, and equal scores share their ranks."""
    return stats.rankdata(scores, axis=1).mean(axis=0)


def friedman(scores):
    """Return the chi-square statistic of Friedman's test, corrected for ties, and the probability of a larger one."""
    statistic, probability = stats.friedmanchisquare(*np.asarray(scores).T)
    return float(statistic), float(probability)


def critical_difference(n_contenders, n_tables, alpha=ALPHA):
    r"""Return the difference of mean ranks from which on two contenders differ by the test of Nemenyi.

    .. math:: q_\alpha \sqrt{k (k + 1) / (6 N)}

    with the quantile of the studentized range for infinite degrees of freedom, divided by the square root of 2, for k
    contenders and N tables (Demšar, 2006, Statistical comparisons of classifiers over multiple data sets, section
    3.2.2).
    """
    quantile = stats.studentized_range.ppf(1.0 - alpha, n_contenders, np.inf) / math.sqrt(2.0)
    return float(quantile * math.sqrt(n_contenders * (n_contenders + 1) / (6.0 * n_tables)))


def find_groups(ranks, difference):
    """Find the largest groups of contenders whose ranks differ by less than the critical difference.

    Returns
    -------
    groups : list of (float, float)
        Smallest and largest rank of each group of at least two.
    """
    ranks = np.sort(ranks)
    groups = []
    for first, low in enumerate(ranks):
        last = int(np.searchsorted(ranks, low + difference)) - 1
        if last > first and (not groups or ranks[last] > groups[-1][1]):
            groups.append((float(low), float(ranks[last])))
    return groups


def compare(means, ours, other, floors=None):
    """Compare two contenders on the tables that both have.

    Parameters
    ----------
    means : dict of str to dict of str to float
        Means by table and contender.
    ours, other : str
        Contenders.
    floors : dict of str to float or None, default=None
        Smallest value of each table that enters the ratio, because a value may be 0.

    Returns
    -------
    comparison : dict
        Geometric mean of ours / other, and the numbers of tables won, lost and tied.
    """
    pairs = [(table, row[ours], row[other]) for table, row in means.items() if ours in row and other in row]
    floors = floors or {}
    ratios = [max(a, floors.get(table, 0.0)) / max(b, floors.get(table, 0.0)) for table, a, b in pairs]
    won, lost = sum(a < b for _, a, b in pairs), sum(a > b for _, a, b in pairs)
    ratio = float(np.exp(np.mean(np.log(ratios)))) if ratios else None
    return {"ratio": ratio, "won": won, "lost": lost, "tied": len(pairs) - won - lost}


def calibration(records, contender):
    """Return the geometric mean over the tables of log losses after temperature scaling, divided by those before it.

    None if the contender has no probabilities.
    """
    before, after = (average(gather(records, measure)) for measure in ("log_loss", "scaled_log_loss"))
    ratios = [after[table][contender] / row[contender] for table, row in before.items() if contender in row]
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else None


def find_floors(records):
    """Return half a wrong row among the test rows of all splits, by classification table."""
    splits = {(record["table"], record["split"]): record for record in records if record["task"] == "classification"}
    totals = {}
    for (table, _), record in splits.items():
        totals[table] = totals.get(table, 0) + record["n_test"]
    return {table: 0.5 / total for table, total in totals.items()}
