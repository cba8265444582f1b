"""How the samples of a TIFF page lie in it, by its directory."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import TiffImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from albumen.media.decoded import Mode

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 8, 9
CHANNELS: dict[int, tuple[int, Mode]] = {
    WHITE_IS_ZERO: (1, "L"),
    BLACK_IS_ZERO: (1, "L"),
    RGB: (3, "RGB"),
    PALETTE: (1, "RGB"),
    INKS: (4, "CMYK"),
    CIELAB: (3, "LAB"),
    ICCLAB: (3, "LAB"),
}
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
KINDS = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f"}
_LOSSLESS = frozenset({1, 5, 8, 32773, 32946, 34925, 50000})
HORIZONTAL, FLOATING = 2, 3
ASSOCIATED, UNASSOCIATED = 1, 2
_SEPARATE = 2
_BYTE_DEPTHS = frozenset({8, 16, 32, 64})
PACKED_DEPTHS = frozenset({10, 12, 14})


@dataclass(frozen=True, slots=True)
class Layout:
    """How a page's samples lie in it. Sizes in pixels; `bits` of one sample; `alpha` by `ExtraSamples`, 0: none."""

    order: str
    width: int
    height: int
    photometric: int
    bits: int
    sample_format: int
    samples: int
    planar: bool
    predictor: int
    compression: int
    alpha: int
    tile_width: int
    colour_map: tuple[int, ...]

    @property
    def deep(self) -> bool:
        """More than eight bits a sample."""
        return self.bits > 8

    @property
    def readable(self) -> bool:
        """Whether `tiff_samples.read` knows this layout."""
        known = CHANNELS.get(self.photometric)
        if known is None or self.samples < known[0] or self.compression not in _LOSSLESS:
            return False
        if self.sample_format == FLOAT:
            return self.bits in (16, 32, 64) and self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
        if self.sample_format not in (UNSIGNED, SIGNED) or self.predictor not in (1, HORIZONTAL):
            return False
        return self.bits in _BYTE_DEPTHS or (self.bits in PACKED_DEPTHS and self.predictor == 1)


def layout_of(page: ImageFileDirectory_v2) -> Layout | None:
    """The layout of a page; None where its directory makes no sense."""
    tag = TiffImagePlugin
    bits, formats = numbers(page, tag.BITSPERSAMPLE) or (1,), numbers(page, tag.SAMPLEFORMAT) or (UNSIGNED,)
    width, height = number(page, tag.IMAGEWIDTH), number(page, tag.IMAGELENGTH)
    samples = number(page, tag.SAMPLESPERPIXEL, 1)
    if not width or not height or len(set(bits)) > 1 or len(set(formats)) > 1 or number(page, tag.FILLORDER, 1) != 1:
        return None
    photometric = number(page, tag.PHOTOMETRIC_INTERPRETATION)
    extras = numbers(page, tag.EXTRASAMPLES)
    return Layout(
        order="<" if page.prefix == b"II" else ">",
        width=width,
        height=height,
        photometric=photometric,
        bits=bits[0],
        sample_format=formats[0],
        samples=samples,
        planar=samples > 1 and number(page, tag.PLANAR_CONFIGURATION, 1) == _SEPARATE,
        predictor=number(page, tag.PREDICTOR, 1),
        compression=number(page, tag.COMPRESSION, 1),
        alpha=extras[0] if extras and extras[0] in (ASSOCIATED, UNASSOCIATED) else 0,
        tile_width=number(page, tag.TILEWIDTH),
        colour_map=numbers(page, tag.COLORMAP) if photometric == PALETTE else (),
    )


def numbers(page: ImageFileDirectory_v2, tag: int) -> tuple[int, ...]:
    """A tag's whole numbers; empty where it is absent."""
    value = page.get(tag, ())
    values = value if isinstance(value, tuple) else (value,)
    return tuple(number for number in values if isinstance(number, int))


def number(page: ImageFileDirectory_v2, tag: int, absent: int = 0) -> int:
    """A tag's first whole number."""
    return next(iter(numbers(page, tag)), absent)
