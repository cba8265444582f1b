"""The colour profile that a BMP file carries in its version 5 header."""

from __future__ import annotations

import struct

_HEADER_AT = 14
_VERSION_5_BYTES = 124
_EMBEDDED = b"DEBM"  # 'MBED', little-endian


def bitmap_profile(data: bytes) -> bytes | None:
    """The embedded ICC profile; None where there is none.

    Parameters
    ----------
    data : bytes
        A BMP file.

    References
    ----------
    Microsoft, "BITMAPV5HEADER structure" (bV5CSType, bV5ProfileData, bV5ProfileSize).
    """
    if len(data) < _HEADER_AT + _VERSION_5_BYTES:
        return None
    size, kind = struct.unpack_from("<I52x4s", data, _HEADER_AT)
    if size < _VERSION_5_BYTES or kind != _EMBEDDED:
        return None
    start, length = struct.unpack_from("<2I", data, _HEADER_AT + 112)
    return data[_HEADER_AT + start : _HEADER_AT + start + length] or None
