"""What the sandbox's two sides say to each other, and how it lies on the wire.

A frame is a header (length of the head, total length of the blobs), a head in msgpack and the
blobs. Heads are small and structured; pictures travel as blobs, so that a hostile peer cannot make
the reader build a big object out of few bytes. Nothing is ever unpickled.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgpack
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from albumen.pipeline.contract import Outcome, StepResult, StepSkip, StoredObject
from albumen.pipeline.taxonomy import ItemFault, Reason

HEADER = struct.Struct("!IQ")
HEAD_BYTES = 4 * 1024**2
FRAME_BYTES = 1024**3
DETAIL_CHARACTERS = 2000

_EXT_DATETIME, _EXT_DATE, _EXT_DECIMAL, _EXT_ARRAY = 1, 2, 3, 4
_ARRAY_DTYPE = re.compile(r"[<>|][biuf][1248]")


class ProtocolError(Exception):
    """The other side sent something that is not in the protocol."""


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)


class Ready(_Message):
    """The child has imported its steps: the batch size of each, and how long it took to load, models included."""

    type: Literal["ready"] = "ready"
    batch_sizes: dict[str, Annotated[int, Field(ge=1, le=4096)]]
    load_s: dict[str, Annotated[float, Field(ge=0)]] = {}


class Unable(_Message):
    """The child cannot start at all."""

    type: Literal["unable"] = "unable"
    detail: str


class Loaded(_Message):
    """The child holds an input; its slot is free again."""

    type: Literal["loaded"] = "loaded"
    slot: Annotated[int, Field(ge=0)]


class Begin(_Message):
    """A task starts; `cpu_s` is the child's processor time so far."""

    type: Literal["begin"] = "begin"
    task: int
    cpu_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Progress(_Message):
    """How much of the task that began last is done."""

    type: Literal["progress"] = "progress"
    task: int
    share: Annotated[float, Field(ge=0, le=1)]


class Result(_Message):
    """The outcome of one input of a task; `recycle` says that the child ends after it."""

    type: Literal["result"] = "result"
    task: int
    position: Annotated[int, Field(ge=0)]
    outcome: dict[str, Any]
    cpu_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    wall_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    recycle: bool = False


class GroupFailed(_Message):
    """`run` raised for a group: nobody is blamed until each is run alone."""

    type: Literal["group_failed"] = "group_failed"
    task: int
    recycle: bool = False


Message = Ready | Unable | Loaded | Begin | Progress | Result | GroupFailed
_MESSAGES: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


class _Object(_Message):
    name: str
    extension: str
    mime: str
    width: int
    height: int
    size: Annotated[int, Field(ge=0)]
    file: Annotated[str, Field(pattern=r"^([a-z0-9]+([.-][a-z0-9]+)*)?$")] = ""


class _Outcome(_Message):
    verdict: Literal["result", "skip", "fault"]
    rows: dict[str, list[dict[str, Any]]] = {}
    objects: list[_Object] = []
    reason: str = ""
    detail: str = ""


