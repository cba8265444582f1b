"""A few frames of a video in one JPEG, one below the other, with their times: for the models, beside the poster."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from albumen.media.photo import EncodedPicture, as_jpeg, decode_rendition

Frame = tuple[float, NDArray[np.uint8]]
"""Seconds from the beginning; height x width x 3, RGB, upright."""
_COMMENT = b"\xff\xfe"


def storyboard(frames: Sequence[Frame], quality: int) -> EncodedPicture:
    """Encode frames of one size; the times are in the file's comment, so that it needs no row beside it.

    Parameters
    ----------
    frames : sequence of Frame
        At least one.
    quality : int
        libjpeg's, 1 to 100.
    """
    picture = as_jpeg(np.ascontiguousarray(np.concatenate([pixels for _, pixels in frames])), quality)
    told = json.dumps({"times": [round(seconds, 3) for seconds, _ in frames]}).encode()
    comment = _COMMENT + (len(told) + 2).to_bytes(2, "big") + told
    return EncodedPicture(picture.data[:2] + comment + picture.data[2:], picture.mime, picture.width, picture.height)


def frames_of(data: bytes) -> list[Frame]:
    """The frames of a storyboard, in order.

    Raises
    ------
    ItemFault
        `unreadable`, when it does not decode.
    ValueError
        When it has no times.
    """
    if data[2:4] != _COMMENT:
        raise ValueError("this is no storyboard: it begins with no comment")
    times = json.loads(data[6 : 4 + int.from_bytes(data[4:6], "big")])["times"]
    pixels = decode_rendition(data)
    height = pixels.shape[0] // len(times)
    return [(seconds, pixels[number * height : (number + 1) * height]) for number, seconds in enumerate(times)]
