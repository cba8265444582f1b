"""Small whole files of every container whose frame we read ourselves, made here: what fuzzing begins with."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from albumen.testing.bombs import box, chunk, segment

XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
    b"xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' "
    b"exif:GPSLatitude='43,15.5N' exif:GPSLongitude='2,56.1W' exif:GPSAltitude='120/10' exif:GPSAltitudeRef='0' "
    b"exif:DateTimeOriginal='2010-07-01T12:00:00.5+02:00' photoshop:DateCreated='2010-07-01' xmp:Rating='4' "
    b"exif:ExposureTime='1/250' exif:FNumber='28/10'><dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Title</rdf:li>"
    b"</rdf:Alt></dc:title><dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Bag></dc:subject>"
    b"<xmp:CreateDate>2010-07-01T12:00:00Z</xmp:CreateDate></rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"".join(
    b"\x1c\x02" + struct.pack(">BH", field, len(text)) + text
    for field, text in (
        (5, b"Title"),
        (25, b"sea"),
        (25, b"sun"),
        (55, b"20100701"),
        (60, b"120000+0200"),
        (120, b"Words"),
    )
)
NAMES = (
    b"IMG_20190824_101530.jpg",
    b"WhatsApp Image 2021-03-04 at 05.06.07.jpeg",
    b"Screenshot_2018-01-02-03-04-05-678.png",
    b"PXL_20201231_235959999.jpg",
    b"FB_IMG_1500000000000.jpg",
    b"a/b\\2004-02-29.tif",
)
DATES = (
    b"2010:07:01 12:00:00",
    b"2010-07-01T12:00:00.123+02:00",
    b"20100701120000Z",
    b"0000:00:00 00:00:00",
    b"9999-12-31T24:00:00-12:00",
)


def exif_block(order: str = "<") -> bytes:
    """An EXIF block with a camera, dates with fractions and offsets, numbers and a position."""
    exif = Image.Exif()
    exif.endian = order
    exif.update({0x010F: "Canon", 0x0110: "EOS 40D", 0x0112: 6, 0x0132: "2010:07:02 00:00:00", 0x010E: "Words"})
    exif[0x9C9E] = "sea;sun".encode("utf-16-le")
    exif.get_ifd(0x8769).update(
        {
            0x9003: "2010:07:01 12:00:00",
            0x9004: "2010:07:01 12:00:00",
            0x9011: "+02:00",
            0x9291: "123",
            0x829A: 0.004,
            0x829D: 2.8,
            0x8827: 400,
            0x920A: 50.0,
            0xA434: "EF 50mm",
            0xA002: 4000,
            0xA003: 3000,
        }
    )
    exif.get_ifd(0x8825).update(
        {
            1: "N",
            2: (43.0, 15.0, 30.0),
            3: "W",
            4: (2.0, 56.0, 6.0),
            5: b"\0",
            6: 12.0,
            7: (10.0, 0.0, 0.0),
            29: "2010:07:01",
        }
    )
    return exif.tobytes().removeprefix(b"Exif\0\0")


def tiff_block(order: str, *entries: tuple[int, int, int], magic: int = 42, gap: bytes = b"") -> bytes:
    """A TIFF block of one directory of (tag, type, value) entries whose values lie inline; `gap` after the header."""
    mark, big = {"<": b"II", ">": b"MM"}[order], magic == 43
    head = (
        struct.pack(f"{order}HHHQ", magic, 8, 0, 16 + len(gap))
        if big
        else struct.pack(f"{order}HI", magic, 8 + len(gap))
    )
    rows = b"".join(
        struct.pack(f"{order}HHQQ" if big else f"{order}HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    count = struct.pack(f"{order}{'Q' if big else 'H'}", len(entries))
    return mark + head + gap + count + rows + bytes(8 if big else 4)


def png_with(*chunks: bytes, width: int = 1, height: int = 1) -> bytes:
    """A grey PNG with more chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes((1 + width) * height)) if width * height < 1 << 20 else b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def xmp_in_png(packet: bytes) -> bytes:
    """A PNG that carries an XMP packet."""
    return png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))


def exif_in_png(block: bytes) -> bytes:
    """A PNG that carries an EXIF block."""
    return png_with(chunk(b"eXIf", block))


def resource(number: int, body: bytes) -> bytes:
    """One Photoshop image resource."""
    return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) % 2)


def iptc_in_jpeg(records: bytes) -> bytes:
    """A JPEG head that carries IPTC records."""
    body = b"Photoshop 3.0\0" + resource(0x0404, records[:60_000])
    return b"\xff\xd8" + segment(0xED, body) + b"\xff\xda\0\x02\xff\xd9"


