"""Style sheets, scripts and icons: read once, addressed with their digest, kept by browsers."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

router = APIRouter()
FOLDER = Path(__file__).parent / "static"


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.is_file()}


@cache
def address(name: str) -> str:
    """Where a page finds a file of `static/`; other bytes have another address."""
    return f"static/{name}?{hashlib.sha256(_files()[name]).hexdigest()[:12]}"


@router.get("/static/{name}")
def asset(name: str) -> Response:
    """A file of `static/`."""
    data = _files().get(name)
    if data is None:
        raise HTTPException(404, "there is no such file")
    mime = mimetypes.types_map.get(Path(name).suffix, "application/octet-stream")
    return Response(data, media_type=mime, headers={"Cache-Control": "private, max-age=31536000, immutable"})
