"""Magic numbers and file extensions, as data."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["photo", "video", "sidecar", "other"]


class FileType(NamedTuple):
    """A type of file: what it is for us, its MIME type, and its short name."""

    kind: Kind
    mime: str
    format: str


class Signature(NamedTuple):
    """Bytes at an offset that tell a type."""

    offset: int
    magic: bytes
    type: FileType


def _photo(mime: str, name: str) -> FileType:
    return FileType("photo", mime, name)


def _video(mime: str, name: str) -> FileType:
    return FileType("video", mime, name)


def _other(mime: str, name: str) -> FileType:
    return FileType("other", mime, name)


JPEG, PNG = _photo("image/jpeg", "JPEG"), _photo("image/png", "PNG")
APNG, GIF = _photo("image/apng", "animated PNG"), _photo("image/gif", "GIF")
WEBP, TIFF, BMP = _photo("image/webp", "WebP"), _photo("image/tiff", "TIFF"), _photo("image/bmp", "BMP")
HEIC, HEIF, AVIF = _photo("image/heic", "HEIC"), _photo("image/heif", "HEIF"), _photo("image/avif", "AVIF")
DNG, CR2 = _photo("image/x-adobe-dng", "Adobe DNG"), _photo("image/x-canon-cr2", "Canon CR2")
NEF, ARW = _photo("image/x-nikon-nef", "Nikon NEF"), _photo("image/x-sony-arw", "Sony ARW")
PEF, SRW = _photo("image/x-pentax-pef", "Pentax PEF"), _photo("image/x-samsung-srw", "Samsung SRW")
ORF, RW2 = _photo("image/x-olympus-orf", "Olympus ORF"), _photo("image/x-panasonic-rw2", "Panasonic RW2")
CRW, CR3 = _photo("image/x-canon-crw", "Canon CRW"), _photo("image/x-canon-cr3", "Canon CR3")
RAF, MRW = _photo("image/x-fujifilm-raf", "Fujifilm RAF"), _photo("image/x-minolta-mrw", "Minolta MRW")
X3F, RAW = _photo("image/x-sigma-x3f", "Sigma X3F"), _photo("image/x-raw", "camera RAW")
IIQ = _photo(RAW.mime, "Phase One IIQ")
CAMERA_RAWS = (DNG, CR2, CR3, CRW, NEF, ARW, PEF, SRW, ORF, RW2, RAF, MRW, X3F, RAW)

JXL, PSD = _photo("image/jxl", "JPEG XL"), _photo("application/vnd.adobe.photoshop", "Photoshop PSD")
JP2, J2C = _photo("image/jp2", "JPEG 2000"), _photo("image/x-j2c", "JPEG 2000 codestream")
PPM, TGA = _photo("image/x-portable-pixmap", "Netpbm"), _photo("image/x-tga", "TGA")
CURSOR = _photo("image/x-cursor", "Windows cursor")
READ_NETPBM = "123456f"
PCX, SGI = _photo("image/x-pcx", "PCX"), _photo("image/x-sgi", "SGI")
READ_TYPES = frozenset(
    found.mime
    for found in (
        *(JPEG, PNG, APNG, GIF, WEBP, TIFF, BMP, HEIC, HEIF, AVIF, JXL, PSD, JP2, J2C, PPM, TGA, PCX, SGI),
        *CAMERA_RAWS,
    )
)
"""MIME types that the photo pass decodes."""

SVG = _other("image/svg+xml", "SVG")

MP4, MOV = _video("video/mp4", "MP4"), _video("video/quicktime", "QuickTime")
M4V, GP3, GP2 = _video("video/x-m4v", "M4V"), _video("video/3gpp", "3GP"), _video("video/3gpp2", "3G2")
MKV, WEBM = _video("video/x-matroska", "Matroska"), _video("video/webm", "WebM")
MPEG, MTS, TS = _video("video/mpeg", "MPEG"), _video("video/m2ts", "AVCHD"), _video("video/mp2t", "MPEG-TS")
AVI, WMV, OGV = _video("video/x-msvideo", "AVI"), _video("video/x-ms-wmv", "Windows Media"), _video("video/ogg", "Ogg")

XMP = FileType("sidecar", "application/rdf+xml", "XMP sidecar")
AAE = FileType("sidecar", "application/vnd.apple.photos", "Apple adjustments")
TAKEOUT = FileType("sidecar", "application/json", "Google Takeout JSON")
CAPTURE_ONE = _photo("application/x-captureone", "Capture One package")

HTML, XML, JSON = (
    _other("text/html", "HTML text"),
    _other("application/xml", "XML text"),
    _other("application/json", "JSON text"),
)
TEXT, PLIST = _other("text/plain", "text"), _other("application/x-plist", "property list")
ZIP, EMPTY = _other("application/zip", "ZIP archive"), _other("application/x-empty", "nothing")
ZEROS, BYTES = (
    _other("application/octet-stream", "only zero bytes"),
    _other("application/octet-stream", "unknown bytes"),
)
WAV, M4A, OGA = _other("audio/wav", "WAV audio"), _other("audio/mp4", "M4A audio"), _other("audio/ogg", "Ogg audio")
MP3, AAC = _other("audio/mpeg", "MP3 audio"), _other("audio/aac", "AAC audio")

SIGNATURES: tuple[Signature, ...] = (
    Signature(0, b"\xff\xd8\xff", JPEG),
    Signature(0, b"GIF87a", GIF),
    Signature(0, b"GIF89a", GIF),
    Signature(0, b"\xff\x0a", JXL),
    Signature(0, b"\0\0\0\x0cJXL \r\n\x87\n", JXL),
    Signature(0, b"\0\0\0\x0cjP  \r\n\x87\n", JP2),
    Signature(0, b"\xff\x4f\xff\x51", J2C),
    Signature(0, b"8BPS", PSD),
    Signature(0, b"FUJIFILMCCD-RAW", RAF),
    Signature(6, b"HEAPCCDR", CRW),
    Signature(0, b"\0MRM", MRW),
    Signature(0, b"FOVb", X3F),
    Signature(25, b"ARECOYK", _photo(RAW.mime, "Kyocera RAW")),
    Signature(0, b"\x89LFP\r\n\x1a\n", _photo("image/x-lytro-lfp", "Lytro LFP")),
    Signature(0, b"gimp xcf", _photo("image/x-xcf", "GIMP XCF")),
    Signature(0, b"\x76\x2f\x31\x01", _photo("image/x-exr", "OpenEXR")),
    Signature(0, b"BPG\xfb", _photo("image/bpg", "BPG")),
    Signature(0, b"FLIF", _photo("image/flif", "FLIF")),
    Signature(0, b"#?RADIANCE", _photo("image/vnd.radiance", "Radiance HDR")),
    Signature(0, b"DDS ", _photo("image/vnd.ms-dds", "DDS")),
    Signature(0, b"BLP1", _photo("image/x-blp", "BLP")),
    Signature(0, b"BLP2", _photo("image/x-blp", "BLP")),
    Signature(0, b"icns", _photo("image/icns", "Apple icon")),
    Signature(0, b"\0\0\1\0", _photo("image/x-icon", "Windows icon")),
    Signature(0, b"\0\0\2\0", CURSOR),
    Signature(0, b"\x01\xda\0\1", SGI),
    Signature(0, b"\x01\xda\1\1", SGI),
    Signature(0, b"\x01\xda\0\2", SGI),
    Signature(0, b"\x01\xda\1\2", SGI),
    Signature(0, b"\x0a\x05\x01", PCX),
    Signature(0, b"\x0a\x03\x01", PCX),
    Signature(0, b"\x0a\x02\x01", PCX),
    Signature(4, b"\x11\xaf", _photo("video/x-fli", "FLI animation")),
    Signature(4, b"\x12\xaf", _photo("video/x-fli", "FLC animation")),
    Signature(0, b"%!PS", _photo("application/postscript", "PostScript")),
    Signature(0, b"\xc5\xd0\xd3\xc6", _photo("application/postscript", "EPS")),
    Signature(0, b"AT&TFORM", _photo("image/vnd.djvu", "DjVu")),
    Signature(128, b"DICM", _photo("application/dicom", "DICOM")),
    Signature(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", WMV),
    Signature(0, b"FLV\x01", _video("video/x-flv", "Flash video")),
    Signature(0, b"\0\0\x01\xba", MPEG),
    Signature(0, b"\0\0\x01\xb3", MPEG),
    Signature(0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", _video("application/mxf", "MXF")),
    Signature(0, b"\x1f\x07\0", _video("video/x-dv", "DV")),
    Signature(0, b".RMF", _video("application/vnd.rn-realmedia", "RealMedia")),
    Signature(0, b"~\x10\x04", FileType("sidecar", "application/x-mie", "MIE metadata")),
    Signature(0, b"CANON OPTIONAL DATA\0", FileType("sidecar", "application/octet-stream", "Canon recipe")),
    Signature(0, b"IIII\x04\0\x04\0", FileType("sidecar", "application/octet-stream", "Canon recipe")),
    Signature(0, b"%PDF-", _other("application/pdf", "PDF")),
    Signature(0, b"PK\x03\x04", ZIP),
    Signature(0, b"PK\x05\x06", ZIP),
    Signature(0, b"Rar!\x1a\x07", _other("application/vnd.rar", "RAR archive")),
    Signature(0, b"7z\xbc\xaf\x27\x1c", _other("application/x-7z-compressed", "7-Zip archive")),
    Signature(0, b"\x1f\x8b\x08", _other("application/gzip", "gzip data")),
    Signature(257, b"ustar", _other("application/x-tar", "tar archive")),
    Signature(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _other("application/x-ole-storage", "OLE document")),
    Signature(0, b"SQLite format 3\0", _other("application/vnd.sqlite3", "SQLite database")),
    Signature(0, b"bplist0", PLIST),
    Signature(0, b"\x7fELF", _other("application/x-executable", "ELF program")),
    Signature(0, b"MZ", _other("application/vnd.microsoft.portable-executable", "Windows program")),
    Signature(0, b"ID3", MP3),
    Signature(0, b"fLaC", _other("audio/flac", "FLAC audio")),
    Signature(0, b"FWS", _other("application/x-shockwave-flash", "Flash")),
    Signature(0, b"CWS", _other("application/x-shockwave-flash", "Flash")),
    Signature(0, b"ZWS", _other("application/x-shockwave-flash", "Flash")),
    Signature(0, b"L\0\0\0\x01\x14\x02\0", _other("application/x-ms-shortcut", "Windows shortcut")),
    Signature(0, b"{\\rtf", _other("text/rtf", "RTF text")),
)

BRANDS: dict[bytes, FileType] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), HEIC),
    **dict.fromkeys((b"mif1", b"mif2", b"msf1"), HEIF),
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    b"crx ": CR3,
    b"jxl ": JXL,
    **dict.fromkeys((b"jp2 ", b"jpx ", b"jpm ", b"jph "), JP2),
    b"qt  ": MOV,
    **dict.fromkeys((b"M4V ", b"M4VH", b"M4VP"), M4V),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), M4A),
}
"""ISO base media brands that are not plain MP4."""

RAW_MAKES: tuple[tuple[str, FileType], ...] = (
    ("nikon", NEF),
    ("sony", ARW),
    ("pentax", PEF),
    ("ricoh", PEF),
    ("samsung", SRW),
    ("olympus", ORF),
    ("om digital", ORF),
    ("canon", CR2),
)
RAW_EXTENSIONS: dict[str, FileType] = {
    "dng": DNG,
    "cr2": CR2,
    "nef": NEF,
    "nrw": NEF,
    "arw": ARW,
    "sr2": ARW,
    "srf": ARW,
    "pef": PEF,
    "srw": SRW,
    "iiq": IIQ,
    **{
        name: _photo(RAW.mime, f"{maker} RAW")
        for name, maker in (
            ("3fr", "Hasselblad"),
            ("fff", "Hasselblad"),
            ("erf", "Epson"),
            ("dcr", "Kodak"),
            ("kdc", "Kodak"),
            ("mef", "Mamiya"),
            ("mos", "Leaf"),
            ("rwl", "Leica"),
            ("raw", "camera"),
            ("gpr", "GoPro"),
        )
    },
}
# fmt: off
PHOTO_EXTENSIONS = RAW_EXTENSIONS.keys() | frozenset(
    {
        "jpg", "jpeg", "jpe", "jfif", "jif", "jps", "thm", "mpo", "png", "apng", "gif", "webp", "tif", "tiff",
        "bmp", "dib", "heic", "heics", "heif", "hif", "avif", "avifs", "jxl", "jp2", "j2k", "jpx", "psd",
        "psb", "cr3", "crw", "raf", "orf", "rw2", "mrw", "x3f", "j2c", "jpf",
    }
)
VIDEO_EXTENSIONS = frozenset(
    {
        "mp4", "m4v", "mov", "qt", "3gp", "3gpp", "3g2", "avi", "mkv", "webm", "mpg", "mpeg", "mpe", "m2v",
        "vob", "mts", "m2ts", "m2t", "wmv", "asf", "flv", "dv", "mxf", "ogv", "insv", "lrv",
    }
)
# fmt: on
"""Names that promise a picture or a film: such a file without one is a loss that must be seen."""
