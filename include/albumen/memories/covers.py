"""The cover in the shapes that screens have, cut so that no face is cut."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, UnidentifiedImageError

from albumen.memories.context import FaceBox

# Name → width and height, pixels.
SHAPES = {"1x1": (1080, 1080), "4x5": (1080, 1350), "16x9": (1920, 1080)}
QUALITY = 85
# A head is larger than the face that is found in it: so much of the face's size is kept free around it.
MARGIN = 0.35
# Without faces a little above the middle, where pictures have what they are about.
FOCUS = (0.5, 0.45)

Box = tuple[float, float, float, float]


def crop_box(width: float, height: float, ratio: float, faces: Sequence[FaceBox]) -> Box:
    """The largest part of a picture that has a shape and as many faces as fit, whole.

    Parameters
    ----------
    width, height : float
        Of the picture, pixels.
    ratio : float
        Width to height of the part.
    faces : sequence of FaceBox
        In it. Where not all fit beside one another, the larger ones are kept.

    Returns
    -------
    tuple of float
        Left, upper, right, lower edge, pixels, inside the picture.
    """
    part = (height * ratio, float(height)) if width / height > ratio else (float(width), width / ratio)
    heads = [_head(face, width, height) for face in sorted(faces, key=lambda face: -face.width * face.height)]
    kept: Box | None = None
    for head in heads:
        both = head if kept is None else _around(kept, head)
        if kept is None or (both[2] - both[0] <= part[0] and both[3] - both[1] <= part[1]):
            kept = both
    middle = ((kept[0] + kept[2]) / 2, (kept[1] + kept[3]) / 2) if kept else (FOCUS[0] * width, FOCUS[1] * height)
    left = min(max(middle[0] - part[0] / 2, 0.0), width - part[0])
    # A head stands above the middle: eyes at two fifths of the height.
    top = min(max(middle[1] - part[1] * (0.42 if kept else 0.5), 0.0), height - part[1])
    if kept:
        top = min(max(top, kept[3] - part[1]), kept[1]) if kept[3] - kept[1] <= part[1] else top
        top = min(max(top, 0.0), height - part[1])
    return left, top, left + part[0], top + part[1]


def covers(picture: bytes, faces: Sequence[FaceBox]) -> dict[str, bytes]:
    """The cover in every shape, never larger than the picture itself.

    Parameters
    ----------
    picture : bytes
        A file that Pillow reads, upright.
    faces : sequence of FaceBox
        In it.

    Returns
    -------
    dict of str to bytes
        JPEGs by file name, such as `cover-1x1.jpg`; none where the picture cannot be read.
    """
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            whole = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError):
        return {}
    made = {}
    for name, (width, height) in SHAPES.items():
        box = crop_box(whole.width, whole.height, width / height, faces)
        scale = min(width / (box[2] - box[0]), 1.0)
        size = (max(round((box[2] - box[0]) * scale), 1), max(round((box[3] - box[1]) * scale), 1))
        out = io.BytesIO()
        whole.resize(size, Image.Resampling.LANCZOS, box=box).save(out, "JPEG", quality=QUALITY)
        made[f"cover-{name}.jpg"] = out.getvalue()
    return made


def _head(face: FaceBox, width: float, height: float) -> Box:
    across, along = face.width * MARGIN, face.height * MARGIN
    return (
        max(face.x - across, 0.0) * width,
        max(face.y - along, 0.0) * height,
        min(face.x + face.width + across, 1.0) * width,
        min(face.y + face.height + along, 1.0) * height,
    )


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
