"""PNG chunks: what they say of colour, and how a damaged or oversized extra costs no picture."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator

from albumen.media.decoded import check_profile_size
from albumen.media.icc import SRGB, Primaries, cicp_profile, matrix_profile
from albumen.settings import LimitSettings

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
# The extras that change what is seen. Critical chunks begin with a capital letter and always stay.
_SEEN = frozenset({b"tRNS", b"eXIf"})
_COLOUR = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
# What writers of sRGB put for readers that know of no other tag (PNG, third edition, 11.3.2.4): not a pure power.
_SRGB_GAMMA, _SRGB_GAMMA_SPREAD = 45455, 500
_SRGB_SPREAD = 0.003


def mended(data: bytes) -> bytes | None:
    """The same picture without text, animation, and extras whose checksum is wrong; with an end if it lost its own.

    Parameters
    ----------
    data : bytes
        A PNG file that a strict reader refuses.

    Returns
    -------
    bytes or None
        The reduced file; None where the picture itself is damaged or there is nothing to mend. What it
        says of colour is left out: `colour_profile` reads that from the file as it is.
    """
    if not data.startswith(_SIGNATURE):
        return None
    kept = [_SIGNATURE]
    for name, start, end in _chunks(data):
        critical = not name[0] & 0x20
        holds = _checksum_holds(data, start, end)
        if critical and not holds:
            return None
        if holds and (critical or name in _SEEN):
            kept.append(data[start - 8 : end + 4])
    if kept[-1] != _END:
        kept.append(_END)
    reduced = b"".join(kept)
    return reduced if reduced != data else None


def colour_profile(data: bytes, limits: LimitSettings) -> bytes | None:
    """The colour space as an ICC profile: cICP before iCCP before sRGB before gAMA and cHRM.

    Parameters
    ----------
    data : bytes
        The file.
    limits : LimitSettings
        `icc_bytes` bounds the profile, unpacked.

    Returns
    -------
    bytes or None
        None: sRGB.

    Raises
    ------
    ItemFault
        `too_large` with the limit.

    References
    ----------
    W3C, "Portable Network Graphics, third edition", 4.3 (precedence) and 11.3.2 (the chunks).
    """
    found: dict[bytes, bytes] = {}
    if not data.startswith(_SIGNATURE):
        return None
    for name, start, end in _chunks(data):
        if name == b"IDAT":
            break
        if name in _COLOUR and name not in found and _checksum_holds(data, start, end):
            found[name] = data[start:end]
    if len(code_points := found.get(b"cICP", b"")) == 4:
        return cicp_profile(code_points[0], code_points[1])
    if (embedded := _unpacked(found.get(b"iCCP", b""), limits)) is not None:
        return embedded
    return None if b"sRGB" in found else _measured(found.get(b"gAMA", b""), found.get(b"cHRM", b""))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk's body; the last may end after the file does."""
    position = len(_SIGNATURE)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        yield name, position + 8, position + 8 + length
        position += 12 + length


def _checksum_holds(data: bytes, start: int, end: int) -> bool:
    checked = memoryview(data)[start - 4 : end]
    return end + 4 <= len(data) and zlib.crc32(checked) == int.from_bytes(data[end : end + 4], "big")


def _unpacked(chunk: bytes, limits: LimitSettings) -> bytes | None:
    _, mark, rest = chunk.partition(b"\0")
    if not mark or rest[:1] != b"\0":
        return None
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(rest[1:], limits.icc_bytes + 1)
    except zlib.error:
        return None
    check_profile_size(profile, limits)
    return profile or None


def _measured(gamma: bytes, chromaticities: bytes) -> bytes | None:
    power = None
    if len(gamma) == 4 and (value := int.from_bytes(gamma, "big")):
        power = None if abs(value - _SRGB_GAMMA) <= _SRGB_GAMMA_SPREAD else 100_000 / value
    primaries = SRGB
    if len(chromaticities) == 32:
        numbers = [value / 100_000 for value in struct.unpack(">8I", chromaticities)]
        white, red, green, blue = zip(numbers[::2], numbers[1::2], strict=True)
        primaries = Primaries(red, green, blue, white)
    distance = max(math.dist(stated, known) for stated, known in zip(primaries, SRGB, strict=True))
    if power is None and distance <= _SRGB_SPREAD:
        return None
    return matrix_profile(primaries, power) if primaries.enclose_colours() else None
