"""Tensors as the open inference protocol writes them over HTTP, in JSON or as raw bytes behind it.

References
----------
.. [1] Open Inference Protocol, https://github.com/kserve/open-inference-protocol
.. [2] Its binary tensor data extension, as Triton documents it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

BINARY = "binary_tensor_data"
"""Name of the extension in a server's metadata."""

HEADER_LENGTH = "Inference-Header-Content-Length"
"""Header that says how many bytes of a body are JSON; raw tensors follow."""

DATATYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "INT8": np.dtype("i1"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
_NAMES = {dtype: name for name, dtype in DATATYPES.items()}

Side = Literal["inputs", "outputs"]
Tensors = Mapping[str, NDArray[Any]]


class ProtocolError(ValueError):
    """A message that is not what the protocol says."""


def pack(side: Side, tensors: Tensors, *, binary: bool, **envelope: Any) -> tuple[bytes, dict[str, str]]:
    """Write a request or an answer.

    Parameters
    ----------
    side : str
        `inputs` for a request, `outputs` for an answer.
    tensors : mapping of str to ndarray
    binary : bool
        Whether tensors are raw bytes behind the JSON; a request then asks for such an answer, too.
    envelope
        Other members of the JSON object.

    Returns
    -------
    tuple of bytes and dict of str to str
        The body and its headers.

    Raises
    ------
    ProtocolError
        For a type of numbers that the protocol has no name for.
    """
    entries, blobs = [], []
    for name, tensor in tensors.items():
        datatype = datatype_of(tensor.dtype)
        entry: dict[str, Any] = {"name": name, "shape": list(tensor.shape), "datatype": datatype}
        if binary:
            blobs.append(np.ascontiguousarray(tensor, DATATYPES[datatype]).tobytes())
            entry["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            entry["data"] = tensor.ravel().tolist()
        entries.append(entry)
    if binary and side == "inputs":
        envelope = {"parameters": {"binary_data_output": True}, **envelope}
    head = json.dumps({**envelope, side: entries}).encode()
    if not binary:
        return head, {"Content-Type": "application/json"}
    return b"".join([head, *blobs]), {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(head))}


def unpack(side: Side, body: bytes, header_length: str | None) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a request or an answer.

    Parameters
    ----------
    side : str
        As for `pack`.
    body : bytes
    header_length : str or None
        Value of the header `HEADER_LENGTH`; None: all of the body is JSON.

    Returns
    -------
    tuple of dict and dict of str to ndarray
        The JSON object, and its tensors by name.

    Raises
    ------
    ProtocolError
        Saying what is wrong.
    """
    head, rest = body, memoryview(b"")
    if header_length is not None:
        if not header_length.isascii() or not header_length.isdigit() or int(header_length) > len(body):
            raise ProtocolError(f"{HEADER_LENGTH} is {header_length[:20]!r}, the body has {len(body)} bytes")
        head, rest = body[: int(header_length)], memoryview(body)[int(header_length) :]
    try:
        envelope = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"no JSON: {error}") from error
    entries = envelope.get(side) if isinstance(envelope, dict) else None
    if not isinstance(entries, list):
        raise ProtocolError(f"no list of {side}")
    tensors: dict[str, NDArray[Any]] = {}
    for entry in entries:
        name, tensor, rest = _tensor(entry, rest)
        if name in tensors:
            raise ProtocolError(f"{name!r} is there twice")
        tensors[name] = tensor
    if rest:
        raise ProtocolError(f"{len(rest)} bytes belong to no tensor")
    return envelope, tensors


def datatype_of(dtype: np.dtype[Any]) -> str:
    """The protocol's name of a type of numbers.

    Raises
    ------
    ProtocolError
        When it has none.
    """
    name = _NAMES.get(dtype.newbyteorder("<"))
    if name is None:
        raise ProtocolError(f"no tensors of {dtype}")
    return name


def _tensor(entry: Any, rest: memoryview) -> tuple[str, NDArray[Any], memoryview]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ProtocolError("a tensor without a name")
    name, shape, dtype = entry["name"], entry.get("shape"), DATATYPES.get(str(entry.get("datatype")))
    if dtype is None:
        raise ProtocolError(f"{name!r} is of type {entry.get('datatype')!r}; known: {', '.join(DATATYPES)}")
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
        raise ProtocolError(f"the shape of {name!r} is {str(shape)[:100]}")
    parameters = entry.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is None:
        try:
            flat = np.asarray(entry.get("data"), dtype).ravel()
        except (TypeError, ValueError, OverflowError) as error:
            raise ProtocolError(f"data of {name!r}: {error}") from error
        left = rest
    else:
        if type(size) is not int or not 0 <= size <= len(rest) or size % dtype.itemsize:
            raise ProtocolError(f"{name!r} claims {size!r} bytes of {len(rest)}")
        flat, left = np.frombuffer(rest[:size], dtype), rest[size:]
    if math.prod(shape) != flat.size:
        raise ProtocolError(f"{name!r} has {flat.size} numbers, its shape {shape} wants {math.prod(shape)}")
    return name, flat.reshape(shape), left
