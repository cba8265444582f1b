"""PNG chunks: a damaged or oversized extra must not cost the picture."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
# The extras that change what is seen. Critical chunks begin with a capital letter and always stay.
_SEEN = frozenset({b"tRNS", b"iCCP", b"eXIf"})


def mended(data: bytes) -> bytes | None:
    """The same picture without text, animation, and extras whose checksum is wrong; with an end if it lost its own.

    Parameters
    ----------
    data : bytes
        A PNG file that a strict reader refuses.

    Returns
    -------
    bytes or None
        The reduced file; None where the picture itself is damaged or there is nothing to mend.
    """
    if not data.startswith(_SIGNATURE):
        return None
    kept, position = [_SIGNATURE], len(_SIGNATURE)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        critical = not name[0] & 0x20
        holds = _checksum_holds(data, position, end)
        if critical and not holds:
            return None
        if holds and (critical or name in _SEEN):
            kept.append(data[position:end])
        position = end
    if kept[-1] != _END:
        kept.append(_END)
    reduced = b"".join(kept)
    return reduced if reduced != data else None


def _checksum_holds(data: bytes, start: int, end: int) -> bool:
    return end <= len(data) and zlib.crc32(data[start + 4 : end - 4]) == int.from_bytes(data[end - 4 : end], "big")
