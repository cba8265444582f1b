"""A model server, as a process sees it that wants tensors worked on."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import ssl
import time
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from albumen.vision.serving.protocol import BINARY, HEADER_LENGTH, ProtocolError, Tensors, pack, unpack

MOST_BYTES = 256 * 1024**2
RETRY_S = 30.0
log = logging.getLogger(__name__)


class ServerTrouble(Exception):
    """The server is away, too slow, or talks nonsense."""


class ModelRefused(Exception):
    """The server answers, and will not do this for this model."""


class ModelServer:
    """One connection to one server, kept open. Not thread-safe.

    After trouble it is left alone: for half a minute, or for good where the connection was given and
    no other can be made, as in the sandbox.

    Parameters
    ----------
    url : str
        `http://host:port` or `https://…`, with the path before `/v2` where there is one.
    timeout_s : float
        Longest wait for a connection or an answer.
    token : str
        Sent as a bearer token; empty: none.
    given : socket or None
        A connection that is open already.
    """

    def __init__(self, url: str, *, timeout_s: float, token: str = "", given: socket.socket | None = None) -> None:
        self._url = urlsplit(url)
        self._timeout_s = timeout_s
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._given = given
        self._was_given = given is not None
        self._connection: http.client.HTTPConnection | None = None
        self._not_before = 0.0
        self._binary: bool | None = None

    @property
    def is_usable(self) -> bool:
        """Whether asking is worth a try."""
        return time.monotonic() >= self._not_before

    def metadata(self, model_id: str) -> dict[str, Any]:
        """What the server says of a model: `inputs` and `outputs` with name, shape and datatype.

        Raises
        ------
        ServerTrouble, ModelRefused
        """
        body, _ = self._ask("GET", f"/v2/models/{model_id}")
        found = self._json(body)
        if not isinstance(found.get("inputs"), list):
            raise self._trouble(f"{self} tells no inputs of {model_id}")
        return found

    def infer(self, model_id: str, inputs: Tensors) -> Tensors:
        """Outputs by name.

        Raises
        ------
        ServerTrouble, ModelRefused
        """
        if self._binary is None:
            self._binary = BINARY in (self._json(self._ask("GET", "/v2")[0]).get("extensions") or [])
        body, headers = pack("inputs", inputs, binary=self._binary)
        answer, length = self._ask("POST", f"/v2/models/{model_id}/infer", body, headers)
        try:
            return unpack("outputs", answer, length)[1]
        except ProtocolError as error:
            raise self._trouble(f"{self} answers nonsense: {error}") from error

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def __str__(self) -> str:
        return f"{self._url.scheme}://{self._url.netloc}"

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[bytes, str | None]:
        if not self.is_usable:
            raise ServerTrouble(f"{self} is left alone after trouble")
        try:
            if self._connection is None:
                self._connection = self._open()
            self._connection.request(
                method, self._url.path.rstrip("/") + path, body, {**self._headers, **(headers or {})}
            )
            answer = self._connection.getresponse()
            read = answer.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise self._trouble(f"{self}: {type(error).__name__}: {error}") from error
        if len(read) > MOST_BYTES:
            raise self._trouble(f"{self} answers with more than {MOST_BYTES} bytes")
        if answer.status >= 500 or answer.status == 429:
            raise self._trouble(f"{self} answers {answer.status}: {_told(read)}")
        if answer.status != 200:
            raise ModelRefused(f"{self} answers {answer.status}: {_told(read)}")
        return read, answer.getheader(HEADER_LENGTH)

    def _open(self) -> http.client.HTTPConnection:
        host, secure = self._url.hostname or "", self._url.scheme == "https"
        connection = http.client.HTTPConnection(host, self._url.port, timeout=self._timeout_s)
        # What breaks is told and left, not opened again behind our back.
        connection.auto_open = 0
        opened = self._given or connect(self._url.geturl(), self._timeout_s)
        self._given = None
        opened.settimeout(self._timeout_s)
        connection.sock = ssl.create_default_context().wrap_socket(opened, server_hostname=host) if secure else opened
        return connection

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            found = json.loads(body)
        except ValueError as error:
            raise self._trouble(f"{self} answers no JSON") from error
        if not isinstance(found, dict):
            raise self._trouble(f"{self} answers no object")
        return found

    def _trouble(self, words: str) -> ServerTrouble:
        self.close()
        self._not_before = float("inf") if self._was_given else time.monotonic() + RETRY_S
        log.warning("%s; models run in this process", words)
        return ServerTrouble(words)


_given: list[socket.socket] = []


def give(descriptor: int) -> None:
    """Have this process's server be reached through an open connection, for it cannot make one."""
    _given.append(socket.socket(fileno=descriptor))


@lru_cache(maxsize=4)
def server(url: str, timeout_s: float, token: str) -> ModelServer:
    """The process's server of that address."""
    return ModelServer(url, timeout_s=timeout_s, token=token, given=_given.pop() if _given else None)


def connect(url: str, timeout_s: float) -> socket.socket:
    """A connection to the server of a URL.

    Raises
    ------
    OSError
        When there is none to be had.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    opened = socket.create_connection((parts.hostname or "", port), timeout_s)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _told(body: bytes) -> str:
    return body[:300].decode("utf-8", "replace")
