"""Where each kind of photo keeps its size and its metadata blocks; one reader per container."""

from __future__ import annotations

import struct
from collections.abc import Callable

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.bpg import read_bpg
from albumen.media.metadata.camera_raw import read_cr2, read_cr3, read_mrw, read_raf, read_rw2, read_tiff_raw
from albumen.media.metadata.ciff import read_crw
from albumen.media.metadata.exif import salvage_exif
from albumen.media.metadata.isobmff import read_heif
from albumen.media.metadata.jpeg import read_jpeg
from albumen.media.metadata.jpeg_2000 import read_codestream, read_jp2
from albumen.media.metadata.jpeg_xl import read_jpeg_xl
from albumen.media.metadata.photoshop import read_psd
from albumen.media.metadata.png import read_png
from albumen.media.metadata.sigma import read_x3f
from albumen.media.metadata.tiff_file import read_tiff

_MAX_CHUNKS = 4096
_GIF_XMP = b"XMP DataXMP"
_PACKET_START = b"<x:xmpmeta"
_PACKET_END = b"<?xpacket end="

Reader = Callable[[bytes, int, Blocks], None]


def read_blocks(data: bytes, mime: str, limit: int) -> Blocks:
    """Find the metadata blocks of a photo.

    Parameters
    ----------
    data : bytes
        The file, whole or cut off.
    mime : str
        What `media.sniff` says it is; of types that are not known here nothing is found.
    limit : int
        Largest block that is read, bytes.

    Returns
    -------
    Blocks
        What was found before the data ended or stopped making sense; of a damaged file, and of a type without a
        reader, also an EXIF block or XMP packet that stands anywhere.
    """
    blocks = Blocks()
    reader = READERS.get(mime)
    if reader:
        try:
            reader(data, limit, blocks)
        except (struct.error, IndexError, ValueError, OverflowError):
            blocks.damaged = True
    if blocks.damaged or reader is None:
        blocks.exif = blocks.exif or salvage_exif(data, limit)
        blocks.xmp = blocks.xmp or _salvage_xmp(data, limit)
    if blocks.exif is not None and len(blocks.exif) > limit and mime not in _TIFF_FRAMED:
        blocks.exif = blocks.exif[:limit]
    if blocks.xmp is not None and len(blocks.xmp) > limit:
        blocks.xmp = None
    return blocks


def _salvage_xmp(data: bytes, limit: int) -> bytes | None:
    start = data.find(_PACKET_START, 0, limit)
    end = data.find(_PACKET_END, start, start + limit) if start >= 0 else -1
    return data[start:end] if end > 0 else None


def read_webp(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a WebP file (RFC 9649)."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if len(kind) < 4:
            # The last chunk may leave out its byte of padding.
            blocks.damaged = at < int.from_bytes(data[4:8], "little") or at > len(data) + 1
            return
        body = data[at + 8 : at + 8 + min(size, limit)]
        if kind == b"VP8X" and len(body) >= 10:
            blocks.set_size(int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1)
        elif kind == b"VP8 " and blocks.width is None and body[3:6] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", body, 6)
            blocks.set_size(width & 0x3FFF, height & 0x3FFF)
        elif kind == b"VP8L" and blocks.width is None and body[:1] == b"\x2f":
            (packed,) = struct.unpack_from("<I", body, 1)
            blocks.set_size((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
        elif kind == b"EXIF":
            blocks.exif = blocks.exif or body
        elif kind == b"XMP ":
            blocks.xmp = blocks.xmp or body
        at += 8 + size + size % 2
    blocks.damaged = True


def read_gif(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a GIF file (GIF89a; XMP part 3, 1.1.2)."""
    blocks.set_size(*struct.unpack_from("<HH", data, 6))
    start = data.find(_GIF_XMP, 0, limit)
    if start >= 0:
        start += len(_GIF_XMP)
        end = data.find(_PACKET_END, start, start + limit)
        blocks.xmp = data[start:end] if end > 0 else None


def read_bmp(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Windows bitmap; a negative height means rows from the top."""
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    blocks.set_size(width, abs(height))


_TIFF_RAWS = (
    "image/x-adobe-dng",
    "image/x-nikon-nef",
    "image/x-sony-arw",
    "image/x-pentax-pef",
    "image/x-samsung-srw",
    "image/x-olympus-orf",
    "image/x-raw",
)
_TIFF_FRAMED = frozenset({"image/tiff", "image/x-canon-cr2", "image/x-panasonic-rw2", *_TIFF_RAWS})
READERS: dict[str, Reader] = {
    "image/jpeg": read_jpeg,
    "image/png": read_png,
    "image/apng": read_png,
    "image/gif": read_gif,
    "image/webp": read_webp,
    "image/bmp": read_bmp,
    "image/tiff": read_tiff,
    "image/heic": read_heif,
    "image/heif": read_heif,
    "image/avif": read_heif,
    "image/bpg": read_bpg,
    "image/jxl": read_jpeg_xl,
    "image/jp2": read_jp2,
    "image/x-j2c": read_codestream,
    "application/vnd.adobe.photoshop": read_psd,
    "image/x-canon-cr2": read_cr2,
    "image/x-canon-cr3": read_cr3,
    "image/x-canon-crw": read_crw,
    "image/x-minolta-mrw": read_mrw,
    "image/x-sigma-x3f": read_x3f,
    "image/x-fujifilm-raf": read_raf,
    "image/x-panasonic-rw2": read_rw2,
    **dict.fromkeys(_TIFF_RAWS, read_tiff_raw),
}
