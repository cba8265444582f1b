"""TIFF: the first full page, by Pillow where it reads that whole, by its samples where it does not."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

from PIL import TiffImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from albumen.media import decode_pillow, tiff_samples
from albumen.media.decode_pillow import faults_named
from albumen.media.decoded import DecodedPhoto, Wanted, check_profile_size, check_size
from albumen.media.recode import recoding
from albumen.media.tiff_layout import BLACK_IS_ZERO, RGB, WHITE_IS_ZERO, Layout, layout_of
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

_NEW_SUBFILE_TYPE, _OLD_SUBFILE_TYPE = 254, 255
_REDUCED_OR_MASK, _OLD_REDUCED = 0b101, 2
_SUB_DIRECTORIES = 330
_ORIENTATION = 274
_MOST_PAGES = 64
_LIGHT = frozenset({WHITE_IS_ZERO, BLACK_IS_ZERO, RGB})


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode the first page that is a picture of its own: no thumbnail, no mask.

    Parameters
    ----------
    data : bytes
        The file.
    mime : str
        Its type.
    limits : LimitSettings
        `photo_pixels` and `icc_bytes` are checked on the header.
    wanted : Wanted
        Not asked: TIFF is decoded at full size.

    Raises
    ------
    ItemFault
        `too_large`, `unreadable` with the decoder's words.
    """
    page, shown = _first_full_page(data)
    if page is None:
        return decode_pillow.decode(data, mime, limits, wanted)
    data = shown
    layout = layout_of(page)
    eight_bit_map = layout is not None and 0 < max(layout.colour_map, default=0) < 256
    if layout is not None and layout.readable and (layout.deep or eight_bit_map):
        return _by_samples(data, page, layout, limits)
    try:
        return decode_pillow.decode(data, mime, limits, wanted)
    except ItemFault as fault:
        if layout is None or not layout.readable or fault.reason is not Reason.UNREADABLE:
            raise
        return _by_samples(data, page, layout, limits)


def _by_samples(data: bytes, page: ImageFileDirectory_v2, layout: Layout, limits: LimitSettings) -> DecodedPhoto:
    with faults_named(data, "TIFF"):
        check_size(layout.width, layout.height, limits)
        found = page.get(TiffImagePlugin.ICCPROFILE)
        icc = found if isinstance(found, bytes) and found else None
        check_profile_size(icc or b"", limits)
        recoded = recoding(icc) if icc and layout.deep and layout.photometric in _LIGHT else None
        pixels, mode = tiff_samples.read(data, page, layout, recoded.table if recoded else None)
        orientation = page.get(_ORIENTATION)
    return DecodedPhoto(
        pixels,
        mode,
        recoded.icc if recoded else icc,
        orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
        layout.width,
        layout.height,
    )


def _first_full_page(data: bytes) -> tuple[ImageFileDirectory_v2 | None, bytes]:
    """The directory of the page to show, and the file with that page first."""
    first: ImageFileDirectory_v2 | None = None
    for offset, page in _pages(data):
        if _is_full(page):
            return page, data if first is None else _starting_at(data, offset)
        first = first or page
    return first, data


def _pages(data: bytes) -> Iterator[tuple[int, ImageFileDirectory_v2]]:
    """Directories with their offsets: the chain, then what hangs below its first; damage ends the walk."""
    file, header = BytesIO(data), data[: 16 if _is_big(data) else 8]
    try:
        first = ImageFileDirectory_v2(header)
    except Exception:  # no TIFF, or one cut off in its header
        return
    offset, seen, below = first.next, set[int](), list[int]()
    while (offset or below) and len(seen) < _MOST_PAGES:
        if not offset:
            offset = below.pop(0)
        if offset in seen:
            offset = 0
            continue
        seen.add(offset)
        page = ImageFileDirectory_v2(header)
        try:
            file.seek(offset)
            page.load(file)
            hanging = page.get(_SUB_DIRECTORIES, ())
        except Exception:  # a damaged directory fails in every way there is
            return
        if len(seen) == 1:
            below = [at for at in (hanging if isinstance(hanging, tuple) else (hanging,)) if isinstance(at, int)]
        yield offset, page
        offset = int(page.next or 0)


def _is_full(page: ImageFileDirectory_v2) -> bool:
    kind, old = page.get(_NEW_SUBFILE_TYPE, 0), page.get(_OLD_SUBFILE_TYPE, 0)
    return not (isinstance(kind, int) and kind & _REDUCED_OR_MASK) and old != _OLD_REDUCED


def _starting_at(data: bytes, offset: int) -> bytes:
    """The same file with another first page."""
    order = "<" if data.startswith(b"II") else ">"
    place, number = (8, struct.pack(f"{order}Q", offset)) if _is_big(data) else (4, struct.pack(f"{order}I", offset))
    return data[:place] + number + data[place + len(number) :]


def _is_big(data: bytes) -> bool:
    """Whether offsets have eight bytes (BigTIFF)."""
    return data[2:4] in (b"+\0", b"\0+")
