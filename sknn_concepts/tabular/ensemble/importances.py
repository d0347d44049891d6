"""Importances of the columns of a table for an ensemble."""

import dataclasses

import numpy as np

from sknn_concepts.tabular.ensemble.members import common_folds, predict_held_out

#: Number of permutations of each column.
N_REPEATS = 3


def permutation_importances(members, weights, table, number_sources, category_sources, n_columns, random_state):
    """Measure by how much the loss of held-out rows rises if a column is permuted (Breiman, 2001, section 10).

    Parameters
    ----------
    members : list of Member
        Members of the ensemble.
    weights : ndarray of shape (n_members,)
        Their weights.
    table : TrainingTable
        Data.
    number_sources, category_sources : ndarray of int
        Positions of the columns of the table from which the numbers and the codes were read.
    n_columns : int
        Number of columns of the table.
    random_state : RandomState
        Generator of the permutations.

    Returns
    -------
    importances : ndarray of shape (n_columns,)
        Differences of mean losses, averaged over the permutations; 0 for columns that were left out.
    """
    folds = common_folds(members)
    held_out = table.held_out(folds)

    def loss(columns):
        predictions = predict_held_out(members, weights, folds, dataclasses.replace(table, columns=columns))
        losses = table.targets.losses(table.targets.summarize(predictions, held_out))
        return np.average(losses, weights=table.row_weights[held_out])

    importances, before = np.zeros(n_columns), loss(table.columns)
    sources = np.asarray(number_sources, dtype=int), np.asarray(category_sources, dtype=int)
    for column in np.union1d(*sources):
        rises = []
        for _ in range(N_REPEATS):
            order = random_state.permutation(len(table))
            numbers, codes = table.columns.numbers.copy(), table.columns.codes.copy()
            for values, of_values in ((numbers, sources[0]), (codes, sources[1])):
                values[:, of_values == column] = values[order][:, of_values == column]
            rises.append(loss(dataclasses.replace(table.columns, numbers=numbers, codes=codes)) - before)
        importances[column] = np.mean(rises)
    return importances
