"""Small files that ask for much, and the pieces such files are made of: what tests of limits begin with."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

DEFLATE, NO_COMPRESSION = 8, 1
XMP_IN_PNG = b"XML:com.adobe.xmp\0\1\0\0\0"
"""Begin of an iTXt chunk that holds a deflated XMP packet."""


def encoded(form: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """A plain picture by Pillow or libheif."""
    file = BytesIO()
    Image.new(mode, size, 99 if mode in "LP" else (99,) * len(mode)).save(file, form, **options)
    return file.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def packed(size: int, of: bytes = b"\0") -> bytes:
    """So many bytes of the same, deflated."""
    packer, step = zlib.compressobj(9), of * (1 << 20)
    return (
        b"".join(packer.compress(step[: min(len(step), size - at)]) for at in range(0, size, len(step)))
        + packer.flush()
    )


def png(
    width: int = 64, height: int = 48, *chunks: bytes, bits: int = 8, colours: int = 0, rows: int | None = None
) -> bytes:
    """A PNG of one value, with more chunks before its pixels; `rows` of them are there (by default all)."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    row = 1 + (width * bits * channels + 7) // 8
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    pixels = chunk(b"IDAT", packed(row * (height if rows is None else rows)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def apng(frames: int, claimed: int | None = None) -> bytes:
    """An animated PNG of so many frames of one pixel, which may claim another number."""
    still = encoded("PNG", (1, 1))
    at = still.index(b"IDAT") - 4
    body = still[at + 8 : at + 8 + int.from_bytes(still[at : at + 4], "big")]
    control = struct.pack(">IIIIHHBB", 1, 1, 0, 0, 1, 10, 0, 0)
    parts = [
        chunk(b"acTL", struct.pack(">II", claimed or frames, 0)),
        chunk(b"fcTL", struct.pack(">I", 0) + control),
        chunk(b"IDAT", body),
    ]
    for number in range(1, frames):
        parts.append(chunk(b"fcTL", struct.pack(">I", 2 * number - 1) + control))
        parts.append(chunk(b"fdAT", struct.pack(">I", 2 * number) + body))
    return still[:at] + b"".join(parts) + chunk(b"IEND", b"")


def gif(width: int, height: int, frames: int = 1) -> bytes:
    """A GIF whose frames of one pixel lie on a canvas of any size."""
    still = encoded("GIF", (1, 1), "P")
    at = still.index(b"\x2c")
    return still[:6] + struct.pack("<HH", width, height) + still[10:at] + still[at:-1] * frames + b";"


def webp(width: int, height: int, frames: int) -> bytes:
    """An animated WebP whose frames of one pixel lie on a canvas of any size."""
    still = encoded("WEBP", (1, 1), lossless=True)[12:]
    frame = bytes(12) + b"\x0a\0\0\0" + still
    body = b"VP8X" + struct.pack("<II", 10, 2) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body += b"ANIM" + struct.pack("<IIH", 6, 0, 0) + (b"ANMF" + struct.pack("<I", len(frame)) + frame) * frames
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def tiff(*entries: tuple[int, int, int, int], body: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF of one directory of (tag, type, count, value or offset) entries."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + struct.pack("<I", following)
    return head + body


def tiff_picture(width: int, height: int, compression: int, body: bytes, *more: tuple[int, int, int, int]) -> bytes:
    """A grey TIFF of one strip, which begins after the directory."""
    count = 9 + len(more)
    return tiff(
        (0x100, 4, 1, width),
        (0x101, 4, 1, height),
        (0x102, 3, 1, 8),
        (0x103, 3, 1, compression),
        (0x106, 3, 1, 1),
        (0x111, 4, 1, 14 + 12 * count),
        (0x115, 3, 1, 1),
        (0x116, 4, 1, height),
        (0x117, 4, 1, len(body)),
        *more,
        body=body,
    )


def box(name: bytes, *parts: bytes) -> bytes:
    """One box of an ISO base media file."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def resized_heif(form: str, width: int, height: int) -> bytes:
    """A small HEIC or AVIF that claims another size."""
    file = encoded(form)
    at = file.index(b"ispe") + 8
    return file[:at] + struct.pack(">II", width, height) + file[at + 8 :]


def resized_jpeg(width: int, height: int) -> bytes:
    """A small JPEG that claims another size."""
    file = encoded("JPEG", mode="L")
    at = file.index(b"\xff\xc0") + 5
    return file[:at] + struct.pack(">HH", height, width) + file[at + 4 :]


def scans_jpeg(side: int, scans: int) -> bytes:
    """Every scan is a few bytes that say of all blocks at once that nothing changes."""
    head = b"\xff\xd8\xff\xdb\0\x43\0" + b"\1" * 64
    head += b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", side, side) + b"\1\1\x11\0"
    table = b"\xff\xc4\0\x14\x10" + b"\1" + bytes(15) + b"\xe0"  # one code: an end of band for 2**14 blocks and more
    first = b"\xff\xc4\0\x14\0" + b"\1" + bytes(15) + b"\0"
    blocks = (side // 8) ** 2
    bits = "".join("0" + "1" * 14 for _ in range(blocks // (2**15 - 1) + 1))
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    scan = b"\xff\xda\0\x08\1\1\0\1\x3f\0" + data
    start = b"\xff\xda\0\x08\1\1\0\0\0\0" + bytes(blocks // 8 + 1)
    return head + first + table + start + scan * scans + b"\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    """One JPEG marker segment."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(*segments: bytes) -> bytes:
    """A small JPEG with more segments at its start."""
    file = encoded("JPEG")
    return file[:2] + b"".join(segments) + file[2:]


def exif_entries(count: int, size: int) -> bytes:
    """An EXIF block of so many entries, whose values all lie at the same place."""
    rows = b"".join(struct.pack("<HHII", number, 7, size, 8) for number in range(count))
    return b"II*\0" + struct.pack("<IH", 8, count) + rows + bytes(4)


def xmp(body: bytes) -> bytes:
    """An XMP packet around a body."""
    return b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>" + body + b"</rdf:RDF>"


def xmp_png(packet: bytes) -> bytes:
    """A PNG with an XMP packet, deflated."""
    return png(64, 48, chunk(b"iTXt", XMP_IN_PNG + zlib.compress(packet, 9)))


def psd(width: int, height: int, layers: int = 0, *, big: bool = False) -> bytes:
    """A grey Photoshop file without any layer pixels."""
    head = b"8BPS" + struct.pack(">H", 1 + big) + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3) + bytes(8)
    record = bytes(16) + struct.pack(">H", 0) + b"8BIMnorm" + b"\xff\0\0\0" + bytes(4)
    info = struct.pack(">h", layers) + record * layers
    info += bytes(len(info) % 2)
    section = struct.pack(">I", len(info)) + info if layers else b""
    pixels = struct.pack(">H", 0) + bytes(width * height * 3 if width * height < 1 << 22 else 64)
    return head + struct.pack(">I", len(section)) + section + pixels


def png_with(name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk."""
    return png(64, 48, chunk(name, body))


def raw_profiles() -> bytes:
    """A PNG of sixty text profiles, each of which unpacks to 16 MiB of hexadecimal digits."""
    body = zlib.compress(b"\nx\n1\n" + b"a " * (8 << 20), 9)
    return png(64, 48, *[chunk(b"zTXt", b"Raw profile type x%d\0\0" % number + body) for number in range(60)])


def tiff_of_profile(size: int) -> bytes:
    """A TIFF with a colour profile of so many bytes."""
    pixels, at = bytes(64 * 48), 14 + 12 * 10 + 64 * 48
    return tiff_picture(64, 48, NO_COMPRESSION, pixels, (0x8773, 7, size, at)) + bytes(size)


def looped_tiff() -> bytes:
    """A TIFF whose directory is its own successor and child."""
    return tiff((0x100, 4, 1, 64), (0x101, 4, 1, 48), (0x14A, 4, 1, 8), (0x8769, 4, 1, 8), following=8)


def chained_tiff(pages: int) -> bytes:
    """A TIFF of so many directories, one after the other."""
    page = struct.Struct("<HHHIII")
    directories = (page.pack(1, 0x100, 4, 1, 64, 8 + page.size * (number + 1)) for number in range(pages))
    return b"II*\0\x08\0\0\0" + b"".join(directories)


def bmp(width: int, height: int) -> bytes:
    """The head of a Windows bitmap."""
    return b"BM" + struct.pack("<IIIIiiHH", 154, 0, 54, 40, width, height, 1, 24) + bytes(124)


def jxl(side: int) -> bytes:
    """The head of a JPEG XL codestream, square."""
    return b"\xff\x0a" + (3 << 1 | side - 1 << 3 | 1 << 33).to_bytes(12, "little")


def packed_jxl(boxes: int) -> bytes:
    """A JPEG XL file of so many boxes, each with 32 MiB in a few bytes (ISO/IEC 18181-2, 9.5)."""
    import brotli  # type: ignore[import-untyped]

    bomb = box(b"brob", b"xml ", brotli.compress(bytes(32 << 20), quality=5))
    return box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ") + bomb * boxes


def namespaces(count: int) -> bytes:
    """An XML element that declares so many namespaces."""
    return b"<a " + b" ".join(b"xmlns:n%d='%d'" % (n, n) for n in range(count)) + b"/>"


def mpf(pictures: int) -> bytes:
    """A multi-picture index that claims so many pictures."""
    rows = ((0xB000, 7, 4, 0x30303130), (0xB001, 4, 1, pictures), (0xB002, 7, 2**32 - 1, 50))
    return b"MPF\0" + tiff(*rows, body=bytes(60_000))


def locations() -> bytes:
    """Four thousand location boxes, each with twenty thousand extents in half a kilobyte."""
    rows = b"".join(struct.pack(">HHH", number, 0, 256) for number in range(80))
    one = box(b"iloc", bytes(6), struct.pack(">H", 80), rows)
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(b"meta", bytes(4), *[one] * 4000)


def full_box(name: bytes, version: int, *parts: bytes) -> bytes:
    """One box with version and flags."""
    return box(name, bytes([version, 0, 0, 0]), *parts)


def grid_heic(columns: int, rows: int, width: int, height: int | None = None) -> bytes:
    """A picture of many tiles, as phones write them; all tiles are the same bytes (ISO/IEC 23008-12, 6.6.2.3)."""
    height = height or width
    tile = encoded("HEIF", (width, height))
    at, coded_at = tile.index(b"hvcC") - 4, tile.index(b"mdat") - 4
    settings = tile[at : at + int.from_bytes(tile[at : at + 4], "big")]
    coded = tile[coded_at + 8 : coded_at + int.from_bytes(tile[coded_at : coded_at + 4], "big")]
    count = columns * rows
    whole, tiles = count + 1, range(1, count + 1)
    size = struct.pack(">II", columns * width, rows * height)
    grid = bytes([0, 1, rows - 1, columns - 1]) + size
    kinds = [*((number, b"hvc1") for number in tiles), (whole, b"grid")]
    infos = [full_box(b"infe", 2, struct.pack(">HH4s", number, 0, kind), b"\0") for number, kind in kinds]
    parts = box(b"dimg", struct.pack(">HH", whole, count), *[struct.pack(">H", number) for number in tiles])
    properties = box(
        b"ipco", full_box(b"ispe", 0, struct.pack(">II", width, height)), settings, full_box(b"ispe", 0, size)
    )
    owners = [struct.pack(">HBBB", number, 2, 1, 2) for number in tiles] + [struct.pack(">HBB", whole, 1, 3)]
    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")

    def meta(start: int) -> bytes:
        extents = [struct.pack(">HHHHII", number, 0, 0, 1, start, len(coded)) for number in tiles]
        extents.append(struct.pack(">HHHHII", whole, 1, 0, 1, 0, len(grid)))
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, struct.pack(">H", whole)),
            full_box(b"iloc", 1, b"\x44\0", struct.pack(">H", whole), *extents),
            full_box(b"iinf", 0, struct.pack(">H", whole), *infos),
            full_box(b"iref", 0, parts),
            box(b"iprp", properties, full_box(b"ipma", 0, struct.pack(">I", whole), *owners)),
            box(b"idat", grid),
        )

    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", coded)
