"""Pictures on pages: only files that Albumen made, by links that expire and work for one person.

Originals are never served: what decodes them is the sandbox, not a browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from airflow.configuration import conf
from fastapi import APIRouter, Depends, HTTPException
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response

from albumen.airflow.hooks.library import library_store
from albumen.console.access import Actor
from albumen.console.scope import SettingsInForce
from albumen.storage.object_store import ObjectMissing, StorageError

router = APIRouter()
LINK_SECONDS = 600
SERVED = ("renditions/", "memories/")
"""Below these prefixes of the library bucket; pages of memories are no pictures and are not among `MIMES`."""
MIMES = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": f"private, max-age={LINK_SECONDS}",
}


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links for one person."""

    user: str

    def to(self, key: str) -> str:
        """A relative link to an object of the library bucket, good for `LINK_SECONDS`."""
        return f"media/{_signer().dumps([self.user, key])}"


def _links(user: Actor) -> Links:
    return Links(user)


MediaLinks = Annotated[Links, Depends(_links)]


@router.get("/media/{token}")
def media(token: str, user: Actor, settings: SettingsInForce) -> Response:
    """What a link of ours names."""
    try:
        owner, key = _signer().loads(token, max_age=LINK_SECONDS)
    except BadSignature as error:
        raise HTTPException(403, "this link is not ours, or has expired: reload the page") from error
    mime = MIMES.get(key.rpartition(".")[2])
    if owner != user or mime is None or not key.startswith(SERVED):
        raise HTTPException(403, "this link is not yours")
    try:
        data = library_store(settings).get(settings.library_bucket, key)
    except ObjectMissing as error:
        raise HTTPException(404, "the picture is gone; maintain_library makes it again") from error
    except StorageError as error:
        raise HTTPException(503, "the object store does not answer") from error
    return Response(data, media_type=mime, headers=HEADERS)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(conf.get_mandatory_value("api", "secret_key"), salt="albumen media")
