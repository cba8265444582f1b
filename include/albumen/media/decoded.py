"""What every photo decoder gives back, and the limit that every one of them keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from albumen.media.geometry import fit
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

Mode = Literal["L", "RGB", "CMYK", "LAB"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The largest rendition asked for, so that a decoder need not make more pixels than it shows.

    Attributes
    ----------
    short_side, long_side_max : int
        As in `geometry.fit`, pixels.
    """

    short_side: int
    long_side_max: int

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the rendition of a picture of this size."""
        return fit(width, height, short_side=self.short_side, long_side_max=self.long_side_max)


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """The pixels of one photo as stored, before scaling, colour conversion and turning.

    Attributes
    ----------
    pixels : ndarray of uint8
        Height x width for mode `L`, height x width x channels for the others. May be a scaled-down
        reading of the stored picture. Ink values of `CMYK` grow with the ink; a* and b* of `LAB` are 128
        for zero.
    mode : str
        What the channels mean.
    icc : bytes or None
        The embedded (or implied) ICC profile; None: sRGB.
    orientation : int
        EXIF orientation (1-8) that the pixels still need; 1 where the decoder turned them.
    width, height : int
        Full size of the picture, before turning; of a RAW that is shown by its embedded preview the
        RAW's own size, so that `pixels` may have fewer than a rendition asks for.
    frames : int
        Frames of an animation; 1 for a still, however many pages or views its file holds.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    mode: Mode
    icc: bytes | None
    orientation: int
    width: int
    height: int
    frames: int = 1


def check_size(width: int, height: int, limits: LimitSettings) -> None:
    """Refuse a picture by its header, before any of it is decoded.

    Raises
    ------
    ItemFault
        `too_large` with the size and the limit; `unreadable` for a picture without pixels.
    """
    if width < 1 or height < 1:
        raise ItemFault(Reason.UNREADABLE, f"a picture of {width} x {height} pixels")
    if width * height > limits.photo_pixels:
        raise ItemFault(
            Reason.TOO_LARGE,
            f"{width} x {height} = {width * height} pixels, limit {limits.photo_pixels} (limits.photo_pixels)",
        )


def check_profile_size(icc: bytes, limits: LimitSettings) -> None:
    """Refuse a picture by the size of its colour profile, before that is parsed.

    Raises
    ------
    ItemFault
        `too_large` with the size and the limit.
    """
    if len(icc) > limits.icc_bytes:
        raise ItemFault(
            Reason.TOO_LARGE,
            f"a colour profile of {len(icc)} bytes or more, limit {limits.icc_bytes} (limits.icc_bytes)",
        )
