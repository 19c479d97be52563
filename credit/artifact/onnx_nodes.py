"""Nodes of an ONNX graph, added one by one: each returns the name of what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from credit.errors import ArtifactError

Kind = Literal["double", "float", "int64", "bool"]

_OPSET, _OPSET_ML, _IR = 17, 3, 8
"""Old enough for every runtime of the last years, new enough for what is used."""

_OWN = "credit:"
"""What the names of the graph's own values begin with."""


class Nodes:
    """A graph under construction.

    Raises
    ------
    ArtifactError
        The package ``onnx`` is not installed.
    """

    def __init__(self) -> None:
        try:
            import onnx
        except ImportError as error:
            raise ArtifactError(
                'an ONNX graph needs the package onnx: pip install "credit[onnx]".'
            ) from error
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, bytes], str] = {}
        self._initial: list[Any] = []

    def add(
        self, operation: str, *inputs: str, result: str | None = None, **attributes: Any
    ) -> str:
        """Add a node and return the name of its result."""
        result = result or f"{_OWN}{len(self._nodes)}"
        domain = attributes.pop("domain", "")
        self._nodes.append(
            self._onnx.helper.make_node(
                operation, list(inputs), [result], domain=domain, **attributes
            )
        )
        return result

    def chain(self, operation: str, values: Sequence[str]) -> str:
        """Return what a binary operation makes of several values, from left to right."""
        result = values[0]
        for value in values[1:]:
            result = self.add(operation, result, value)
        return result

    def cast(self, value: str, kind: Kind) -> str:
        """Return a value in another type."""
        return self.add("Cast", value, to=self._types()[kind])

    def double(self, value: float) -> str:
        """Return a constant double."""
        return self.doubles([value])

    def doubles(self, values: ArrayLike) -> str:
        """Return constant doubles."""
        return self._constant(np.asarray(values, dtype=np.float64))

    def integers(self, values: ArrayLike) -> str:
        """Return constant integers."""
        return self._constant(np.asarray(values, dtype=np.int64))

    def texts(self, values: Iterable[str]) -> str:
        """Return constant texts."""
        return self._constant(np.array(list(values), dtype=object))

    def count_at_most(self, value: str, bounds: ArrayLike) -> str:
        """Return how many of rising ``bounds`` are at most each value; 0 for NaN."""
        bounds = np.asarray(bounds, dtype=np.float64)
        if not bounds.size:
            bounds = np.array([np.nan])  # which nothing reaches
        wide = self.add("Unsqueeze", value, self.integers([1]))
        reached = self.add("GreaterOrEqual", wide, self.doubles(bounds[None, :]))
        return self.add("ReduceSum", self.cast(reached, "int64"), self.integers([1]), keepdims=0)

    def labels(self, value: str, table: Mapping[str, float], *, default: float, kind: Kind) -> str:
        """Return what a table says of each text, as int64 or float; ``default`` of any other."""
        suffix = "int64" if kind == "int64" else "float"
        said: dict[str, Any] = {
            "keys_strings": list(table),
            f"values_{suffix}s": list(table.values()),
            f"default_{suffix}": default,
        }
        return self.add("LabelEncoder", value, domain="ai.onnx.ml", **said)

    def model(self, numbers: Mapping[str, bool], outputs: Sequence[str]) -> bytes:
        """Return the model: inputs by name (number or text), outputs in their order."""
        helper, types = self._onnx.helper, self._types()
        kinds = dict(zip(outputs, ("double", "double", "int64", "string", "bool"), strict=True))

        def value(name: str, kind: str) -> Any:
            return helper.make_tensor_value_info(name, types[kind], ["rows"])

        graph = helper.make_graph(
            self._nodes,
            "credit",
            [value(name, "double" if number else "string") for name, number in numbers.items()],
            [value(name, kind) for name, kind in kinds.items()],
            self._initial,
        )
        opsets = [
            helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _OPSET_ML)
        ]  # fmt: skip
        made = helper.make_model(
            graph, opset_imports=opsets, ir_version=_IR, producer_name="credit"
        )
        self._onnx.checker.check_model(made)
        return bytes(made.SerializeToString())

    def _types(self) -> dict[str, int]:
        proto = self._onnx.TensorProto
        return {
            "double": proto.DOUBLE, "float": proto.FLOAT, "int64": proto.INT64,
            "bool": proto.BOOL, "string": proto.STRING,
        }  # fmt: skip

    def _constant(self, values: NDArray[Any]) -> str:
        if values.dtype == object:
            key = "text", "\0".join(values.tolist()).encode()
        else:
            key = f"{values.dtype}{values.shape}", values.tobytes()
        if key not in self._constants:
            name = f"{_OWN}constant {len(self._constants)}"
            self._constants[key] = name
            self._initial.append(self._onnx.numpy_helper.from_array(values, name))
        return self._constants[key]
