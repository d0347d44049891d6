"""Models of the onnx package, made of graphs."""

import importlib

import numpy as np

from sknn_concepts._version import __version__

#: Versions of the operator sets of ONNX and ONNX-ML that graphs are written for.
OPSET, ML_OPSET = 13, 2

ML = "ai.onnx.ml"


def import_onnx():
    """Import the onnx package; raise ImportError with a hint where it is not installed."""
    try:
        return importlib.import_module("onnx")
    except ImportError as error:
        raise ImportError("to_onnx needs the package onnx: pip install 'sknn_concepts[onnx]'.") from error


def make_model(graph, name):
    """Make a model of a graph, and check it.

    Parameters
    ----------
    graph : Graph
        Graph.
    name : str
        Name of the graph.

    Returns
    -------
    model : onnx.ModelProto

    Raises
    ------
    onnx.checker.ValidationError, onnx.shape_inference.InferenceError
        If a node is not valid, which a formula of one's own may make.
    """
    onnx = import_onnx()
    helper = onnx.helper
    proto = helper.make_graph(
        [_make_node(helper, node) for node in graph.nodes],
        name,
        [_make_info(helper, port) for port in graph.inputs],
        [_make_info(helper, port) for port in graph.outputs],
        [make_constant(onnx, *constant) for constant in graph.constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    if any(node.domain == ML for node in graph.nodes):
        opsets.append(helper.make_opsetid(ML, ML_OPSET))
    model = helper.make_model(
        proto,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="sknn_concepts",
        producer_version=__version__,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def element_type(helper, dtype):
    """Return the type of ONNX that a dtype of NumPy stands for."""
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def node_attributes(helper, node):
    """Return the attributes of a node with types as ONNX numbers them."""
    return {
        name: element_type(helper, value) if isinstance(value, np.dtype) else value for name, value in node.attributes
    }


def make_constant(onnx, name, array):
    """Make an initializer of an array of numbers, booleans or strings."""
    if array.dtype == object:
        texts = [text.encode() for text in array.ravel()]
        return onnx.helper.make_tensor(name, onnx.TensorProto.STRING, array.shape, texts)
    return onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)


def _make_node(helper, node):
    attributes = node_attributes(helper, node)
    return helper.make_node(node.operator, node.inputs, [node.output], node.output, domain=node.domain, **attributes)


def _make_info(helper, port):
    return helper.make_tensor_value_info(port.name, element_type(helper, port.dtype), port.shape)
