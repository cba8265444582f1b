"""A loaded network, wherever it runs: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

CPU = "CPUExecutionProvider"


class Network(Protocol):
    """What the models need of a network."""

    @property
    def inputs(self) -> Mapping[str, tuple[Any, ...]]:
        """Shape of each input; a dimension that may vary is no int."""

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name."""


class OnnxNetwork:
    """A network in this process, by ONNX Runtime.

    Parameters
    ----------
    weights : Path
    threads : int
        Threads of one run.
    providers : sequence of str
        Of ONNX Runtime, best first; those that are not installed are passed over.
    """

    def __init__(self, weights: Path, *, threads: int, providers: Sequence[str] = (CPU,)) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        installed = set(onnxruntime.get_available_providers())
        chosen = [name for name in providers if name in installed] or [CPU]
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=chosen)
        self._inputs = {one.name: tuple(one.shape) for one in self._session.get_inputs()}
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._outputs = [one.name for one in self._session.get_outputs()]

    @property
    def inputs(self) -> Mapping[str, tuple[Any, ...]]:
        """Shape of each input."""
        return self._inputs

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name."""
        return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))
