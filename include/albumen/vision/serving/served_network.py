"""A network that runs in a model server, and in this process when the server is in trouble."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albumen.vision.network import Network
from albumen.vision.serving.client import ModelRefused, ModelServer, ServerTrouble


class ServedNetwork:
    """Asks a server; without one, the same network here.

    Parameters
    ----------
    model_id : str
        The manifest's, by which the server knows it, too.
    server : ModelServer
    here : callable
        Loads the network into this process, when it is first needed.
    """

    def __init__(self, model_id: str, server: ModelServer, here: Callable[[], Network]) -> None:
        self._model_id = model_id
        self._server = server
        self._load = here
        self._here: Network | None = None
        self._refused = False
        self._inputs = self._told_inputs()

    @property
    def inputs(self) -> Mapping[str, tuple[Any, ...]]:
        """Shape of each input."""
        return self.here.inputs if self._inputs is None else self._inputs

    @property
    def metadata(self) -> Mapping[str, str]:
        """Of the weights in the cache: the protocol does not carry it."""
        return self.here.metadata

    @property
    def here(self) -> Network:
        """The network in this process."""
        if self._here is None:
            self._here = self._load()
        return self._here

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name."""
        found = self.ask(inputs)
        return self.here.run(inputs) if found is None else found

    def look(self, pictures: Sequence[NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name, a row a picture: one request."""
        (name,) = self.inputs
        found = self.ask({name: np.stack(pictures)})
        return self.here.look(pictures) if found is None else found

    def ask(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]] | None:
        """What the server answers, None where it does not."""
        if self._server.is_usable and not self._refused:
            try:
                return dict(self._server.infer(self._model_id, inputs))
            except ModelRefused:
                self._refused = True
            except ServerTrouble:
                pass  # told in the log by who met it
        return None

    def _told_inputs(self) -> Mapping[str, tuple[Any, ...]] | None:
        try:
            told = self._server.metadata(self._model_id)["inputs"]
            return {one["name"]: tuple("any" if side == -1 else side for side in one["shape"]) for one in told}
        except ModelRefused:
            self._refused = True
        except (ServerTrouble, KeyError, TypeError):
            pass
        return None
