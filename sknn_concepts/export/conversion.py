"""Conversion of fitted estimators to graphs and models of ONNX."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.utils.validation import _check_feature_names, check_is_fitted

from sknn_concepts._typing import Data
from sknn_concepts.estimators.linear_parameters import LinearParameters
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.export.graph import Graph
from sknn_concepts.export.model import import_onnx, make_model
from sknn_concepts.export.network import add_classifier, add_regressor
from sknn_concepts.export.tables import add_table_classifier, add_table_regressor, table_inputs
from sknn_concepts.tabular.classifier import TabularClassifier
from sknn_concepts.tabular.ensemble.base import BaseTabular
from sknn_concepts.tabular.reading.cells import is_frame
from sknn_concepts.tabular.regressor import TabularRegressor

#: Functions that add an estimator to a graph, by its class.
CONVERTERS = {
    LinearParameters: add_classifier,
    MLPClassifier: add_classifier,
    MLPRegressor: add_regressor,
    TabularClassifier: add_table_classifier,
    TabularRegressor: add_table_regressor,
}


class Input(NamedTuple):
    """Name, dtype and number of columns of an input."""

    name: str
    dtype: np.dtype
    width: int


def to_onnx(estimator: Any, X_sample: Data, *, input_name: str = "X") -> Any:
    """Convert a fitted estimator of this package to a model of ONNX.

    The model has the operators of opset 13 of ONNX and, for categories in tables, of version 2 of ONNX-ML. The number
    of samples is free. It has these outputs:

    - ``"label"``, of shape (n_samples,), or (n_samples, n_labels) for several labels, for classifiers;
    - ``"probabilities"``, of shape (n_samples, n_classes), for classifiers that have them, and otherwise ``"scores"``,
      what ``decision_function`` returns, of shape (n_samples, n_outputs), with one output for two classes;
    - ``"variable"``, of shape (n_samples, n_outputs), for regressors.

    It computes in single precision if `X_sample` or the weights are float32, and in double precision otherwise, so that
    float32 samples make a small model of any network; "gelu" is always in single precision. Ensembles for tables scale
    numbers in double precision and compute the rest in single precision.

    Parameters
    ----------
    estimator : Perceptron, LogisticRegression, MLPClassifier, MLPRegressor, TabularClassifier or TabularRegressor
        Fitted estimator.
    X_sample : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
        Samples as the model will get them, one at least, of which only the types are used. An array stands for one
        input of its dtype, and a sparse matrix for a dense one. A data frame for an ensemble stands for an input for
        each column, which is called like the column and has shape (n_samples, 1).
    input_name : str, default="X"
        Name of the input that an array stands for.

    Returns
    -------
    model : onnx.ModelProto
        Model. ``model.SerializeToString()`` gives the bytes of its file, which runtimes of ONNX load.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    TypeError
        If it is not one of these estimators.
    ValueError
        If `X_sample` does not have the features of the fit, or has a type that does not suit, or if a column of a table
        is a text or the classes are neither numbers nor strings.
    NotImplementedError
        If an activation or a loss of one's own has no method ``onnx``.

    See Also
    --------
    Tensor : What a method ``onnx`` gets.

    Notes
    -----
    ``skl2onnx.to_onnx`` converts pipelines with these estimators; it finds the conversion by itself.

    The model does not check its input. Where ``predict`` refuses NaN, it returns NaN, and the first class as the
    label.

    In a table, a missing number is NaN, and a missing string is the empty string, unless this is a level of the column.
    Dates and durations are numbers of type int64, as ``values.astype("datetime64[us]").astype("int64")`` makes them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sknn_concepts import MLPClassifier
    >>> from sknn_concepts.export import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier(max_iter=300, random_state=0).fit(X, y)
    >>> model = to_onnx(network, X[:1].astype(np.float32))
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    import_onnx()
    return make_model(make_graph(estimator, inputs_of(estimator, X_sample, input_name)), type(estimator).__name__)


def make_graph(estimator, inputs, **options):
    """Make the graph of a fitted estimator for a list of :class:`Input`, with options of its function in CONVERTERS."""
    add = _converter_of(estimator)
    check_is_fitted(estimator)
    width = sum(one.width for one in inputs)
    if width != estimator.n_features_in_:
        raise ValueError(
            f"{type(estimator).__name__} was fitted with {estimator.n_features_in_} features; the inputs of the model, "
            f"{', '.join(one.name for one in inputs[:5])}, have {width}."
        )
    graph = Graph()
    add(graph, estimator, [graph.input(*one) for one in inputs], **options)
    return graph


def inputs_of(estimator, X_sample, input_name):
    """Return the inputs that a sample stands for, a list of :class:`Input`."""
    _converter_of(estimator)
    check_is_fitted(estimator)
    if not isinstance(input_name, str) or not input_name:
        raise ValueError(f"input_name must be a string that is not empty; got {input_name!r}.")
    if is_frame(X_sample) and hasattr(estimator, "feature_names_in_"):
        _check_feature_names(estimator, X_sample, reset=False)  # inputs are read by position
    if isinstance(estimator, BaseTabular):
        return [Input(*one) for one in table_inputs(estimator, X_sample, input_name)]
    if is_frame(X_sample):
        dtype = np.result_type(*(np.asarray(X_sample[name]).dtype for name in X_sample.columns))
    elif scipy.sparse.issparse(X_sample):
        dtype = X_sample.dtype
    else:
        X_sample = np.asarray(X_sample)
        dtype = X_sample.dtype
    if len(X_sample.shape) != 2:
        raise ValueError(f"X_sample must have two dimensions, (n_samples, n_features); got shape {X_sample.shape}.")
    if dtype.kind not in "biuf":
        raise ValueError(f"X_sample must contain numbers; got the dtype {dtype}.")
    return [Input(input_name, dtype, X_sample.shape[1])]


def _converter_of(estimator):
    for estimator_class, add in CONVERTERS.items():
        if isinstance(estimator, estimator_class):
            return add
    if isinstance(estimator, type):
        raise TypeError(f"to_onnx converts fitted estimators; got the class {estimator.__name__}.")
    names = "Perceptron, LogisticRegression, MLPClassifier, MLPRegressor, TabularClassifier and TabularRegressor"
    hint = " For pipelines and searches of these there is skl2onnx.to_onnx." if hasattr(estimator, "fit") else ""
    raise TypeError(f"to_onnx converts {names}; got {type(estimator).__name__}.{hint}")
