"""Memory: one story, why it was made, why each picture is in it, and the page that its owner sees."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from albumen.airflow.hooks.library import library_store
from albumen.catalog import memories, moving, renditions
from albumen.catalog.memories import StoredMemory
from albumen.console.access import User, may_act
from albumen.console.media import MediaLinks
from albumen.console.pages.memories import ACTS_DAG
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary, Scope, SettingsInForce
from albumen.storage.object_store import ObjectMissing, StorageError

router = APIRouter()
MemoryId = Annotated[str, Query(pattern=r"^[0-9a-f]{16}$", description="Id of a memory.")]

STORY_HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-scripts; default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}
"""A story's page names its own style and script by their hashes; here it has no origin and reaches nothing."""


@router.get("/memory")
def show(
    request: Request, scope: InLibrary, connection: Catalog, user: User, links: MediaLinks, memory: MemoryId
) -> Response:
    """A story with its reasons."""
    story = _story(scope, connection, memory)
    own = scope.library.library_id
    names = {one.library_id: one.name for one in scope.everyone}
    thumbs: dict[int, str] = {}
    moves: dict[int, moving.Moving] = {}
    for library_id in {own, *story.lent.values()}:
        items = [item for item, _, _ in story.items if story.lent.get(item, own) == library_id]
        thumbs |= renditions.keys(connection, library_id, items, name="thumb")
        moves |= moving.of_items(connection, library_id, items)
    values = {
        "story": story,
        "prefix": scope.library.prefix,
        "thumbs": thumbs,
        "moving": moves,
        "lenders": {item: names.get(library_id, "") for item, library_id in story.lent.items()},
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "memory.html", values, scope=scope)


@router.get("/memory-page")
def read(scope: InLibrary, connection: Catalog, settings: SettingsInForce, memory: MemoryId) -> Response:
    """The page as its owner sees it."""
    story = _story(scope, connection, memory)
    try:
        data = library_store(settings).get(settings.library_bucket, story.page_key)
    except ObjectMissing as error:
        raise HTTPException(404, "the page is gone; it is made again with its day") from error
    except StorageError as error:
        raise HTTPException(503, "the object store does not answer") from error
    return Response(data, media_type="text/html; charset=utf-8", headers=STORY_HEADERS)


@router.get("/memory-cover")
def cover(scope: InLibrary, connection: Catalog, links: MediaLinks, memory: MemoryId) -> Response:
    """A link that lasts to a link that expires: the cover, for whoever is logged in."""
    story = _story(scope, connection, memory)
    key = story.files.get("cover-16x9")
    if key is None:
        raise HTTPException(404, "this memory has no cover")
    return RedirectResponse(links.to(key), status_code=307)


def _story(scope: Scope, connection: Catalog, memory_id: str) -> StoredMemory:
    story = memories.one(connection, scope.library.library_id, memory_id)
    if story is None:
        raise HTTPException(404, f"library {scope.library.name} has no memory {memory_id}")
    return story
