"""Conversion of fitted estimators to ONNX, and types in files of skops.

:func:`to_onnx` needs the package onnx only. For pipelines, ``skl2onnx.to_onnx`` calls methods of the estimators, which
convert them in the same way; converters of meta-estimators of scikit-learn need :func:`register_converters` before.
"""

from sknn_concepts.export.conversion import to_onnx
from sknn_concepts.export.graph import Tensor
from sknn_concepts.export.safe_files import skops_types
from sknn_concepts.export.sklearn_onnx import register_converters

__all__ = ["Tensor", "register_converters", "skops_types", "to_onnx"]
