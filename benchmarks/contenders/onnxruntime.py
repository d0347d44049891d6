"""Predictions by onnxruntime of a network that our library has trained."""

import os

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import sknn_concepts
from benchmarks.contenders import network_only

UNITS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "softmax": "Softmax"}


def make(kind, **parameters):
    """Create a network."""
    network_only(kind, "onnxruntime")
    return Network(**parameters)


class Network:
    """Network that predicts with onnxruntime.

    Parameters
    ----------
    **parameters
        Parameters of the estimator that is trained.
    """

    def __init__(self, **parameters):
        self.model = sknn_concepts.MLPClassifier(**parameters)

    def fit(self, X, y):
        """Train the network, and load it into onnxruntime."""
        self.model.fit(X, y)
        self.classes_ = self.model.classes_
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", 0))  # 0 is its own choice
        graph = write_graph(self.model).SerializeToString()
        self.session_ = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        return self

    def predict(self, X):
        """Predict classes."""
        return self.classes_[self.session_.run(["classes"], {"x": X})[0]]

    def predict_proba(self, X):
        """Predict class probabilities."""
        return self.session_.run(["probabilities"], {"x": X})[0]


def write_graph(model):
    """Convert a fitted classifier of more than two classes to an ONNX model.

    Parameters
    ----------
    model : MLPClassifier

    Returns
    -------
    model : ModelProto
        With the input "x" and the outputs "probabilities" and "classes", positions in ``classes_``.
    """
    nodes, weights, below = [], [], "x"
    last = len(model.coefs_) - 1
    for layer, (w, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        names = [f"w{layer}", f"b{layer}"]
        weights += [numpy_helper.from_array(np.ascontiguousarray(a), n) for a, n in zip((w, b), names, strict=True)]
        out = "probabilities" if layer == last else f"a{layer}"
        nodes.append(helper.make_node("Gemm", [below, *names], [f"z{layer}"]))
        nodes.append(helper.make_node(UNITS["softmax" if layer == last else model.activation], [f"z{layer}"], [out]))
        below = out
    nodes.append(helper.make_node("ArgMax", [below], ["classes"], axis=1, keepdims=0))
    number = TensorProto.FLOAT if model.coefs_[0].dtype == np.float32 else TensorProto.DOUBLE
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", number, ["n", model.coefs_[0].shape[0]])],
        [
            helper.make_tensor_value_info("probabilities", number, ["n", len(model.classes_)]),
            helper.make_tensor_value_info("classes", TensorProto.INT64, ["n"]),
        ],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