def pack_frame(head: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> list[bytes]:
    """Build one frame.

    Parameters
    ----------
    head : mapping
        Values of msgpack, plus `datetime`, `date`, `Decimal`, numpy scalars and numeric arrays.
    blobs : sequence of bytes
        Sent as they are, without a copy.

    Returns
    -------
    list of bytes
        Buffers to write one after the other.

    Raises
    ------
    ProtocolError
        When a limit is exceeded.
    TypeError, ValueError, OverflowError
        When a value of the head cannot be expressed.
    """
    body: bytes = msgpack.packb(head, default=_to_ext)
    total = sum(map(len, blobs))
    if len(body) > HEAD_BYTES:
        raise ProtocolError(f"{len(body)} bytes of rows; at most {HEAD_BYTES} fit a frame")
    if total > FRAME_BYTES:
        raise ProtocolError(f"{total} bytes of objects; at most {FRAME_BYTES} fit a frame")
    return [HEADER.pack(len(body), total) + body, *blobs]


class FrameBuffer:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """Append what was read."""
        self._data += data

    def next(self) -> tuple[dict[str, Any], bytes] | None:
        """Take the next whole frame.

        Returns
        -------
        tuple of dict and bytes, or None
            Head and concatenated blobs; None while the frame is not complete.

        Raises
        ------
        ProtocolError
            When it is no frame, or exceeds a limit; known from its first 12 bytes.
        """
        if len(self._data) < HEADER.size:
            return None
        head_length, blob_length = HEADER.unpack_from(self._data)
        if head_length > HEAD_BYTES or blob_length > FRAME_BYTES:
            raise ProtocolError(f"a frame of {head_length} + {blob_length} bytes")
        blobs_at = HEADER.size + head_length
        end = blobs_at + blob_length
        if len(self._data) < end:
            return None
        with memoryview(self._data) as view:
            head_bytes, blobs = bytes(view[HEADER.size : blobs_at]), bytes(view[blobs_at:end])
        del self._data[:end]
        return _unpack_head(head_bytes), blobs


def _unpack_head(data: bytes) -> dict[str, Any]:
    try:
        head = msgpack.unpackb(data, ext_hook=_from_ext, strict_map_key=True)
    except (ValueError, TypeError, ArithmeticError, msgpack.UnpackException, RecursionError) as error:
        raise ProtocolError(f"not msgpack: {type(error).__name__}") from error
    if not isinstance(head, dict):
        raise ProtocolError(f"a {type(head).__name__} where a map belongs")
    return head


def parse_message(head: Mapping[str, Any]) -> Message:
    """Check a head sent by the child.

    Raises
    ------
    ProtocolError
        When it is none of the messages.
    """
    try:
        return _MESSAGES.validate_python(head)
    except ValidationError as error:
        raise ProtocolError(_first_error(error)) from error


def dump_outcome(outcome: Outcome) -> tuple[dict[str, Any], list[bytes]]:
    """Turn an outcome into the plain values and the blobs of a frame."""
    if isinstance(outcome, StepResult):
        objects = [
            {
                "name": stored.name,
                "extension": stored.extension,
                "mime": stored.mime,
                "width": int(stored.width),
                "height": int(stored.height),
                "size": len(stored.data),
                "file": stored.file,
            }
            for stored in outcome.objects
        ]
        rows = {table: [dict(row) for row in rows] for table, rows in outcome.rows.items()}
        return {"verdict": "result", "rows": rows, "objects": objects}, [stored.data for stored in outcome.objects]
    verdict = "skip" if isinstance(outcome, StepSkip) else "fault"
    detail = printable(outcome.detail)
    return {"verdict": verdict, "reason": Reason(outcome.reason).value, "detail": detail}, []


def load_outcome(values: Mapping[str, Any], blobs: bytes) -> Outcome:
    """Rebuild an outcome from a frame.

    Raises
    ------
    ProtocolError
        When the values are no outcome or the blobs do not fit them.
    """
    try:
        outcome = _Outcome.model_validate(values)
        reason = None if outcome.verdict == "result" else Reason(outcome.reason)
    except ValidationError as error:
        raise ProtocolError(_first_error(error)) from error
    except ValueError as error:
        raise ProtocolError("an unknown reason") from error
    if sum(stored.size for stored in outcome.objects) != len(blobs):
        raise ProtocolError("objects that do not add up to the blobs")
    if reason is not None:
        detail = printable(outcome.detail)
        return StepSkip(reason, detail) if outcome.verdict == "skip" else ItemFault(reason, detail)
    objects = []
    offset = 0
    for stored in outcome.objects:
        data = blobs[offset : offset + stored.size]
        offset += stored.size
        objects.append(
            StoredObject(stored.name, stored.extension, stored.mime, stored.width, stored.height, data, stored.file)
        )
    return StepResult(rows=outcome.rows, objects=tuple(objects))


def printable(text: str) -> str:
    """Words for a log or a table: no control characters, no lone surrogates, not endless."""
    text = str(text)[: 4 * DETAIL_CHARACTERS].encode("utf-8", "replace").decode()
    clean = "".join(c if c.isprintable() else " " for c in text)
    return clean if len(clean) <= DETAIL_CHARACTERS else clean[: DETAIL_CHARACTERS - 1] + "…"


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return printable(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")[:200]


def _to_ext(value: Any) -> Any:
    if isinstance(value, datetime):
        return msgpack.ExtType(_EXT_DATETIME, value.isoformat().encode())
    if isinstance(value, date):
        return msgpack.ExtType(_EXT_DATE, value.isoformat().encode())
    if isinstance(value, Decimal):
        return msgpack.ExtType(_EXT_DECIMAL, str(value).encode())
    if hasattr(value, "__array_interface__"):
        import numpy as np

        if isinstance(value, np.generic):
            return value.item()
        array = np.ascontiguousarray(value)
        if not _ARRAY_DTYPE.fullmatch(array.dtype.str):
            raise TypeError(f"an array of {array.dtype} in a row")
        parts = [array.dtype.str, list(np.shape(value)), array.tobytes()]
        return msgpack.ExtType(_EXT_ARRAY, msgpack.packb(parts))
    raise TypeError(f"a {type(value).__name__} in a row")


def _from_ext(code: int, data: bytes) -> Any:
    if code == _EXT_DATETIME:
        return datetime.fromisoformat(data.decode())
    if code == _EXT_DATE:
        return date.fromisoformat(data.decode())
    if code == _EXT_DECIMAL:
        return Decimal(data.decode())
    if code == _EXT_ARRAY:
        import numpy as np

        dtype, shape, content = msgpack.unpackb(data)
        if not (isinstance(dtype, str) and _ARRAY_DTYPE.fullmatch(dtype) and isinstance(content, bytes)):
            raise ValueError("not an array")
        return np.frombuffer(content, dtype).reshape([int(side) for side in shape])
    raise ValueError(f"extension {code}")
