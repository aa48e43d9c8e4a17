"""A network as an ONNX graph: its values and nodes, and who says what a layer becomes.

Inside the graph images are channels-first, as ONNX's operators have them and as other programs, such as
OpenCV's DNN module, expect them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from foveal.errors import ExportError
from foveal.files.plain import json_text
from foveal.nn.module import Module
from foveal.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

# Arrays of so many bytes are held once where they are used more often.
_LARGE = 4096

#: The type of an input or output, and its sides.
Ends = tuple[Any, Sequence[int | str | None]]


@dataclass(frozen=True)
class Value:
    """A value of the graph.

    Parameters
    ----------
    name : str
    shape : tuple of (int or None)
        Without the batch and as the engine has it, (H, W, C) or (D,); None where it is open.
    """

    name: str
    shape: tuple[int | None, ...]

    @property
    def is_image(self) -> bool:
        """Whether it is (N, C, H, W) in the graph."""
        return len(self.shape) == 3


@dataclass
class Graph:
    """Nodes and weights, collected by the layers one after the other."""

    nodes: list[Any] = field(default_factory=list)
    initializers: list[Any] = field(default_factory=list)
    _constants: set[str] = field(default_factory=set, repr=False)
    _large: dict[Any, str] = field(default_factory=dict, repr=False)

    def weight(self, name: str, values: Any, dtype: Any = np.float32) -> str:
        """Add an array and return its name: of a large one that is there already, the name that it has."""
        from onnx import numpy_helper

        name = name.removeprefix(".")  # A network of one layer has no name itself.
        array = np.array(values, dtype, order="C")
        if array.nbytes >= _LARGE:
            content = array.dtype, array.shape, sha256(array.tobytes()).digest()
            if content in self._large:
                return self._large[content]
            self._large[content] = name
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node with one output and return that output's name."""
        return self.add_several(kind, inputs, [name.removeprefix(".") or kind.lower()], **attributes)[0]

    def apply(
        self,
        kind: str,
        value: Value,
        name: str,
        *others: str,
        shape: tuple[int | None, ...] | None = None,
        **attributes: Any,
    ) -> Value:
        """Add a node that takes a value, and others by name; its output has that shape, if not another."""
        output = self.add(kind, [value.name, *others], name, **attributes)
        return Value(output, value.shape if shape is None else shape)

    def add_several(self, kind: str, inputs: list[str], names: list[str], **attributes: Any) -> list[str]:
        """Add a node with several outputs and return their names; an empty name is an output left out."""
        from onnx import helper

        named = next(name for name in names if name)
        self.nodes.append(helper.make_node(kind, inputs, names, name=named, **attributes))
        return names

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """Add a small array, once however often it is asked for, and return its name."""
        array = np.array(values, dtype, order="C")
        name = f"constant.{array.dtype}.{array.tolist()}".replace(" ", "")
        if name not in self._constants:
            self._constants.add(self.weight(name, array, dtype))
        return name

    def model(
        self,
        name: str,
        inputs: Mapping[str, Ends],
        outputs: Mapping[str, Ends],
        *,
        opset: int,
        doc: str = "",
        metadata: Mapping[str, str | Sequence[str]] | None = None,
    ) -> "ModelProto":
        """The graph as an ONNX model, in the oldest format that its operators allow, checked but not run.

        Parameters
        ----------
        name : str
        inputs, outputs : mapping of str to (dtype, sides)
            A side is a number, or a name where it is open.
        opset : int
            The version of ONNX's operators.
        doc : str, default=""
        metadata : mapping of str to str or sequence of str, optional
            Several texts become a JSON list.

        Returns
        -------
        onnx.ModelProto
        """
        import onnx
        from onnx import helper

        begins, ends = (
            [
                helper.make_tensor_value_info(end, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), sides)
                for end, (dtype, sides) in some.items()
            ]
            for some in (inputs, outputs)
        )
        model = helper.make_model(
            helper.make_graph(self.nodes, name, begins, ends, self.initializers),
            opset_imports=[helper.make_opsetid("", opset)],
            producer_name="foveal",
            producer_version=__version__,
            doc_string=doc,
        )
        model.ir_version = min(model.ir_version, helper.find_min_ir_version_for(model.opset_import))
        told = {
            key: value if isinstance(value, str) else json_text(list(value))
            for key, value in (metadata or {}).items()
        }
        helper.set_model_props(model, told)
        onnx.checker.check_model(model, full_check=True)
        return model


Converter = Callable[[Any, Graph, Value, str], Value]
_converters: dict[type[Module], Converter] = {}


def converts(*kinds: type[Module]) -> Callable[[Converter], Converter]:
    """Say how a layer becomes nodes of a graph; for layers of one's own too.

    The decorated function takes the layer, the :class:`Graph`, the :class:`Value` that comes in and a name
    that is the layer's own, and returns the value that goes out. It holds for subclasses that have none of
    their own.

    Examples
    --------
    >>> class Doubled(Module):
    ...     def forward(self, x):
    ...         return x + x
    >>> @converts(Doubled)
    ... def doubled(layer, graph, value, name):
    ...     return Value(graph.add("Add", [value.name, value.name], name), value.shape)
    """

    def register(converter: Converter) -> Converter:
        for kind in kinds:
            _converters[kind] = converter
        return converter

    return register


def convert(layer: Module, graph: Graph, value: Value, name: str) -> Value:
    """Add a layer's nodes to a graph.

    Raises
    ------
    ExportError
        If the layer has no counterpart, or none for an input of this shape.
    """
    for kind in type(layer).__mro__:
        if kind in _converters:
            return _converters[kind](layer, graph, value, name)
    raise ExportError(
        f"{type(layer).__name__} ({name}) cannot be written as ONNX: say how with foveal.nn.onnx.converts."
    )
