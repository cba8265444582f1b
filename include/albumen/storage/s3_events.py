"""Reading what S3 tells of its objects: event notifications as they arrive in a queue.

One message may hold many changes, in any of the forms that AWS delivers: S3's own records, the same
wrapped by SNS, or one event of EventBridge. Messages come from outside: what cannot be read is
told, and costs no more than itself.

References
----------
.. [1] Amazon S3 User Guide, "Event message structure" (event versions 2.0 to 2.3).
.. [2] Amazon S3 User Guide, "EventBridge event message structure".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

LONGEST_KEY_BYTES = 1024
"""S3's own limit on a key."""

MOST_WRAPPINGS = 3
"""EventBridge through SNS, with one to spare."""

CREATED = ("ObjectCreated:",)
REMOVED = ("ObjectRemoved:", "LifecycleExpiration:")
BRIDGED = {"Object Created": False, "Object Deleted": True}
"""EventBridge's names of what concerns us, each with whether the object went."""


class EventError(ValueError):
    """A message, or one of its records, that tells of no object."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that came, changed or went.

    Attributes
    ----------
    key : str
        As the object is called, decoded.
    etag : str
        Without quotes; empty where the event has none.
    size : int or None
        Bytes, where the event has it.
    version_id, sequencer : str
        Of versioned buckets, and S3's order of the changes of one key (hexadecimal); empty where the event has none.
    removed : bool
        Whether the object went.
    """

    bucket: str
    key: str
    etag: str = ""
    size: int | None = None
    version_id: str = ""
    sequencer: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says: its changes, and why some of its records could not be read."""

    changes: tuple[ObjectChange, ...] = ()
    refused: tuple[str, ...] = ()


def read(body: str) -> Message:
    """Read the body of one message.

    Parameters
    ----------
    body : str
        JSON: S3's `Records`, S3's test event, SNS's envelope around either, or an EventBridge event.

    Returns
    -------
    Message
        Without changes for the test event and for events that change no content (tags, ACLs).

    Raises
    ------
    EventError
        If the body is none of these.
    """
    event = _parsed(body)
    for _ in range(MOST_WRAPPINGS):
        if not ("Message" in event and "TopicArn" in event):
            break
        event = _parsed(event["Message"])
    if event.get("Event") == "s3:TestEvent":
        return Message()
    if event.get("source") == "aws.s3" and "detail" in event:
        return _collected([event], _bridged)
    if isinstance(event.get("Records"), list):
        return _collected(event["Records"], _notified)
    raise EventError(f"no S3 event: it has {_named(event)}")


def _parsed(body: object) -> Mapping[str, Any]:
    if not isinstance(body, str):
        raise EventError(f"no S3 event: {type(body).__name__} in place of JSON")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventError(f"no S3 event: not JSON ({type(error).__name__})") from error
    if not isinstance(event, dict):
        raise EventError(f"no S3 event: {type(event).__name__} in place of an object")
    return event


def _collected(records: Sequence[Any], read_one: Callable[[Any], ObjectChange | None]) -> Message:
    changes: list[ObjectChange] = []
    refused: list[str] = []
    for record in records:
        try:
            change = read_one(record)
        except EventError as error:
            refused.append(str(error))
        else:
            changes += [change] if change else []
    return Message(tuple(changes), tuple(refused))


def _notified(record: Any) -> ObjectChange | None:
    """One of S3's own records, in which keys are form-encoded."""
    name = str(_at(record, "eventName", str)).removeprefix("s3:")
    if not name.startswith(CREATED + REMOVED):
        return None
    details = _at(record, "s3", dict)
    told = _at(details, "object", dict)
    return _change(
        bucket=_at(_at(details, "bucket", dict), "name", str),
        key=_decoded(_at(told, "key", str)),
        told=told,
        names=("eTag", "versionId"),
        removed=name.startswith(REMOVED),
    )


def _bridged(event: Any) -> ObjectChange | None:
    """An EventBridge event, in which keys are as they are."""
    kind = _at(event, "detail-type", str)
    if kind not in BRIDGED:
        return None
    detail = _at(event, "detail", dict)
    told = _at(detail, "object", dict)
    return _change(
        bucket=_at(_at(detail, "bucket", dict), "name", str),
        key=_at(told, "key", str),
        told=told,
        names=("etag", "version-id"),
        removed=BRIDGED[kind],
    )


def _change(*, bucket: str, key: str, told: Mapping[str, Any], names: tuple[str, str], removed: bool) -> ObjectChange:
    length = len(key.encode("utf-8", "surrogatepass"))
    if not bucket or not key:
        raise EventError("a record without bucket or key")
    if length > LONGEST_KEY_BYTES:
        raise EventError(f"a key of {length} bytes; the longest has {LONGEST_KEY_BYTES}")
    if "\0" in key or any("\ud800" <= letter <= "\udfff" for letter in key):
        raise EventError("a key that is not text")
    size = told.get("size")
    etag, version_id = (_text(told.get(name)) for name in names)
    return ObjectChange(
        bucket=bucket,
        key=key,
        etag=etag.strip('"'),
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        version_id=version_id,
        sequencer=_text(told.get("sequencer")),
        removed=removed,
    )


def _decoded(key: str) -> str:
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as error:
        raise EventError("a key that is not UTF-8") from error


def _at(record: Any, name: str, kind: type[Any]) -> Any:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind):
        raise EventError(f"a record without {name!r}")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _named(event: Mapping[str, Any]) -> str:
    return ", ".join(sorted(str(name)[:40] for name in event)[:8]) or "no fields"
