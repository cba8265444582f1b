"""What a file is, told from its bytes."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from albumen.media.sniff import sniff
from albumen.pipeline.taxonomy import Reason


def encoded(form: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 12), "teal").save(out, form, **options)
    return out.getvalue()


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def looked_at(data: bytes, name: str):
    return sniff(data[:65536], len(data), name)


@pytest.mark.parametrize(
    ("form", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
        ("AVIF", "image/avif"),
    ],
)
def test_formats_of_the_photo_pass_are_told_whatever_the_name(form, mime):
    for name in ("a.jpg", "b.svg", "no extension", "movie.mp4"):
        found = looked_at(encoded(form), name)
        assert (found.kind, found.mime, found.reason) == ("photo", mime, None)


def test_an_animated_png_is_told_from_a_still_one():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    assert looked_at(out.getvalue(), "a.png").mime == "image/apng"


@pytest.mark.parametrize(
    ("major", "compatible", "mime"),
    [
        (b"heic", b"mif1heic", "image/heic"),
        (b"mif1", b"mif1heic", "image/heif"),
        (b"mif1", b"mif1avif", "image/avif"),
        (b"avis", b"avisavif", "image/avif"),
        (b"crx ", b"crx isom", "image/x-canon-cr3"),
        (b"isom", b"isommp42", "video/mp4"),
        (b"qt  ", b"qt  ", "video/quicktime"),
        (b"3gp5", b"3gp5isom", "video/3gpp"),
        (b"M4A ", b"M4A isom", "audio/mp4"),
    ],
)
def test_brands_tell_pictures_from_films_and_sound(major, compatible, mime):
    assert looked_at(box(b"ftyp", major + bytes(4) + compatible) + bytes(64), "x").mime == mime


@pytest.mark.parametrize(
    ("head", "name", "mime"),
    [
        (b"\xff\x0a" + bytes(30), "a.jxl", "image/jxl"),
        (b"8BPS\0\1" + bytes(30), "a.psd", "application/vnd.adobe.photoshop"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(90), "a.raf", "image/x-fujifilm-raf"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(30), "a.cr2", "image/x-canon-cr2"),
        (b"IIU\0\x18\0\0\0" + bytes(30), "a.rw2", "image/x-panasonic-rw2"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "a.nef", "image/x-nikon-nef"),
    ],
)
def test_raw_and_layered_formats_are_told(head, name, mime):
    found = looked_at(head, name)
    assert (found.kind, found.mime, found.reason) == ("photo", mime, None)


@pytest.mark.parametrize(
    ("head", "name", "format"),
    [
        (b"gimp xcf file\0" + bytes(30), "a.xcf", "GIMP XCF"),
        (b"\x76\x2f\x31\x01" + bytes(30), "a.exr", "OpenEXR"),
        (b"#?RADIANCE\n", "a.hdr", "Radiance HDR"),
        (b"P7\nWIDTH 2\n", "a.pam", "Netpbm P7"),
    ],
)
def test_formats_not_read_yet_are_unsupported_photos_with_their_name(head, name, format):
    found = looked_at(head, name)
    assert (found.kind, found.format, found.reason) == ("photo", format, Reason.UNSUPPORTED)
    assert found.format in found.detail


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x82\x88matroska", "video/x-matroska"),
        (b"\0\0\1\xba" + bytes(20), "video/mpeg"),
        ((b"\x47" + bytes(187)) * 4, "video/mp2t"),
        (box(b"wide", b"") + box(b"mdat", bytes(20)), "video/quicktime"),
    ],
)
def test_films_wait_for_the_video_pass(head, mime):
    found = looked_at(head, "x.bin")
    assert (found.kind, found.mime, found.reason) == ("video", mime, Reason.VIDEO_PASS_PENDING)


@pytest.mark.parametrize(
    ("data", "name", "mime"),
    [
        (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>', "a.xmp", "application/rdf+xml"),
        ("\ufeff<?xpacket begin=''?>".encode("utf-16-le"), "a.xmp", "application/rdf+xml"),
        (b'{"title": "a.jpg", "photoTakenTime": {"timestamp": "1"}}', "a.jpg.json", "application/json"),
        (b'<?xml version="1.0"?><plist><dict/></plist>', "IMG_1.AAE", "application/vnd.apple.photos"),
    ],
)
def test_sidecars_are_told(data, name, mime):
    found = looked_at(data, name)
    assert (found.kind, found.mime, found.reason) == ("sidecar", mime, Reason.SIDECAR)


@pytest.mark.parametrize(
    ("data", "name", "detail"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "IMG_1.jpg", "named .jpg but holds HTML text"),
        (bytes(4096), "IMG_2.HEIC", "named .heic but holds only zero bytes"),
        (b"%PDF-1.7\n", "IMG_3.heic", "named .heic but holds PDF"),
        (b"\x8f\x12\xa3\x99" * 20, "clip.mp4", "named .mp4 but holds unknown bytes"),
        (b"not found", "IMG_4.png", "named .png but holds text"),
        (b"", "IMG_5.jpg", "empty file (0 bytes)"),
    ],
)
def test_a_name_that_promises_a_picture_over_bytes_that_are_none_is_unreadable(data, name, detail):
    found = looked_at(data, name)
    assert (found.kind, found.reason, found.detail) == ("other", Reason.UNREADABLE, detail)


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"", "marker"), (b"hello", "notes.txt"), (b"%PDF-1.4", "a.pdf"), (b"{}", "a.json"), (b"PK\x03\x04", "a.zip")],
)
def test_what_never_was_media_is_passed_over(data, name):
    assert looked_at(data, name).reason is Reason.NOT_MEDIA


def test_svg_is_never_rendered():
    found = looked_at(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg")
    assert (found.mime, found.reason) == ("image/svg+xml", Reason.UNSUPPORTED)


@given(st.binary(max_size=600), st.text(max_size=20))
def test_no_bytes_and_no_name_make_it_raise(data, name):
    found = sniff(data, len(data), name)
    assert found.kind in {"photo", "video", "sidecar", "other"}
    assert (found.reason is None) == (found.detail == "")


@given(
    st.sampled_from([b"II*\0", b"MM\0+", b"\x89PNG\r\n\x1a\n", b"RIFF", b"\0\0\0\x18ftyp", b"BM"]),
    st.binary(max_size=300),
)
def test_no_rest_after_a_known_beginning_makes_it_raise(start, rest):
    sniff(start + rest, len(start + rest), "a.jpg")
