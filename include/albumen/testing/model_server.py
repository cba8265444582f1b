"""A model server that listens on loopback for as long as a test needs it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from albumen.testing.scene import wait_for
from albumen.vision.serving.application import KEEP_OPEN_S, ModelService


@contextmanager
def serving(service: ModelService) -> Iterator[str]:
    """URL of a server whose models are warm."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(service.application(), log_level="warning", timeout_keep_alive=KEEP_OPEN_S)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            wait_for(lambda: _is_ready(url), "the model server")
            yield url
        finally:
            server.should_exit = True
            thread.join(10)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v2/health/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False
