"""Methods of estimators that sklearn-onnx, the package skl2onnx, looks for."""

import importlib


class OnnxHooks:
    """Hooks through which ``skl2onnx.to_onnx`` converts an estimator, alone and in pipelines.

    They load :mod:`sknn_concepts.export`, which depends on the estimators, when they are called.
    """

    def onnx_parser(self):
        """Return the function that declares the outputs of this estimator for sklearn-onnx.

        Returns
        -------
        parser : callable
            Function ``parser(scope, inputs)``.
        """
        return _load().make_parser(self)

    def onnx_shape_calculator(self):
        """Return the function that determines the types and shapes of the outputs for sklearn-onnx.

        Returns
        -------
        calculate_shapes : callable
            Function ``calculate_shapes(operator)``.
        """
        return _load().calculate_shapes

    def onnx_converter(self):
        """Return the function that adds this estimator to a graph of sklearn-onnx.

        Returns
        -------
        convert : callable
            Function ``convert(scope, operator, container)``.
        """
        return _load().convert


def _load():
    return importlib.import_module("sknn_concepts.export.sklearn_onnx")
