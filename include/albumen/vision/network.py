"""A loaded network, wherever it runs: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

CPU = "CPUExecutionProvider"

_TYPES: Mapping[str, np.dtype[Any]] = {
    "tensor(uint8)": np.dtype("u1"),
    "tensor(int64)": np.dtype("i8"),
    "tensor(float)": np.dtype("f4"),
}
"""ONNX Runtime's names of the numbers that models take."""


class Network(Protocol):
    """What the models need of a network."""

    @property
    def inputs(self) -> Mapping[str, tuple[Any, ...]]:
        """Shape of each input; a dimension that may vary is no int."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the weights' makers wrote into them."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name."""

    def look(self, pictures: Sequence[NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name, a row a picture, of a network that takes nothing else."""


class OnnxNetwork:
    """A network in this process, by ONNX Runtime.

    Parameters
    ----------
    weights : Path
    threads : int
        Threads of one run.
    providers : sequence of str
        Of ONNX Runtime, best first; those that are not installed are passed over.
    any_size : bool
        Whether it takes pictures of any height and width, although its file names one.

    Attributes
    ----------
    input_types : dict of str to dtype
    outputs : dict of str to tuple
        Shape of each output; a dimension that may vary is no int.

    Raises
    ------
    ValueError
        When it takes numbers of a kind that none of the models takes.
    """

    def __init__(
        self, weights: Path, *, threads: int, providers: Sequence[str] = (CPU,), any_size: bool = False
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        installed = set(onnxruntime.get_available_providers())
        chosen = [name for name in providers if name in installed] or [CPU]
        file = _freed(weights) if any_size else str(weights)
        self._session = onnxruntime.InferenceSession(file, options, providers=chosen)
        self._inputs = {one.name: tuple(one.shape) for one in self._session.get_inputs()}
        self._outputs = [one.name for one in self._session.get_outputs()]
        if strange := [f"{one.name} is {one.type}" for one in self._session.get_inputs() if one.type not in _TYPES]:
            raise ValueError(f"{', '.join(strange)}: inputs are of {', '.join(_TYPES)}")
        self.input_types = {one.name: _TYPES[one.type] for one in self._session.get_inputs()}
        self.outputs = {one.name: tuple(one.shape) for one in self._session.get_outputs()}

    @property
    def inputs(self) -> Mapping[str, tuple[Any, ...]]:
        """Shape of each input."""
        return self._inputs

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the weights' makers wrote into them."""
        found: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return found

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name."""
        return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))

    def look(self, pictures: Sequence[NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name, a row a picture.

        One run each: on a processor that is quicker than a batch, and sums do not come out differently in the last
        digit for what a picture happened to stand beside.
        """
        (name,) = self._inputs
        each = [self.run({name: picture[np.newaxis]}) for picture in pictures]
        return {output: np.concatenate([one[output] for one in each]) for output in self._outputs}


def _freed(weights: Path) -> bytes:
    """A network whose input has names for its height and width, where the file has numbers."""
    import onnx

    model = onnx.load(weights)
    (pixels,) = model.graph.input
    for side, name in ((2, "height"), (3, "width")):
        pixels.type.tensor_type.shape.dim[side].dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    found: bytes = model.SerializeToString()
    return found
