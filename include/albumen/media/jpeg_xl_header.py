"""What a JPEG XL codestream says of itself before its first frame: size, channels, colour, animation.

References
----------
ISO/IEC 18181-1:2022, annexes B (field types), D (image header) and E (colour encoding); 18181-2 (boxes).
"""

from __future__ import annotations

from dataclasses import dataclass

from albumen.media.icc import BT2020, DCI_P3, DISPLAY_P3, SRGB, Point, Primaries, cicp_profile, matrix_profile
from albumen.media.metadata.isobmff import iterate_boxes

_BARE = b"\xff\x0a"
# Bits of a header with every field there is, custom primaries and thirty extra channels with names included.
_HEADER_BYTES = 4096
_MOST_CHANNELS = 64
_ALPHA, _SPOT, _BLACK, _CFA = 0, 2, 4, 5
_GREY, _XYB = 1, 2
_D65, _CUSTOM, _EQUAL_ENERGY, _DCI = 1, 2, 10, 11
_CICP = {1: 1, 9: 9, 11: 12}
_NAMED = {1: SRGB, 9: BT2020, 11: DISPLAY_P3}
_WHITES: dict[int, Point] = {_EQUAL_ENERGY: (1 / 3, 1 / 3), _DCI: DCI_P3.white}
# Linear, and the one of digital cinema.
_CURVES = {8: 1.0, 17: 2.6}
_LEAST_GAMMA = 0.1

# Value = a constant + so many bits, chosen by two selector bits.
_SIDE = ((1, 9), (1, 13), (1, 18), (1, 30))
_RATIOS = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_ENUM = ((0, 0), (1, 0), (2, 4), (18, 6))
_COORDINATE = ((0, 19), (524288, 19), (1048576, 20), (2097152, 21))


@dataclass(frozen=True, slots=True)
class JpegXlHeader:
    """The image header.

    Attributes
    ----------
    width, height : int
        Pixels as stored, before the turn that the decoder applies.
    orientation : int
        That turn, as in EXIF.
    animated : bool
        Whether there are frames to show one after another.
    premultiplied : bool
        Whether colours are multiplied with alpha already.
    black : bool
        There is a channel of black ink: the colours are CMYK.
    embedded_profile : bool
        The colours of the original are those of an embedded ICC profile.
    transformed : bool
        Colours are stored in the codec's own space (XYB), not in the original's.
    implied_profile : bytes or None
        ICC profile of a colour space that is only named; None: sRGB.
    """

    width: int
    height: int
    orientation: int = 1
    animated: bool = False
    premultiplied: bool = False
    black: bool = False
    embedded_profile: bool = False
    transformed: bool = True
    implied_profile: bytes | None = None


