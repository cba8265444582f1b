"""The model server: the open inference protocol over HTTP, as an ASGI application."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from albumen.vision.network import OnnxNetwork
from albumen.vision.serving.batching import BatchingModel
from albumen.vision.serving.protocol import BINARY, HEADER_LENGTH, ProtocolError, datatype_of, pack, unpack

MOST_BYTES = 256 * 1024**2
WARM_SIDE = 64
KEEP_OPEN_S = 3600
"""How long a server should keep a connection on which nothing is asked: a sandbox has one and can make no other."""
log = logging.getLogger(__name__)


class ModelService:
    """The models and the routes to them.

    Parameters
    ----------
    networks : mapping of str to OnnxNetwork
        By model id.
    most_rows : int
        Largest batch.
    wait_s : float
        So long a request waits for others to be run with.
    token : str
        Asked for as a bearer token on all but the health routes; empty: nobody is asked.
    """

    def __init__(
        self, networks: Mapping[str, OnnxNetwork], *, most_rows: int = 16, wait_s: float = 0.002, token: str = ""
    ) -> None:
        self.models = {name: BatchingModel(network, most_rows, wait_s) for name, network in networks.items()}
        self._ready: set[str] = set()
        self._token = token

    def application(self) -> Starlette:
        """What a server of ASGI applications runs."""
        model = "/v2/models/{model}"
        routes = [
            Route("/v2", self._server),
            Route("/v2/health/live", self._live),
            Route("/v2/health/ready", self._all_ready),
            *(
                Route(f"{prefix}{path}", endpoint, methods=[method])
                for prefix in (model, model + "/versions/1")
                for path, endpoint, method in (
                    ("", self._model, "GET"),
                    ("/ready", self._model_ready, "GET"),
                    ("/infer", self._infer, "POST"),
                )
            ),
            Route("/metrics", self._metrics),
        ]
        return Starlette(
            routes=routes,
            lifespan=self._lifespan,
            middleware=[Middleware(_TokenGate, token=self._token)],
            exception_handlers={HTTPException: _in_words},
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        workers = [asyncio.create_task(model.work()) for model in self.models.values()]
        warming = asyncio.create_task(self._warm_up())
        yield
        for task in (warming, *workers):
            task.cancel()

    async def _warm_up(self) -> None:
        """One run of each model: the first is the slowest, and shows that it runs at all."""
        for name, model in self.models.items():
            inputs = {
                key: np.zeros(_smallest(shape), model.network.input_types[key])
                for key, shape in model.network.inputs.items()
            }
            try:
                await model.infer(inputs)
                self._ready.add(name)
            except Exception:
                log.exception("%s cannot run", name)

    async def _server(self, _: Request) -> Response:
        return JSONResponse({"name": "albumen", "version": version("albumen"), "extensions": [BINARY]})

    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True})

    async def _all_ready(self, _: Request) -> Response:
        ready = len(self._ready) == len(self.models)
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def _model_ready(self, request: Request) -> Response:
        name, _ = self._named(request)
        ready = name in self._ready
        return JSONResponse({"name": name, "ready": ready}, 200 if ready else 503)

    async def _model(self, request: Request) -> Response:
        name, model = self._named(request)
        network = model.network
        inputs = [_told(key, shape, datatype_of(network.input_types[key])) for key, shape in network.inputs.items()]
        outputs = [_told(key, shape, "FP32") for key, shape in network.outputs.items()]
        told = {"name": name, "versions": ["1"], "platform": "onnxruntime_onnx", "inputs": inputs, "outputs": outputs}
        return JSONResponse(told)

    async def _infer(self, request: Request) -> Response:
        name, model = self._named(request)
        body = await _body(request)
        try:
            envelope, inputs = unpack("inputs", body, request.headers.get(HEADER_LENGTH))
            _check(model.network, inputs)
        except ProtocolError as error:
            raise HTTPException(400, f"{name}: {error}") from error
        try:
            outputs = await model.infer(inputs)
        except OverflowError as error:
            raise HTTPException(429, f"{name}: {error}") from error
        except Exception as error:
            raise HTTPException(500, f"{name}: {type(error).__name__}: {error}") from error
        asked = envelope.get("parameters")
        binary = isinstance(asked, dict) and asked.get("binary_data_output") is True
        known = {"id": envelope["id"]} if isinstance(envelope.get("id"), str) else {}
        answer, headers = pack("outputs", outputs, binary=binary, model_name=name, model_version="1", **known)
        return Response(answer, headers=headers)

    async def _metrics(self, _: Request) -> Response:
        lines = []
        for counted, words in COUNTED.items():
            lines += [f"# HELP albumen_model_{counted}_total {words}", f"# TYPE albumen_model_{counted}_total counter"]
            lines += [
                f'albumen_model_{counted}_total{{model="{name}"}} {getattr(model.counts, counted)}'
                for name, model in self.models.items()
            ]
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")

    def _named(self, request: Request) -> tuple[str, BatchingModel]:
        name = request.path_params["model"]
        if name not in self.models:
            raise HTTPException(404, f"no model {name[:80]!r}; known: {', '.join(self.models)}")
        return name, self.models[name]


COUNTED = {
    "requests": "Requests that were run.",
    "failures": "Requests whose run failed.",
    "rows": "Pictures or texts in them.",
    "batches": "Runs of the network.",
    "seconds": "Seconds the network ran.",
}


class _TokenGate:
    """Lets through who has the token; health is told to everybody."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http" and self._expected and not scope["path"].startswith("/v2/health/"):
            shown = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(shown, self._expected):
                await JSONResponse({"error": "a bearer token is needed"}, 401)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _check(network: OnnxNetwork, inputs: Mapping[str, Any]) -> None:
    if inputs.keys() != network.inputs.keys():
        raise ProtocolError(f"inputs are {', '.join(network.inputs)}, not {', '.join(inputs)[:200]}")
    rows = {array.shape[0] if array.ndim else 0 for array in inputs.values()}
    if len(rows) != 1 or rows == {0}:
        raise ProtocolError("inputs of no rows, or of different numbers of rows")
    for name, shape in network.inputs.items():
        array, wanted = inputs[name], network.input_types[name]
        # The first side counts rows; a network that takes one at a time is run so often.
        fits = array.ndim == len(shape) and all(
            not isinstance(want, int) or want == side for want, side in zip(shape[1:], array.shape[1:], strict=True)
        )
        if not fits or array.dtype != wanted:
            raise ProtocolError(f"{name!r} is {array.dtype} {list(array.shape)}, wanted {wanted} {list(shape)}")


def _smallest(shape: tuple[Any, ...]) -> list[int]:
    """One row; sides that may vary are of a length that convolutions can halve."""
    return [1, *(side if isinstance(side, int) else WARM_SIDE for side in shape[1:])]


def _told(name: str, shape: tuple[Any, ...], datatype: str) -> dict[str, Any]:
    return {"name": name, "shape": [side if isinstance(side, int) else -1 for side in shape], "datatype": datatype}


async def _body(request: Request) -> bytes:
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > MOST_BYTES:
            raise HTTPException(413, f"more than {MOST_BYTES} bytes")
    return bytes(read)


async def _in_words(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for no other
    return JSONResponse({"error": error.detail}, error.status_code)
