"""A model's network, wherever the settings have it run."""

from __future__ import annotations

from pathlib import Path

from albumen.settings import ModelSettings
from albumen.vision.network import Network, OnnxNetwork
from albumen.vision.serving import client
from albumen.vision.serving.served_network import ServedNetwork
from albumen.vision.weights import path_of


def load(model_id: str, chosen: ModelSettings) -> Network:
    """The network of a model: of the server where one is named, else in this process.

    Raises
    ------
    albumen.vision.weights.WeightsError
        When its weights are missing or altered; they are needed with a server, too, should it be away.
    """
    weights = path_of(model_id, Path(chosen.directory))

    def here() -> OnnxNetwork:
        return OnnxNetwork(weights, threads=chosen.threads, providers=chosen.providers)

    if not chosen.server:
        return here()
    return ServedNetwork(model_id, client.server(chosen.server, chosen.server_timeout_s, chosen.server_token), here)