class _Bits:
    """Little-endian bits, the lowest first; past the end they are zero."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        return taken

    def flag(self) -> bool:
        return bool(self.take(1))

    def choice(self, *options: tuple[int, int]) -> int:
        """A value of the type that the standard calls U32."""
        constant, bits = options[self.take(2)]
        return constant + self.take(bits)

    def enum(self) -> int:
        return self.choice(*_ENUM)

    def point(self) -> Point:
        x, y = (self.choice(*_COORDINATE) for _ in range(2))
        return _signed(x) / 1e6, _signed(y) / 1e6


def read_jpeg_xl_header(data: bytes) -> JpegXlHeader | None:
    """Read the image header of a file, bare or boxed.

    Returns
    -------
    JpegXlHeader or None
        None where there is none.
    """
    codestream = _codestream(data)
    if not codestream.startswith(_BARE):
        return None
    bits = _Bits(codestream[2:])
    width, height = _size(bits)
    if bits.flag():
        return JpegXlHeader(width, height)
    orientation, animated = 1, False
    if bits.flag():
        orientation, animated = _extra_fields(bits)
    _skip_bit_depth(bits)
    bits.take(1)
    premultiplied = black = False
    for _ in range(min(bits.choice((0, 0), (1, 0), (2, 4), (1, 12)), _MOST_CHANNELS)):
        kind, associated = _extra_channel(bits)
        premultiplied |= associated
        black |= kind == _BLACK
    transformed = bits.flag()
    embedded, implied = (False, None) if bits.flag() else _colour(bits)
    return JpegXlHeader(width, height, orientation, animated, premultiplied, black, embedded, transformed, implied)


def _codestream(data: bytes) -> bytes:
    """The beginning of the codestream, put together where boxes part it."""
    if data.startswith(_BARE):
        return data[:_HEADER_BYTES]
    found = b""
    for kind, start, end in iterate_boxes(data, 0, len(data)):
        if kind in (b"jxlc", b"jxlp"):
            found += data[start + 4 * (kind == b"jxlp") : min(end, start + _HEADER_BYTES)]
        if len(found) >= _HEADER_BYTES:
            break
    return found


def _size(bits: _Bits) -> tuple[int, int]:
    eighths = bits.flag()
    height = _side(bits, eighths)
    numerator, denominator = _RATIOS[bits.take(3)]
    return height * numerator // denominator if numerator else _side(bits, eighths), height


def _side(bits: _Bits, eighths: bool) -> int:
    return (bits.take(5) + 1) * 8 if eighths else bits.choice(*_SIDE)


def _extra_fields(bits: _Bits) -> tuple[int, bool]:
    orientation = bits.take(3) + 1
    if bits.flag():
        _size(bits)  # intrinsic size
    if bits.flag():
        _skip_preview_size(bits)
    animated = bits.flag()
    if animated:
        bits.choice((100, 0), (1000, 0), (1, 10), (1, 30))  # ticks per second, numerator
        bits.choice((1, 0), (1001, 0), (1, 8), (1, 10))  # and denominator
        bits.choice((0, 0), (0, 3), (0, 16), (0, 32))  # loops
        bits.take(1)  # time codes
    return orientation, animated


def _skip_preview_size(bits: _Bits) -> None:
    sides = ((16, 0), (32, 0), (1, 5), (33, 9)) if bits.flag() else ((1, 6), (65, 8), (321, 10), (1345, 12))
    bits.choice(*sides)
    if not bits.take(3):
        bits.choice(*sides)


def _skip_bit_depth(bits: _Bits) -> None:
    if bits.flag():
        bits.choice((32, 0), (16, 0), (24, 0), (1, 6))
        bits.take(4)
    else:
        bits.choice((8, 0), (10, 0), (12, 0), (1, 6))


def _extra_channel(bits: _Bits) -> tuple[int, bool]:
    """Kind of a channel beside the colours, and whether the colours are multiplied with it."""
    if bits.flag():
        return _ALPHA, False
    kind = bits.enum()
    _skip_bit_depth(bits)
    bits.choice((0, 0), (3, 0), (4, 0), (1, 3))  # subsampling
    bits.take(8 * bits.choice((0, 0), (0, 4), (16, 5), (48, 10)))  # name
    associated = kind == _ALPHA and bits.flag()
    if kind == _SPOT:
        bits.take(4 * 16)
    elif kind == _CFA:
        bits.choice((1, 0), (0, 2), (3, 4), (19, 8))
    return kind, associated


def _colour(bits: _Bits) -> tuple[bool, bytes | None]:
    """Whether an ICC profile is embedded, else the profile of the space that is named."""
    embedded = bits.flag()
    space = bits.enum()
    if embedded or space == _XYB:
        return embedded, None
    white = bits.enum()
    white_point = bits.point() if white == _CUSTOM else _WHITES.get(white, SRGB.white)
    primaries, corners = 1, SRGB
    if space != _GREY:
        primaries = bits.enum()
        named = _NAMED.get(primaries, SRGB)
        corners = Primaries(bits.point(), bits.point(), bits.point()) if primaries == _CUSTOM else named
    if bits.flag():
        gamma = bits.take(24) / 1e7
        power = 1 / gamma if gamma >= _LEAST_GAMMA else None
    elif white == _D65 and primaries in _CICP:
        return False, cicp_profile(_CICP[primaries], bits.enum())
    else:
        power = _CURVES.get(bits.enum())
    corners = corners._replace(white=white_point)
    return False, matrix_profile(corners, power) if corners.enclose_colours() else None


def _signed(packed: int) -> int:
    return -(packed + 1) // 2 if packed & 1 else packed // 2
