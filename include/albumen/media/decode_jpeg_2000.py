"""JPEG 2000 by Pillow, with the colour profile that Pillow leaves in the file.

References
----------
ISO/IEC 15444-1, annex I: the `jp2h` and `colr` boxes.
"""

from __future__ import annotations

from dataclasses import replace

from albumen.media import decode_pillow
from albumen.media.decoded import DecodedPhoto, Wanted, check_profile_size
from albumen.media.metadata.isobmff import iterate_boxes
from albumen.settings import LimitSettings

MIME, CODESTREAM_MIME = "image/jp2", "image/x-j2c"

# Methods of a colour specification that is an ICC profile: restricted and any.
_PROFILES = frozenset({2, 3})
_METHOD_BYTES = 3


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode at full size, without alpha, eight bits a channel.

    Parameters
    ----------
    data : bytes
        The file, boxed or a bare codestream.
    mime : str
        Its type.
    limits : LimitSettings
        `photo_pixels` and `icc_bytes` are checked on the header.
    wanted : Wanted
        Not asked.

    Raises
    ------
    ItemFault
        `too_large`, `unreadable` with the decoder's words.
    """
    icc = _profile(data) if mime == MIME else None
    if icc is not None:
        check_profile_size(icc, limits)
    photo = decode_pillow.decode(data, mime, limits, wanted)
    return replace(photo, icc=icc or photo.icc)


def _profile(data: bytes) -> bytes | None:
    for kind, start, end in iterate_boxes(data, 0, len(data)):
        if kind != b"jp2h":
            continue
        for inner, first, last in iterate_boxes(data, start, end):
            if inner == b"colr" and first < last and data[first] in _PROFILES:
                return data[first + _METHOD_BYTES : last] or None
    return None
