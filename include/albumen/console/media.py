"""Pictures and videos on pages: only files that Albumen made, by links that expire and work for one person.

Originals are never served: what decodes them is the sandbox, not a browser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from airflow.configuration import conf
from fastapi import APIRouter, Depends, Header, HTTPException
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response, StreamingResponse

from albumen.airflow.hooks.library import library_store
from albumen.console.access import Actor
from albumen.console.scope import SettingsInForce
from albumen.storage.object_store import ObjectMissing, ObjectStore, StorageError

router = APIRouter()
LINK_SECONDS = 600
WATCH_SECONDS = 4 * 3600
"""Of a video: a player asks for the next part all the while it plays."""
SERVED = ("renditions/", "memories/")
"""Below these prefixes of the library bucket; pages of memories are no pictures and are not among `MIMES`."""
MIMES = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png", "mp4": "video/mp4"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": f"private, max-age={LINK_SECONDS}",
}


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links for one person."""

    user: str

    def to(self, key: str) -> str:
        """A relative link to an object of the library bucket, good for `LINK_SECONDS`, of a video `WATCH_SECONDS`."""
        return f"media/{_signer().dumps([self.user, key])}"


def _links(user: Actor) -> Links:
    return Links(user)


MediaLinks = Annotated[Links, Depends(_links)]


@router.get("/media/{token}")
def media(
    token: str,
    user: Actor,
    settings: SettingsInForce,
    wanted: Annotated[str, Header(alias="Range", max_length=200)] = "",
) -> Response:
    """What a link of ours names; of a video the part that its player asks for."""
    try:
        owner, key = _signer().loads(token, max_age=WATCH_SECONDS)
        mime = MIMES.get(key.rpartition(".")[2])
        if mime != MIMES["mp4"]:
            _signer().loads(token, max_age=LINK_SECONDS)
    except BadSignature as error:
        raise HTTPException(403, "this link is not ours, or has expired: reload the page") from error
    if owner != user or mime is None or not key.startswith(SERVED):
        raise HTTPException(403, "this link is not yours")
    store, bucket = library_store(settings), settings.library_bucket
    try:
        if mime == MIMES["mp4"]:
            return _part(store, bucket, key, wanted)
        data = store.get(bucket, key)
    except ObjectMissing as error:
        raise HTTPException(404, "the file is gone; maintain_library makes it again") from error
    except StorageError as error:
        raise HTTPException(503, "the object store does not answer") from error
    return Response(data, media_type=mime, headers=HEADERS)


def _part(store: ObjectStore, bucket: str, key: str, wanted: str) -> Response:
    """The bytes a Range header asks for, streamed; all of them where it asks for none, or for several parts."""
    size = store.head(bucket, key).size
    span = part_of(wanted, size)
    headers = {**HEADERS, "Accept-Ranges": "bytes"}
    if span is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    first, length = span
    headers["Content-Length"] = str(length)
    if length < size:
        headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
    chunks = store.read_part(bucket, key, first, length)
    return StreamingResponse(chunks, 206 if length < size else 200, headers, MIMES["mp4"])


def part_of(wanted: str, size: int) -> tuple[int, int] | None:
    """First byte and length that a Range header means of so many bytes; None where there is no such part (RFC 9110)."""
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", wanted.strip())
    if not found or not (found[1] or found[2]):
        return 0, size
    if not found[1]:
        length = min(int(found[2]), size)
        return (size - length, length) if length else None
    first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    return (first, last - first + 1) if first <= last else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(conf.get_mandatory_value("api", "secret_key"), salt="albumen media")
