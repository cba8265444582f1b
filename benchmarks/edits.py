"""Photos of a folder, and what people and messengers do to copies of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Picture = NDArray[np.uint8]
LONG_SIDE = 1000
LEAST_SIDE = 200
FOLDERS = ("camera", "life", "near-duplicates/lund-a", "people")


@lru_cache(maxsize=1)
def pictures(folder: Path) -> dict[Path, Picture]:
    """The readable JPEG photos of a corpus, upright, at most 1000 pixels long, each content once."""
    found, seen = {}, set()
    for path in sorted(path for name in FOLDERS for path in (folder / name).rglob("*.jpg")):
        digest = hashlib.sha256(path.read_bytes()).digest()
        # The test pictures of orientations are one picture eight times over, under new compression.
        if digest in seen or "orientation" in str(path.relative_to(folder)):
            continue
        seen.add(digest)
        try:
            with Image.open(path) as file:
                file.draft("RGB", (LONG_SIDE, LONG_SIDE))
                picture = ImageOps.exif_transpose(file).convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
        if min(picture.size) >= LEAST_SIDE:
            picture.thumbnail((LONG_SIDE, LONG_SIDE))
            found[path] = np.asarray(picture)
    return found


def _recompressed(picture: Picture, quality: int = 35) -> Picture:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _resized(picture: Picture, factor: float) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _cropped(picture: Picture, across: float, down: float) -> Picture:
    """Eight percent of width and height go, at these shares from the left and the top."""
    height, width = picture.shape[:2]
    left, top = round(width * 0.08 * across), round(height * 0.08 * down)
    return picture[top : top + round(height * 0.92), left : left + round(width * 0.92)]


def _brighter(picture: Picture) -> Picture:
    return np.clip(picture.astype(np.float32) * 1.3, 0, 255).astype(np.uint8)


EDITS: dict[str, Callable[[Picture], Picture]] = {
    "recompressed": _recompressed,
    "half the size": lambda picture: _resized(picture, 0.5),
    "a quarter of the size": lambda picture: _resized(picture, 0.25),
    "cropped 8 % around": lambda picture: _cropped(picture, 0.5, 0.5),
    "cropped 8 % at a corner": lambda picture: _cropped(picture, 0.0, 1.0),
    "turned left": lambda picture: np.ascontiguousarray(np.rot90(picture)),
    "upside down": lambda picture: np.ascontiguousarray(np.rot90(picture, 2)),
    "turned right": lambda picture: np.ascontiguousarray(np.rot90(picture, 3)),
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
    "brighter by 30 %": _brighter,
    "sent by a messenger": lambda picture: _recompressed(_resized(picture, 0.33), 50),
}
