"""Whether a picture is a photo, or a screenshot, a document, a receipt, a graphic or a scan."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 768
TILE = 8
# Standard deviation of grey levels in a tile: below it nothing was in front of a lens, above it there is writing.
FLAT_TILE, BUSY_TILE = 1.2, 25.0
# Classes of the scene model that are printed or on screens: site, comic book, crossword, book cover, menu, envelope.
WEBSITE = 916
PRINTED = [WEBSITE, 917, 918, 921, 922, 549]
# Of 177 photos 2 lie above, of 38 screenshots 2 below.
PRINTED_FROM = 0.045
# Greys between the highest and lowest channel up to which a pixel counts as colourless.
COLOURLESS = 28

SCREENSHOT_NAME = re.compile(
    r"screen[ _-]?shot|screen[ _-]?capture|bildschirmfoto|captura de pantalla|capture d.écran", re.I
)
SCAN_NAME = re.compile(r"(^|[^a-z])(scan|scanned|img_scan|gescannt|escaneo)([^a-z]|$)", re.I)
SCANNER = re.compile(r"scan|epson perfection|canoscan|fi-\d|officejet|lide", re.I)


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known from outside the pixels.

    Attributes
    ----------
    file_name : str
        With folders, or not.
    camera : str
        Maker and model as the file says; empty: it does not.
    """

    file_name: str = ""
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Measures of a picture, all shares of its area from 0 to 1 but `colours`.

    Attributes
    ----------
    flat, busy : float
        Tiles of one grey, and tiles full of strong edges.
    main : float
        The four commonest of 4096 colours.
    colours : int
        Colours that make 95 % of it.
    grey, paper : float
        Colourless pixels; colourless and bright ones.
    """

    flat: float
    busy: float
    main: float
    colours: int
    grey: float
    paper: float


@dataclass(frozen=True, slots=True)
class PictureKind:
    """What a picture is, and how sure that is, 0.5 to 1."""

    kind: str
    score: float


def picture_kind(picture: NDArray[np.uint8], probabilities: NDArray[np.float32], clues: Clues) -> PictureKind:
    """Tell what a picture is.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3), uint8
        Upright, RGB.
    probabilities : ndarray, shape (1000,), float32
        Of the scene model's classes, some of which are printed or drawn things.
    clues : Clues

    Returns
    -------
    PictureKind
        `photo`, `screenshot`, `document`, `receipt`, `graphic` or `scan`.
    """
    if SCREENSHOT_NAME.search(clues.file_name):
        return PictureKind("screenshot", 1.0)
    if SCANNER.search(clues.camera) or (SCAN_NAME.search(clues.file_name) and not clues.camera):
        return PictureKind("scan", 0.9)
    found = measure(picture)
    printed, site = float(probabilities[PRINTED].sum()), float(probabilities[WEBSITE])
    is_page = found.grey > 0.8 and found.paper > 0.3 and found.busy > 0.14
    is_full_page = is_page and found.busy > 0.2 and found.flat > 0.3
    if printed < PRINTED_FROM and not is_full_page:
        is_simple = not clues.camera and found.colours <= 14 and found.flat > 0.5 and found.busy > 0.04
        return (
            PictureKind("graphic", 0.6) if is_simple else PictureKind("photo", _sure(PRINTED_FROM - printed, 0, 0.04))
        )
    if site > 0.3 and not clues.camera and not (is_full_page and site < 0.5):
        return PictureKind("screenshot", _sure(site, 0.15, 0.6))
    if is_page and found.colours <= 70:
        return PictureKind("document", _sure(found.paper, 0.3, 0.9))
    if found.grey > 0.3 and found.paper > 0.3 and found.flat > 0.03:
        return PictureKind("receipt" if found.main < 0.5 else "document", 0.6)
    if clues.camera:
        return PictureKind("photo", 0.6)
    if site > 0.15:
        return PictureKind("screenshot", 0.6)
    return PictureKind("graphic" if found.colours <= 40 and found.flat > 0.5 else "photo", 0.5)


def measure(picture: NDArray[np.uint8]) -> Statistics:
    """Take the measures of a picture.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3), uint8
    """
    height, width = picture.shape[:2]
    factor = min(1.0, MAX_SIDE / max(height, width))
    size = (max(TILE, round(width * factor)), max(TILE, round(height * factor)))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    spread = _tile_spread(grey)
    reduced = (small >> 4).astype(np.int32)
    counts = np.bincount((reduced[..., 0] * 256 + reduced[..., 1] * 16 + reduced[..., 2]).ravel(), minlength=4096)
    shares = np.sort(counts)[::-1] / counts.sum()
    low, high = small.min(axis=2), small.max(axis=2)
    colourless = (high - low) < COLOURLESS
    return Statistics(
        flat=float((spread < FLAT_TILE).mean()),
        busy=float((spread > BUSY_TILE).mean()),
        main=float(shares[:4].sum()),
        colours=int(np.searchsorted(np.cumsum(shares), 0.95)) + 1,
        grey=float(colourless.mean()),
        paper=float((colourless & (low > 150)).mean()),
    )


def _tile_spread(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviation of each whole tile."""
    rows, columns = grey.shape[0] // TILE, grey.shape[1] // TILE
    tiles = grey[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    return np.asarray(tiles.std(axis=(1, 3)), np.float32)


def _sure(value: float, edge: float, plain: float) -> float:
    """From 0.5 at the edge of a rule to 1 where it plainly holds."""
    return float(np.clip(0.5 + 0.5 * (value - edge) / (plain - edge), 0.5, 1.0))
