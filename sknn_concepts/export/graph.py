"""Graphs of ONNX operators, written down without the onnx package, and their values as expressions."""

import dataclasses
from typing import Any

import numpy as np

#: Size up to which equal constants become one.
MAX_COMPARED = 10_000


@dataclasses.dataclass(frozen=True)
class Node:
    """An operator with the names of its inputs and of its output; `attributes` are pairs of a name and a value."""

    operator: str
    inputs: tuple
    output: str
    domain: str
    attributes: tuple


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output of a graph; the first dimension of its shape is None, the number of samples."""

    name: str
    dtype: np.dtype
    shape: tuple


class Tensor:
    """A value in an ONNX graph, of which formulas make other values.

    The operators ``+``, ``-``, ``*``, ``/``, ``%``, ``@``, ``>`` and ``abs`` add nodes to the graph, and so does
    :meth:`apply`, which takes the name of any operator of ONNX. Numbers and arrays become constants of the tensor's
    dtype; a quotient of integers is cut to an integer.

    Attributes
    ----------
    graph : Graph
        Graph that the value belongs to.
    name : str
        Name of the value in the graph.
    dtype : dtype
        Type of its elements; that of strings is object.

    Examples
    --------
    An activation of your own can be converted if it has a method ``onnx``:

    >>> from sknn_concepts.activations import Activation
    >>> from sknn_concepts.math import tanh
    >>> class ScaledTanh(Activation):
    ...     scale: float = 1.7159
    ...
    ...     def value(self, z):
    ...         return self.scale * tanh(z)
    ...
    ...     def onnx(self, z):
    ...         return self.scale * z.apply("Tanh")
    """

    __array_ufunc__ = None  # arrays leave the operators to this class

    def __init__(self, graph: "Graph", name: str, dtype: Any) -> None:
        self.graph, self.name, self.dtype = graph, name, np.dtype(dtype)

    def apply(self, operator: str, *others: Any, dtype: Any = None, domain: str = "", **attributes: Any) -> "Tensor":
        """Apply an operator of ONNX.

        Parameters
        ----------
        operator : str
            Name of an operator of opset 13 with one output, such as ``"Tanh"`` or ``"Clip"``.
        *others : Tensor, number or array
            Inputs after this one.
        dtype : dtype, default=None
            Type of the result, if it is not that of this tensor.
        domain : str, default=""
            Domain of the operator.
        **attributes : dict
            Attributes of the operator.

        Returns
        -------
        result : Tensor
        """
        inputs = [self, *(self.graph.tensor(other, self.dtype) for other in others)]
        return self.graph.add(operator, inputs, self.dtype if dtype is None else dtype, domain, attributes)

    def astype(self, dtype: Any) -> "Tensor":
        """Convert the elements to another type."""
        dtype = np.dtype(dtype)
        return self if dtype == self.dtype else self.apply("Cast", dtype=dtype, to=dtype)

    def where(self, yes: Any, no: Any) -> "Tensor":
        """Choose between two values, where this tensor of booleans is True and where it is False."""
        dtype = next(value.dtype for value in (yes, no) if isinstance(value, Tensor))
        chosen = [self.graph.tensor(value, dtype) for value in (yes, no)]
        return self.apply("Where", *chosen, dtype=dtype)

    def is_missing(self) -> "Tensor":
        """Return booleans that are True where a number is NaN."""
        return self.apply("IsNaN", dtype=bool)

    def equals(self, other: Any) -> "Tensor":
        """Return booleans that are True where the elements are equal, with the rules of broadcasting."""
        return self.apply("Equal", other, dtype=bool)

    def columns(self, places: Any) -> "Tensor":
        """Select columns by their positions."""
        return self.apply("Gather", self.graph.constant(np.asarray(places, np.int64)), axis=1)

    def reshape(self, *shape: int) -> "Tensor":
        """Change the shape; a dimension of 0 stays as it is, and -1 is what remains."""
        return self.apply("Reshape", self.graph.constant(np.array(shape, np.int64)))

    def concat(self, *others: "Tensor", axis: int = 1) -> "Tensor":
        """Concatenate this tensor and others, side by side by default."""
        return self.apply("Concat", *others, axis=axis) if others else self

    def __add__(self, other: Any) -> "Tensor":
        return self.apply("Add", other)

    def __radd__(self, other: Any) -> "Tensor":
        return self.graph.tensor(other, self.dtype).apply("Add", self)

    def __sub__(self, other: Any) -> "Tensor":
        return self.apply("Sub", other)

    def __rsub__(self, other: Any) -> "Tensor":
        return self.graph.tensor(other, self.dtype).apply("Sub", self)

    def __mul__(self, other: Any) -> "Tensor":
        return self.apply("Mul", other)

    def __rmul__(self, other: Any) -> "Tensor":
        return self.graph.tensor(other, self.dtype).apply("Mul", self)

    def __truediv__(self, other: Any) -> "Tensor":
        return self.apply("Div", other)

    def __rtruediv__(self, other: Any) -> "Tensor":
        return self.graph.tensor(other, self.dtype).apply("Div", self)

    def __mod__(self, other: Any) -> "Tensor":
        return self.apply("Mod", other)

    def __matmul__(self, other: Any) -> "Tensor":
        return self.apply("MatMul", other)

    def __neg__(self) -> "Tensor":
        return self.apply("Neg")

    def __abs__(self) -> "Tensor":
        return self.apply("Abs")

    def __gt__(self, other: Any) -> "Tensor":
        return self.apply("Greater", other, dtype=bool)


class Graph:
    """Nodes in the order of computation, with their constants, inputs and outputs.

    Equal nodes are one node: what several parts of a model compute alike is computed once.

    Attributes
    ----------
    nodes : list of Node
        Nodes.
    constants : dict of str to ndarray
        Constants by name.
    inputs, outputs : list of Port
        Inputs and outputs.
    """

    def __init__(self):
        self.nodes, self.constants, self.inputs, self.outputs = [], {}, [], []
        self._names, self._known = set(), {}

    def input(self, name, dtype, width):
        """Add an input of shape (n_samples, width)."""
        self._names.add(name)
        self.inputs.append(Port(name, np.dtype(dtype), (None, width)))
        return Tensor(self, name, dtype)

    def output(self, name, tensor, width=None):
        """Make a tensor an output, of shape (n_samples, width), or (n_samples,) without a width.

        If an input has the name, the output is called ``"output_"`` and this name.
        """
        while name in self._names:
            name = f"output_{name}"
        self._names.add(name)
        self.nodes.append(Node("Identity", (tensor.name,), name, "", ()))
        self.outputs.append(Port(name, tensor.dtype, (None,) if width is None else (None, width)))

    def tensor(self, value, dtype):
        """Return a tensor as it is, and anything else as a constant of the type."""
        return value if isinstance(value, Tensor) else self.constant(np.asarray(value, dtype))

    def constant(self, array):
        """Add an array as a constant; one of objects must contain strings."""
        content = array.tobytes() if array.dtype != object else tuple(array.ravel())
        key = (array.dtype.str, array.shape, content) if array.size <= MAX_COMPARED else id(array)
        if key not in self._known:
            name = self._new_name("constant")
            self.constants[name] = array  # keeps the array, and with it the id
            self._known[key] = Tensor(self, name, array.dtype)
        return self._known[key]

    def add(self, operator, inputs, dtype, domain="", attributes=None):
        """Add a node, unless there is an equal one, and return its output."""
        names = tuple(tensor.name for tensor in inputs)
        key = (operator, names, domain, tuple(sorted((attributes or {}).items())))
        if key not in self._known:
            name = self._new_name(operator)
            self.nodes.append(Node(operator, names, name, domain, key[-1]))
            self._known[key] = Tensor(self, name, dtype)
        return self._known[key]

    def _new_name(self, stem):
        number = len(self.nodes) + len(self.constants)
        name = f"{stem}_{number}"
        while name in self._names:
            number += 1
            name = f"{stem}_{number}"
        self._names.add(name)
        return name
