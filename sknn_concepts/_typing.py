"""Types in the signatures of the public functions."""

from typing import Any, TypeAlias, TypeVar

import numpy.typing as npt

#: Array of any dtype.
Array: TypeAlias = npt.NDArray[Any]

#: Samples, targets or weights: whatever scikit-learn accepts, such as arrays, lists, data frames and sparse matrices.
Data: TypeAlias = Any

#: A number or an array; functions of it return the same.
Number = TypeVar("Number", float, npt.NDArray[Any])
