"""Graphs of networks and linear models: layers, scores, labels and probabilities."""

import numpy as np

from sknn_concepts.estimators.linear_parameters import dense
from sknn_concepts.losses import get_loss


def matrix_of(inputs, estimator):
    """Return inputs side by side, in single precision if they or the weights are, and in double precision otherwise."""
    weights = np.dtype(_parameters_of(estimator)[0][0].dtype)
    types = [tensor.dtype for tensor in inputs if tensor.dtype.kind == "f"]
    single = np.float32 in (weights, *types)
    first, *others = (tensor.astype(np.float32 if single else np.float64) for tensor in inputs)
    return first.concat(*others)


def add_classifier(graph, estimator, inputs, raw_scores=False):
    """Add a perceptron, a logistic regression or an MLPClassifier: labels, and probabilities or scores.

    With `raw_scores`, there are scores instead of probabilities, one for each of two classes, as sklearn-onnx has them.
    """
    raw = _raw_predictions(estimator, matrix_of(inputs, estimator))
    several = getattr(estimator, "_kind", None) == "multilabel"
    threshold = estimator._threshold() if hasattr(estimator, "_threshold") else 0.0
    n_outputs = estimator._sizes()[-1]
    if several:
        graph.output("label", (raw > threshold).astype(np.int64), n_outputs)
    else:
        place = (raw > threshold).astype(np.int64).reshape(-1) if n_outputs == 1 else largest(raw)
        graph.output("label", labels_at(graph, estimator.classes_, place))
    both = 2 if n_outputs == 1 else n_outputs
    scores = raw - threshold if threshold else raw
    if raw_scores:
        graph.output("scores", (-scores).concat(scores) if n_outputs == 1 else scores, both)
    elif hasattr(estimator, "predict_proba"):
        graph.output("probabilities", class_probabilities(estimator, raw, n_outputs), both)
    else:
        graph.output("scores", scores, n_outputs)


def add_regressor(graph, estimator, inputs):
    """Add an MLPRegressor: numbers of shape (n_samples, n_outputs)."""
    numbers = predict_numbers(estimator, matrix_of(inputs, estimator))
    graph.output("variable", numbers, estimator._sizes()[-1])


def predict_numbers(network, X):
    """Return what an MLPRegressor predicts, of shape (n_samples, n_outputs)."""
    return _link(network)(_raw_predictions(network, X))


def predict_probabilities(network, X):
    """Return what an MLPClassifier predicts for two classes or more that exclude each other."""
    return class_probabilities(network, _raw_predictions(network, X), network._sizes()[-1])


def class_probabilities(estimator, raw, n_outputs):
    """Return the probabilities of all classes, or of all labels, for raw predictions."""
    if not hasattr(estimator, "_fitted_strategies"):
        return _logistic_probabilities(estimator, raw, n_outputs)
    probabilities = _link(estimator)(raw)
    return (1.0 - probabilities).concat(probabilities) if n_outputs == 1 else probabilities


def largest(scores):
    """Return the position of the largest score of each sample, the first of equal ones."""
    return scores.apply("ArgMax", axis=1, keepdims=0, dtype=np.int64)


def labels_at(graph, classes, places):
    """Return the labels of the classes at some positions."""
    classes = as_labels(classes)
    if len(classes) == 1:  # a network for two classes may have seen one only
        classes = np.repeat(classes, 2)
    return graph.constant(classes).apply("Gather", places, axis=0)


def as_labels(classes):
    """Convert classes to a dtype of ONNX; raise ValueError if they have none."""
    classes = np.asarray(classes)
    if classes.dtype.kind in "iu" and np.array_equal(classes, classes.astype(np.int64)):
        return classes.astype(np.int64)
    if classes.dtype in (bool, np.float32, np.float64):
        return classes
    if classes.dtype.kind in "OU" and all(isinstance(one, str) for one in classes.tolist()):
        return np.array(classes.tolist(), dtype=object)
    raise ValueError(f"ONNX has no labels like those of classes_, {classes.tolist()[:3]}: use integers or strings.")


def formula_of(strategy, *names):
    """Return the method ``onnx`` of a strategy.

    Raises
    ------
    NotImplementedError
        If it has none that belongs to its formula, a method with one of the names: that of a base class computes
        something else.
    """
    mro = type(strategy).__mro__
    owners = [place for place, owner in enumerate(mro) for name in names if name in vars(owner)]
    own = [place for place, owner in enumerate(mro) if "onnx" in vars(owner)]
    if not own or own[0] > min(owners, default=own[0]):
        formula = next((name for owner in mro for name in names if name in vars(owner)), names[0])
        raise NotImplementedError(
            f"{strategy!r} cannot be converted to ONNX: its class needs a method onnx(self, z) that computes what "
            f"{formula} computes of a sknn_concepts.export.Tensor, for example: return z.apply('Tanh')."
        )
    return strategy.onnx


def _raw_predictions(estimator, X):
    """Return the values of the output layer before the inverse link."""
    coefs, intercepts = _parameters_of(estimator)
    for w, b, activation in zip(coefs, intercepts, _activations_of(estimator), strict=True):
        w, b = (X.graph.constant(np.asarray(array, X.dtype)) for array in (w, b))
        X = activation(X.apply("Gemm", w, b))
    return X


def _parameters_of(estimator):
    """Return dense weights of shape (n_inputs, n_outputs) and intercepts, layer by layer."""
    if hasattr(estimator, "_layers"):
        return estimator._layers()
    coef, intercept = estimator._layer()
    return [dense(coef).T], [intercept]


def _activations_of(estimator):
    if not hasattr(estimator, "_fitted_strategies"):
        return [lambda z: z]
    return [formula_of(activation, "value") for activation in estimator._fitted_strategies().activations]


def _link(estimator):
    return formula_of(estimator._fitted_strategies().loss, "inverse_link", "inverse_link_row")


def _logistic_probabilities(model, scores, n_outputs):
    """Return the probabilities of a LogisticRegression."""
    if model._is_multinomial():
        return scores.apply("Softmax", axis=1)
    logistic = get_loss("log_loss", "classification")
    if n_outputs == 1:
        positive = logistic.onnx(scores)
        return (1.0 - positive).concat(positive)
    # the softmax of log(p) normalizes p, however small all of them are
    log_p = scores.apply("Min", 0.0) - (1.0 + (-abs(scores)).apply("Exp")).apply("Log")
    return log_p.apply("Softmax", axis=1)