def encoded(form: str, size: tuple[int, int] = (24, 16), mode: str = "RGB", **options: object) -> bytes:
    """A small picture with a few colours by Pillow or libheif."""
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def srgb_profile() -> bytes:
    """A small ICC profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pictures() -> dict[str, list[bytes]]:
    """Small files by media type."""
    exif, icc = exif_block(), srgb_profile()
    frames = [Image.new("L", (12, 12), grey) for grey in (9, 99, 199)]
    texts = PngInfo()
    texts.add_text("Creation Time", "2010-07-01T12:00:00Z")
    texts.add_text("Raw profile type exif", f"\nexif\n{len(exif):8}\n{exif.hex()}\n", zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    jpeg = encoded("JPEG", exif=b"Exif\0\0" + exif, xmp=XMP)
    small, large = (
        tiff_block("<", (0x100, 4, 4000), (0x101, 4, 3000)),
        tiff_block(">", (0x9003, 2, 0), (0xA002, 4, 4000)),
    )
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    cr3 = box(b"uuid", canon, box(b"CMT1", small), box(b"CMT2", large), box(b"CMT4", small))
    raf = b"FUJIFILMCCD-RAW ".ljust(84, b"\0") + struct.pack(">IIIII", 120, len(jpeg), 108, 12, 0) + bytes(4)
    raf = raf[:108] + struct.pack(">IHHHH", 1, 0x111, 4, 3000, 4000) + jpeg
    bare = b"\xff\x0a" + (1 | 1 << 1 | 0 << 6 | 0x3F << 9).to_bytes(8, "little")
    psd = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 16, 24, 8, 3) + bytes(4)
    resources = resource(0x0404, IPTC) + resource(0x0422, exif) + resource(0x0424, XMP)
    psd += struct.pack(">I", len(resources)) + resources + bytes(4) + bytes(2) + bytes(16 * 24 * 3)
    tags = ((0x100, 4, 24), (0x101, 4, 16), (0x0106, 3, 32803), (0x014A, 4, 8), (0x8769, 4, 8), (0x8825, 4, 8))
    with_next = tiff_block("<", *tags, (4, 3, 1), (5, 3, 1), (6, 3, 30), (7, 3, 40))
    return {
        "image/jpeg": [
            jpeg,
            encoded("JPEG", progressive=True, icc_profile=icc),
            encoded("JPEG", mode="CMYK"),
            encoded("JPEG", mode="L", quality=10),
            iptc_in_jpeg(IPTC),
        ],
        "image/png": [
            encoded("PNG", exif=exif, pnginfo=texts, icc_profile=icc),
            encoded("PNG", mode="P", transparency=1),
            encoded("PNG", mode="I;16"),
            png_with(chunk(b"tIME", b"\x07\xda\7\1\x0c\0\0")),
            png_with(chunk(b"acTL", bytes(7) + b"\2" + bytes(4))),
        ],
        "image/gif": [encoded("GIF"), encoded("GIF", save_all=True, append_images=frames, xmp=XMP)],
        "image/webp": [
            encoded("WEBP", exif=exif, xmp=XMP),
            encoded("WEBP", lossless=True),
            encoded("WEBP", save_all=True, append_images=[Image.new("RGB", (24, 16), "red")]),
        ],
        "image/bmp": [encoded("BMP"), encoded("BMP", mode="1")],
        "image/tiff": [
            encoded("TIFF", compression="tiff_lzw"),
            encoded("TIFF", exif=exif),
            encoded("TIFF", mode="L", compression="tiff_adobe_deflate"),
            encoded("TIFF", save_all=True, append_images=frames),
            tiff_block("<", *tags, magic=43),
            tiff_block(">", (0x100, 12, 1), (0x101, 3, 16)),
        ],
        "image/heic": [encoded("HEIF", (64, 64), exif=exif, xmp=XMP)],
        "image/avif": [encoded("AVIF", exif=exif)],
        "image/jxl": [
            bare + bytes(8),
            box(b"JXL ", b"\r\n\x87\n") + box(b"Exif", bytes(4), exif) + box(b"xml ", XMP) + box(b"jxlc", bare),
        ],
        "application/vnd.adobe.photoshop": [psd],
        "image/x-adobe-dng": [with_next, exif],
        "image/x-canon-cr2": [tiff_block("<", *tags, gap=b"CR\2\0" + bytes(4))],
        "image/x-canon-cr3": [box(b"ftyp", b"crx ", bytes(4)) + box(b"moov", cr3)],
        "image/x-fujifilm-raf": [raf],
        "image/x-panasonic-rw2": [
            tiff_block("<", *tags, (4, 3, 1), (5, 3, 1), (6, 3, 30), (7, 3, 40), magic=0x55) + jpeg
        ],
        "image/x-olympus-orf": [tiff_block("<", *tags, magic=0x4F52)],
    }
