"""Tells what a file is from its first bytes; its name only breaks ties."""

from __future__ import annotations

import re
from dataclasses import dataclass

from albumen.media import signatures as types
from albumen.media.metadata.exif import MAKE
from albumen.media.metadata.tiff import TiffBlock
from albumen.media.signatures import FileType, Kind
from albumen.pipeline.taxonomy import Reason

_HEAD_BYTES = 64 * 1024
_DNG_VERSION, _PHOTOMETRIC, _SUB_IFDS = 0xC612, 0x0106, 0x014A
_SENSOR_PIXELS = frozenset({32803, 34892})
_TEXT_SAMPLE = 4096
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_JSON = re.compile(r"[{\[]\s*[\"{}\[\]\d\-]")
_HTML = re.compile(r"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_BOX_NAMES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_LARGEST_FIRST_BOX = 1 << 40
_NETPBM = re.compile(rb"P([1-7FfyW])\s+[#\d\-W]")
_SIDECAR_EXTENSIONS = frozenset({"xmp", "aae", "pp3", "dop", "on1", "vrd", "dr4"})


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file is.

    Attributes
    ----------
    kind : str
        `photo`, `video`, `sidecar` or `other`.
    mime : str
        Media type.
    format : str
        Short name for people: `JPEG`, `Canon CR2`, `HTML text`.
    reason : Reason or None
        None when the photo pass handles it, else why not.
    detail : str
        The reason in words; empty when `reason` is None.
    """

    kind: Kind
    mime: str
    format: str
    reason: Reason | None
    detail: str


def sniff(head: bytes, size: int, name: str) -> Sniffed:
    """Tell what a file is; never raises, whatever the bytes.

    Parameters
    ----------
    head : bytes
        The first 64 KiB of the file, or all of it.
    size : int
        The file's length, bytes.
    name : str
        Its name or key, which breaks ties and promises what the bytes must keep.

    Returns
    -------
    Sniffed
        A file whose name promises a picture or a film, but whose bytes are none, is `unreadable`:
        it must be seen, not passed over.
    """
    base = name.replace("\\", "/").rpartition("/")[2]
    extension = base.rpartition(".")[2].lower() if "." in base else ""
    head = head[:_HEAD_BYTES]
    found = _type_of(head, extension) if size and head else types.EMPTY
    reason, detail = _judge(found, extension)
    return Sniffed(found.kind, found.mime, found.format, reason, detail)


def _judge(found: FileType, extension: str) -> tuple[Reason | None, str]:
    if found.kind == "photo":
        read = found.mime in types.READ_TYPES
        return (None, "") if read else (Reason.UNSUPPORTED, f"{found.format} is not read yet")
    if found.kind == "video":
        return Reason.VIDEO_PASS_PENDING, f"{found.format} waits for the video pass"
    is_sound_of_film = found.mime.startswith("audio/") and extension in types.VIDEO_EXTENSIONS
    if extension in types.PHOTO_EXTENSIONS | types.VIDEO_EXTENSIONS and not is_sound_of_film:
        if found == types.EMPTY:
            return Reason.UNREADABLE, "empty file (0 bytes)"
        return Reason.UNREADABLE, f"named .{extension} but holds {found.format}"
    if found.kind == "sidecar":
        return Reason.SIDECAR, found.format
    if found == types.SVG:
        return Reason.UNSUPPORTED, "SVG is never rendered"
    return Reason.NOT_MEDIA, found.format


def _type_of(head: bytes, extension: str) -> FileType:
    for recognise in (
        _of_boxes,
        _of_signature,
        _of_png,
        _of_tiff,
        _of_riff,
        _of_stream,
        _of_bitmap,
        _of_text,
        _of_sound,
    ):
        found = recognise(head, extension)
        if found:
            return found
    return types.BYTES if head.strip(b"\0") else types.ZEROS


def _of_signature(head: bytes, extension: str) -> FileType | None:
    for offset, magic, found in types.SIGNATURES:
        if head.startswith(magic, offset):
            if found == types.CURSOR and extension == "tga":
                return None  # both begin with the same numbers
            return types.CAPTURE_ONE if found == types.ZIP and extension == "eip" else found
    return None


def _of_png(head: bytes, extension: str) -> FileType | None:
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    at = 8
    while at + 8 <= len(head):
        kind = head[at + 4 : at + 8]
        if kind == b"acTL":
            return types.APNG
        if kind == b"IDAT":
            break
        at += 12 + int.from_bytes(head[at : at + 4], "big")
    return types.PNG


def _of_tiff(head: bytes, extension: str) -> FileType | None:
    tiff = TiffBlock(head, len(head))
    if not tiff.magic or (not tiff.first_offset and tiff.magic not in (42, 43)):
        return None
    if tiff.magic == 0x55:
        return types.RW2
    if tiff.magic in (0x4F52, 0x5352):
        return types.ORF
    if tiff.magic not in (42, 43):
        return None
    if head[8:10] == b"CR":
        return types.CR2
    if head[8:12] in (b"IIII", b"MMMM"):
        return types.IIQ
    first = tiff.first()
    if _DNG_VERSION in first.values:
        return types.DNG
    pictures = [first, *tiff.linked(first, _SUB_IFDS)]
    if any(picture.integer(_PHOTOMETRIC) in _SENSOR_PIXELS for picture in pictures):
        make = (first.text(MAKE) or "").lower()
        by_make = next((found for known, found in types.RAW_MAKES if make.startswith(known)), types.RAW)
        return types.RAW_EXTENSIONS.get(extension, by_make)
    return types.RAW_EXTENSIONS.get(extension, types.TIFF)


def _of_riff(head: bytes, extension: str) -> FileType | None:
    if head[:4] != b"RIFF":
        return None
    return {b"WEBP": types.WEBP, b"AVI ": types.AVI, b"WAVE": types.WAV}.get(head[8:12])


def _of_boxes(head: bytes, extension: str) -> FileType | None:
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if kind in _BOX_NAMES and (size in (0, 1) or 8 <= size < _LARGEST_FIRST_BOX):
        return types.MOV
    if kind != b"ftyp":
        return None
    major = head[8:12]
    brands = [head[at : at + 4] for at in range(16, min(size, 512, len(head) - 3), 4)]
    if major in (b"mif1", b"msf1", b"mif2"):
        return types.AVIF if b"avif" in brands or b"avis" in brands else types.HEIF
    if major[:3] in (b"3gp", b"3gg", b"3ge"):
        return types.GP3
    if major[:3] == b"3g2":
        return types.GP2
    named = types.BRANDS.get(major)
    return named or next((types.BRANDS[brand] for brand in brands if brand in _PICTURE_BRANDS), types.MP4)


_PICTURE_BRANDS = frozenset(brand for brand, found in types.BRANDS.items() if found.kind == "photo")


def _of_stream(head: bytes, extension: str) -> FileType | None:
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return types.WEBM if b"webm" in head[:64] else types.MKV
    if head[:4] == b"OggS":
        return types.OGV if b"theora" in head[:256] else types.OGA
    if len(head) > 400 and all(head[at] == 0x47 for at in (0, 188, 376)):
        return types.TS
    if len(head) > 400 and all(head[at] == 0x47 for at in (4, 196, 388)):
        return types.MTS
    return None


def _of_sound(head: bytes, extension: str) -> FileType | None:
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return types.AAC
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 6 and head[2] & 0xF0 != 0xF0:
        return types.MP3 if extension not in types.PHOTO_EXTENSIONS else None
    return None


def _of_bitmap(head: bytes, extension: str) -> FileType | None:
    if head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) >= 26:
        return types.BMP
    if match := _NETPBM.match(head):
        number = match[1].decode()
        return FileType("photo", types.PPM.mime if number in types.READ_NETPBM else "image/x-pam", f"Netpbm P{number}")
    if extension == "tga" and len(head) >= 18 and head[1] in (0, 1) and head[2] in (0, 1, 2, 3, 9, 10, 11):
        return types.TGA
    return None


def _of_text(head: bytes, extension: str) -> FileType | None:
    text = _decode(head[:_TEXT_SAMPLE])
    if text is None:
        return None
    start = text.lstrip()[:_TEXT_SAMPLE]
    if start.startswith("<"):
        return _of_markup(start, extension)
    if _JSON.match(start):
        takeout = '"photoTakenTime"' in start or '"geoDataExif"' in start
        return types.TAKEOUT if takeout else types.JSON
    if extension in _SIDECAR_EXTENSIONS:
        return FileType("sidecar", "text/plain", f"{extension.upper()} sidecar")
    return types.TEXT


def _of_markup(text: str, extension: str) -> FileType:
    if "<x:xmpmeta" in text or "<rdf:RDF" in text or text.startswith("<?xpacket"):
        return types.XMP
    if "<svg" in text or "<!DOCTYPE svg" in text:
        return types.SVG
    if _HTML.search(text):
        return types.HTML
    if "<plist" in text:
        return types.AAE if extension == "aae" or "adjustmentFormatIdentifier" in text else types.PLIST
    return types.XML


def _decode(sample: bytes) -> str | None:
    """The sample as text, or None where it is not text."""
    for mark, charset in _BOMS:
        if sample.startswith(mark):
            return sample[len(mark) :].decode(charset, errors="replace")
    if b"\0" in sample or not sample.strip():
        return None
    text = sample.decode("utf-8", errors="replace")
    odd = sum(1 for letter in text[:-4] if letter == "\ufffd" or (letter < " " and letter not in "\t\n\r\f\x1b"))
    return text if odd * 20 <= len(text) else None
