"""A model's network, wherever the settings have it run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from albumen.settings import ModelSettings
from albumen.vision.manifest import models
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
    path_of(model_id, Path(chosen.directory))
    return served(model_id, chosen) or here(model_id, chosen)


def here(model_id: str, chosen: ModelSettings) -> OnnxNetwork:
    """The network of a model, in this process.

    Raises
    ------
    albumen.vision.weights.WeightsError
        When its weights are missing or altered.
    """
    directory = Path(chosen.directory)
    weights, any_size = path_of(model_id, directory), models(directory)[model_id].any_size
    return OnnxNetwork(weights, threads=chosen.threads, providers=chosen.providers, any_size=any_size)


def served(model_id: str, chosen: ModelSettings) -> ServedNetwork | None:
    """The network of a model in the server; None where none is named."""
    if not chosen.server:
        return None
    server = client.server(chosen.server, chosen.server_timeout_s, chosen.server_token)
    return ServedNetwork(model_id, server, partial(here, model_id, chosen))
