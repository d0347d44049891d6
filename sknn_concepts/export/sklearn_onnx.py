"""What sklearn-onnx, the package skl2onnx, needs to convert the estimators: parsers, shapes and converters."""

import importlib

import numpy as np
from sklearn.base import is_regressor

from sknn_concepts.estimators.logistic import LogisticRegression
from sknn_concepts.estimators.mlp_classifier import MLPClassifier
from sknn_concepts.estimators.mlp_regressor import MLPRegressor
from sknn_concepts.estimators.perceptron import Perceptron
from sknn_concepts.export.conversion import Input, make_graph
from sknn_concepts.export.model import ML, ML_OPSET, OPSET, import_onnx, make_constant, node_attributes
from sknn_concepts.tabular.classifier import TabularClassifier
from sknn_concepts.tabular.regressor import TabularRegressor

#: Options by class. Labels and probabilities are always arrays; but pipelines set `zipmap` for each classifier.
OPTIONS = {
    LogisticRegression: {"zipmap": [False, True], "raw_scores": [False, True]},
    MLPClassifier: {"zipmap": [False, True], "raw_scores": [False, True]},
    Perceptron: {"zipmap": [False, True], "raw_scores": [False, True]},
    TabularClassifier: {"zipmap": [False, True]},
    MLPRegressor: {},
    TabularRegressor: {},
}


def register_converters() -> None:
    """Register the converters of all estimators with skl2onnx.

    ``skl2onnx.to_onnx`` finds the converters of estimators, pipelines and searches by itself. Other meta-estimators of
    scikit-learn, such as ``VotingClassifier``, look for those of their parts in the registry of skl2onnx.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    The inputs of a model are the columns of the fit in their order, whatever their names are. Only if they have the
    names of the columns in another order, the conversion raises ValueError.
    """
    for estimator_class in OPTIONS:
        _register(estimator_class)


def make_parser(estimator):
    """Return a function that declares the outputs of an estimator; see :mod:`sknn_concepts.estimators.onnx_hooks`."""
    _register(type(estimator))  # so that options are known when they are checked

    def parser(scope=None, inputs=None):
        return _declare_outputs(scope, estimator)

    return parser


def calculate_shapes(operator):
    """Set the types and shapes of the outputs of an operator."""
    types = importlib.import_module("skl2onnx.common.data_types")
    names = {
        np.dtype(np.float32): "FloatTensorType",
        np.dtype(np.float64): "DoubleTensorType",
        np.dtype(np.int64): "Int64TensorType",
        np.dtype(bool): "BooleanTensorType",
        np.dtype(object): "StringTensorType",
    }
    for variable, port in zip(operator.outputs, _graph_of(operator).outputs, strict=True):
        variable.set_type(getattr(types, names[port.dtype])(list(port.shape)))


def convert(scope, operator, container):
    """Add the graph of an operator's estimator to a container."""
    opset = container.target_opset_any_domain("")
    if opset < OPSET:
        raise ValueError(f"{type(operator.raw_operator).__name__} needs target_opset >= {OPSET}; got {opset}.")
    onnx, graph = import_onnx(), _graph_of(operator)
    ports = [*graph.inputs, *graph.outputs]
    names = {port.name: one.full_name for port, one in zip(ports, [*operator.inputs, *operator.outputs], strict=True)}
    for name, array in graph.constants.items():
        names[name] = scope.get_unique_variable_name(name)
        container.initializers.append(make_constant(onnx, names[name], array))
    for node in graph.nodes:
        if node.output not in names:
            names[node.output] = scope.get_unique_variable_name(node.output)
        container.add_node(
            node.operator,
            [names[name] for name in node.inputs],
            [names[node.output]],
            op_domain=node.domain,
            op_version=ML_OPSET if node.domain == ML else None,
            name=scope.get_unique_operator_name(node.output),
            **node_attributes(onnx.helper, node),
        )


def _register(estimator_class):
    skl2onnx = importlib.import_module("skl2onnx")
    skl2onnx.update_registered_converter(
        estimator_class,
        f"SknnConcepts{estimator_class.__name__}",
        calculate_shapes,
        convert,
        parser=_parse,
        options=_options_of(estimator_class),
    )


def _options_of(estimator_class):
    return next(options for known, options in OPTIONS.items() if issubclass(estimator_class, known))


def _parse(scope, model, inputs, custom_parsers=None):
    """Declare an operator and its outputs."""
    operator = scope.declare_local_operator(f"SknnConcepts{type(model).__name__}", model)
    operator.inputs = inputs
    for variable in _declare_outputs(scope, model):
        operator.outputs.append(variable)
    return operator.outputs


def _declare_outputs(scope, estimator):
    """Declare variables, whose types :func:`calculate_shapes` corrects."""
    types = importlib.import_module("skl2onnx.common.data_types")
    if is_regressor(estimator):
        return [scope.declare_local_variable("variable", types.FloatTensorType())]
    second = "probabilities" if hasattr(estimator, "predict_proba") else "scores"
    label = scope.declare_local_variable("label", types.Int64TensorType())
    return [label, scope.declare_local_variable(second, types.FloatTensorType())]


def _check_names(names, estimator):
    """Raise ValueError if inputs, which are read by position, have the names of the columns in another order."""
    known = list(getattr(estimator, "feature_names_in_", names))
    if set(names) == set(known) and names != known:
        raise ValueError(
            f"The inputs {names[:5]} must be in the order of the columns that {type(estimator).__name__} was fitted "
            f"with, {known[:5]}."
        )


def _graph_of(operator):
    helper = import_onnx().helper
    inputs = []
    for number, variable in enumerate(operator.inputs):
        element = variable.type.to_onnx_type().tensor_type.elem_type
        width = variable.get_second_dimension()
        if width is None and len(operator.inputs) == 1:
            width = operator.raw_operator.n_features_in_
        name = variable.raw_name if len(operator.inputs) > 1 else f"input_{number}"
        inputs.append(Input(name, helper.tensor_dtype_to_np_dtype(element), width or 1))
    estimator = operator.raw_operator
    _check_names([one.name for one in inputs], estimator)
    options = {}
    if "raw_scores" in _options_of(type(estimator)):
        found = operator.scope_inst.get_options(estimator, {"raw_scores": False}, fail=False)
        options["raw_scores"] = bool(found and found["raw_scores"])
    return make_graph(estimator, inputs, **options)
