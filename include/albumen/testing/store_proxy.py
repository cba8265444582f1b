"""A proxy in front of an S3 server that counts requests and fails those a test chooses."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"})
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One request the proxy saw; `key` is decoded and empty for requests about a bucket."""

    method: str
    bucket: str
    key: str
    query: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done instead of a faithful answer.

    Attributes
    ----------
    status : int
        This status, with an S3 error body; 0 hangs up without an answer, unless one of the others is set.
    cut : int or None
        The true answer, whose body breaks off after so many bytes.
    flip : bool
        The true answer with one bit of its body changed; of a PUT, of what is stored.
    wait_s : float
        The true answer, in the middle of whose body nothing comes for so many seconds.
    """

    status: int = 0
    cut: int | None = None
    flip: bool = False
    wait_s: float = 0.0

    @property
    def answers(self) -> bool:
        """Whether the server is asked at all."""
        return self.cut is not None or self.flip or self.wait_s > 0


Choose = Callable[[Request], Fault | None]


class StoreProxy:
    """Forwards to an S3 server on loopback, byte for byte, so that signatures hold.

    Attributes
    ----------
    requests : list of Request
        All there were, in order; clear it between two measurements.
    choose : callable
        Decides the fault of a request; None forwards it.

    Parameters
    ----------
    endpoint : str
        The server's `http://host:port`.
    """

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self.upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.requests: list[Request] = []
        self.choose: Choose = lambda request: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def count(self, method: Literal["GET", "PUT", "HEAD", "DELETE"], *, prefix: str = "") -> int:
        """How many requests named an object below `prefix`."""
        return sum(1 for one in list(self.requests) if one.method == method and one.key and one.key.startswith(prefix))


def at_random(seed: int, share: float) -> Choose:
    """Of all requests this share fails, each in one of the ways a store fails, chosen anew each time."""
    dice, lock = random.Random(seed), threading.Lock()  # noqa: S311

    def choose(request: Request) -> Fault | None:
        with lock:
            if dice.random() >= share:
                return None
            cut = Fault(cut=dice.randrange(2000))
            return dice.choice([Fault(503), Fault(500), Fault(), cut, Fault(flip=True), Fault(wait_s=dice.random())])

    return choose


def _flipped(data: bytes, flip: bool) -> bytes:
    if not flip or not data:
        return data
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _handler(proxy: StoreProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = TIMEOUT_S

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            bucket, _, key = path.removeprefix("/").partition("/")
            request = Request(self.command, unquote(bucket), unquote(key), query)
            proxy.requests.append(request)
            fault = proxy.choose(request)
            if fault is None or fault.answers:
                try:
                    self._pass_on(body, fault or Fault())
                except OSError:  # the store is away, or who asked has gone
                    self.close_connection = True
            elif fault.status:
                self._refuse(fault.status)
            else:
                self.close_connection = True

        def _pass_on(self, body: bytes, fault: Fault) -> None:
            upstream = http.client.HTTPConnection(*proxy.upstream, timeout=TIMEOUT_S)
            try:
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        upstream.putheader(name, value)
                upstream.endheaders(_flipped(body, fault.flip) or None)
                answer = upstream.getresponse()
                data = _flipped(answer.read(), fault.flip and not body)
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP | {"content-length"}:
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                half = len(data) // 2 if fault.wait_s else 0
                self.wfile.write(data[:half])
                time.sleep(fault.wait_s)
                self.wfile.write(data[half : fault.cut])
                self.close_connection = fault.cut is not None
            finally:
                upstream.close()

        def _refuse(self, status: int) -> None:
            code = {403: "AccessDenied", 404: "NoSuchKey", 503: "SlowDown"}.get(status, "InternalError")
            body = b"" if self.command == "HEAD" else f"<Error><Code>{code}</Code><Message/></Error>".encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _forward  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing; the tests ask `requests`."""

    return Handler
