"""Graphs of ensembles for tables."""

import numpy as np
from sklearn.utils.validation import _check_feature_names_in

from sknn_concepts.export.columns import as_codes, as_numbers, dtype_of
from sknn_concepts.export.network import labels_at, largest, predict_numbers, predict_probabilities
from sknn_concepts.tabular.ensemble.calibration import sharpen_tensor
from sknn_concepts.tabular.reading.cells import as_table, cells_of


def table_inputs(ensemble, X_sample, input_name):
    """Return name, dtype and width of the inputs that a table stands for.

    An array of one dtype is one input; a data frame and an array of objects have one for each column.
    """
    table = as_table(X_sample, estimator=ensemble)
    if isinstance(table, np.ndarray) and table.dtype.kind in "biuf":
        return [(input_name, table.dtype, table.shape[1])]
    return [(str(cells.name), dtype_of(cells), 1) for cells in cells_of(table)]


def add_table_classifier(graph, ensemble, inputs):
    """Add a TabularClassifier: labels and probabilities."""
    n_classes = len(ensemble.classes_)
    mean = _average(ensemble, inputs, lambda network, X: _all_probabilities(network, X, n_classes))
    share = ensemble._uniform_share
    probabilities = sharpen_tensor((1.0 - share) * mean + share / n_classes, ensemble._power)
    graph.output("label", labels_at(graph, ensemble.classes_, largest(probabilities)))
    graph.output("probabilities", probabilities, n_classes)


def add_table_regressor(graph, ensemble, inputs):
    """Add a TabularRegressor: numbers of shape (n_samples, n_outputs)."""
    mean = _average(ensemble, inputs, predict_numbers).astype(np.float64)  # of targets that may be large
    graph.output("variable", mean * ensemble._scale + ensemble._mean, len(ensemble._mean))


def _average(ensemble, inputs, predict):
    """Return the average of the predictions of the members, ``predict(network, encoded)`` for each network."""
    numbers, codes = _read(ensemble._reader, inputs)
    total = None
    for member, weight in zip(ensemble.members_, ensemble.weights_, strict=True):
        encoded = member.encoder.onnx(numbers, codes)
        for fold in sorted(member.networks):
            one = predict(member.networks[fold], encoded) * (weight / len(member.networks))
            total = one if total is None else total + one
    return total


def _read(reader, inputs):
    """Return what a ColumnReader reads: a tensor of float64 or None, and a list of tensors of int64."""
    of_numbers = [part for part in reader._parts if part.levels is None]
    of_levels = [part for part in reader._parts if part.levels is not None]
    names = _check_feature_names_in(reader, None)

    def column(part):
        return inputs[part.place] if len(inputs) > 1 else inputs[0].columns([part.place])

    if len(inputs) == 1 and {part.kind for part in of_numbers} == {"number"} and inputs[0].dtype.kind in "fiub":
        numbers = [inputs[0].columns([part.place for part in of_numbers]).astype(np.float64)]  # one node for all
    else:
        numbers = [as_numbers(column(part), part, names[part.place]) for part in of_numbers]
    codes = [as_codes(column(part), part) for part in of_levels]
    return numbers[0].concat(*numbers[1:]) if numbers else None, codes


def _all_probabilities(network, X, n_classes):
    """Return the probabilities of all classes, 0 for those that the network has not seen."""
    seen = np.zeros((len(network.classes_), n_classes), X.dtype)
    seen[np.arange(len(network.classes_)), network.classes_] = 1.0
    if len(seen) == 1:
        ones = X.columns([0]) * 0.0 + 1.0  # a row for each sample
        return ones @ seen
    probabilities = predict_probabilities(network, X)
    return probabilities if len(seen) == n_classes else probabilities @ seen
