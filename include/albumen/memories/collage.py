"""Two to nine pictures as one: the layout that has to cut the least of them, and no face.

A layout is a split of the pictures, in time order, into rows or into columns. All cells of a layout need the same
crop, so that the layout whose natural shape is nearest to the screen's cuts the least; of those, one that cuts no
face. Where every layout would cut a face, that picture is shown whole on its own colour.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from PIL import Image, ImageOps, UnidentifiedImageError

from albumen.memories.context import FaceBox, Photo
from albumen.memories.covers import QUALITY, crop_box
from albumen.memories.profiles import PROFILES, Profile

LEAST, MOST = 2, 9
GAP = 0.008
"""Of the longer side of the screen."""
PAPER = (250, 248, 245)
# What a face that is cut costs beside the share of the pictures that is cut away, and a cell that is small.
CUT_FACE, SMALL_CELL = 1.0, 0.5
SMALL_SHARE = 0.3
"""Of a cell of equal size: smaller ones are too small."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a picture is in the collage: left, upper, right, lower edge as fractions of the screen."""

    left: float
    top: float
    right: float
    bottom: float

    def shape(self, profile: Profile) -> float:
        """Width to height on a screen."""
        return (self.right - self.left) * profile.width / ((self.bottom - self.top) * profile.height)

    @property
    def area(self) -> float:
        """Share of the screen."""
        return (self.right - self.left) * (self.bottom - self.top)


def chosen(photos: Sequence[Photo], cover: Photo) -> list[Photo]:
    """Which pictures of a story are in its collage: the cover, and others evenly over time; in time order."""
    if len(photos) <= MOST:
        return list(photos)
    others = [photo for photo in photos if photo is not cover]
    step = (len(others) - 1) / (MOST - 2)
    kept = {others[round(number * step)].item_id for number in range(MOST - 1)} | {cover.item_id}
    return [photo for photo in photos if photo.item_id in kept]


def layout(photos: Sequence[Photo], profile: Profile) -> list[Cell]:
    """Where each picture goes.

    Parameters
    ----------
    photos : sequence of Photo
        2 to 9, in the order to show them in.
    profile : Profile
        The screen.

    Returns
    -------
    list of Cell
        One a photo; together they fill the screen. The same arguments give the same layout.
    """
    ratios = [_ratio(photo) for photo in photos]
    best: tuple[float, list[Cell]] | None = None
    for cells in _layouts(ratios):
        cost = sum(_cost(photo, cell, profile, len(photos)) for photo, cell in zip(photos, cells, strict=True))
        if best is None or cost < best[0] - 1e-9:
            best = (cost, cells)
    if best is None:
        raise ValueError(f"a collage is made of {LEAST} to {MOST} pictures, not of {len(photos)}")
    return best[1]


def collages(photos: Sequence[Photo], cover: Photo, pictures: Mapping[int, bytes]) -> dict[str, bytes]:
    """The collage of a story for every screen.

    Parameters
    ----------
    photos : sequence of Photo
        Of the story, in time order.
    cover : Photo
        One of them.
    pictures : mapping of int to bytes
        Files that Pillow reads, upright, by item; what cannot be read is left out.

    Returns
    -------
    dict of str to bytes
        JPEGs by file name, such as `collage-phone.jpg`; none where fewer than two pictures can be read.
    """
    opened = {photo.item_id: _opened(pictures.get(photo.item_id, b"")) for photo in chosen(photos, cover)}
    shown = [photo for photo in chosen(photos, cover) if opened[photo.item_id] is not None]
    if len(shown) < LEAST:
        return {}
    made = {}
    for profile in PROFILES:
        canvas = Image.new("RGB", (profile.width, profile.height), PAPER)
        gap = round(GAP * max(profile.width, profile.height) / 2)
        for photo, cell in zip(shown, layout(shown, profile), strict=True):
            picture = opened[photo.item_id]
            left, right = round(cell.left * profile.width) + gap, round(cell.right * profile.width) - gap
            top, bottom = round(cell.top * profile.height) + gap, round(cell.bottom * profile.height) - gap
            if picture is not None:
                canvas.paste(fitted(picture, photo, (right - left, bottom - top)), (left, top))
        out = io.BytesIO()
        canvas.save(out, "JPEG", quality=QUALITY)
        made[f"collage-{profile.name}.jpg"] = out.getvalue()
    return made


def fitted(picture: Image.Image, photo: Photo, size: tuple[int, int]) -> Image.Image:
    """A picture that fills a size; whole, on its own colour, where filling would cut a face."""
    box = crop_box(picture.width, picture.height, size[0] / size[1], photo.faces)
    if cut_faces(photo.faces, box, picture.size):
        ground = picture.resize((1, 1), Image.Resampling.BOX).resize(size)
        whole = ImageOps.contain(picture, size, Image.Resampling.LANCZOS)
        ground.paste(whole, ((size[0] - whole.width) // 2, (size[1] - whole.height) // 2))
        return ground
    return picture.resize(size, Image.Resampling.LANCZOS, box=box)


def cut_faces(faces: Sequence[FaceBox], box: Box, size: tuple[int, int]) -> int:
    """How many faces are not whole within a part of a picture of some size, pixels."""
    width, height = size
    left, top, right, bottom = box[0] - 0.5, box[1] - 0.5, box[2] + 0.5, box[3] + 0.5
    return sum(
        max(face.x, 0) * width < left
        or max(face.y, 0) * height < top
        or min(face.x + face.width, 1) * width > right
        or min(face.y + face.height, 1) * height > bottom
        for face in faces
    )


def _layouts(ratios: Sequence[float]) -> Iterator[list[Cell]]:
    """Every split into rows and into columns, scaled to fill the screen."""
    count = len(ratios)
    if not LEAST <= count <= MOST:
        return
    for groups in range(1, count + 1):
        for cuts in combinations(range(1, count), groups - 1):
            edges = [0, *cuts, count]
            parts = [list(range(a, b)) for a, b in pairwise(edges)]
            heights = [1 / sum(ratios[at] for at in part) for part in parts]
            yield _cells(parts, heights, ratios)
            widths = [1 / sum(1 / ratios[at] for at in part) for part in parts]
            turned = _cells(parts, widths, [1 / ratio for ratio in ratios])
            yield [Cell(cell.top, cell.left, cell.bottom, cell.right) for cell in turned]


def _cells(parts: Sequence[Sequence[int]], heights: Sequence[float], widths: Sequence[float]) -> list[Cell]:
    """Rows of some heights, in each of which the pictures are as wide as their shapes want, filling the unit square."""
    cells, top = [], 0.0
    for part, height in zip(parts, heights, strict=True):
        share = height / sum(heights)
        whole, left = sum(widths[at] for at in part), 0.0
        for at in part:
            cells.append(Cell(left, top, left + widths[at] / whole, top + share))
            left += widths[at] / whole
        top += share
    return cells


def _cost(photo: Photo, cell: Cell, profile: Profile, count: int) -> float:
    ratio, shape = _ratio(photo), cell.shape(profile)
    kept = min(ratio, shape) / max(ratio, shape)
    box = crop_box(1000 * ratio, 1000, shape, photo.faces)
    cost = (1 - kept) + CUT_FACE * (cut_faces(photo.faces, box, (round(1000 * ratio), 1000)) > 0)
    return cost + SMALL_CELL * (cell.area < SMALL_SHARE / count)


def _ratio(photo: Photo) -> float:
    return photo.width / photo.height if photo.width > 0 and photo.height > 0 else 1.5


def _opened(data: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError):
        return None
