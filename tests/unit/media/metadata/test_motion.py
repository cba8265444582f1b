"""The clip of a motion photo comes out byte for byte, by whichever convention, and nothing else does."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

from albumen.media.metadata.motion import Clip, find_clip
from albumen.testing.photos import a_photo
from albumen.testing.videos import a_video

CORPUS = Path(__file__).resolve().parents[4] / "../shared/corpus/video"
JPEG = "image/jpeg"


@pytest.fixture(scope="module")
def film() -> bytes:
    return a_video(1)


def with_xmp(photo: bytes, properties: str) -> bytes:
    packet = f"<x:xmpmeta><rdf:RDF><rdf:Description {properties}</rdf:RDF></x:xmpmeta>".encode()
    body = b"http://ns.adobe.com/xap/1.0/\0" + packet
    return photo[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + photo[2:]


def directory(length: int, padding: int = 0) -> str:
    return f"""/><Container:Directory><rdf:Seq>
        <rdf:li><Container:Item Item:Mime="image/jpeg" Item:Semantic="Primary"/></rdf:li>
        <rdf:li><Container:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="{length}"
        Item:Padding="{padding}"/></rdf:li></rdf:Seq></Container:Directory>"""


def samsung(photo: bytes, film: bytes) -> bytes:
    name = b"MotionPhoto_Data"
    entry = struct.pack("<HHI", 0, 0x0A30, len(name)) + name + film
    head = b"SEFH" + struct.pack("<II", 107, 1) + struct.pack("<HHII", 0, 0x0A30, len(entry), len(entry))
    return photo + entry + head + struct.pack("<I", len(head)) + b"SEFT"


def taken_out(data: bytes, mime: str = JPEG) -> bytes | None:
    clip = find_clip(data, mime)
    return data[clip.start : clip.end] if clip else None


def test_google_micro_video_and_container_directory(film: bytes) -> None:
    micro = with_xmp(a_photo(1), f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(film)}"/>')
    assert taken_out(micro + film) == film
    assert taken_out(with_xmp(a_photo(1), directory(len(film))) + film) == film


def test_samsungs_trailer(film: bytes) -> None:
    assert taken_out(samsung(a_photo(1), film)) == film


def test_a_heics_box_without_the_trailer_in_it(film: bytes) -> None:
    trailer = struct.pack(">I", 20) + b"sefd" + bytes(12)
    head = struct.pack(">I", 16) + b"ftypheic" + bytes(4)
    box = struct.pack(">I", 8 + len(film) + len(trailer)) + b"mpvd" + film + trailer
    assert taken_out(head + box, "image/heic") == film


@pytest.mark.parametrize("length", [0, 1, 70, 10**11])
def test_a_length_that_leads_to_no_film_gives_none(film: bytes, length: int) -> None:
    assert taken_out(with_xmp(a_photo(1), directory(length)) + film) is None
    assert taken_out(with_xmp(a_photo(1), f'GCamera:MicroVideoOffset="{length}"/>') + film) is None


def test_a_photo_without_a_clip_has_none() -> None:
    assert find_clip(a_photo(1), JPEG) is None
    assert find_clip(b"", JPEG) is None
    assert find_clip(b"SEFT", JPEG) is None
    assert find_clip(b"SEFH" * 4 + struct.pack("<I", 12) + b"SEFT", JPEG) is None


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_published_digest_of_a_samsung_clip() -> None:
    film = taken_out((CORPUS / "motion/samsung-one-ui-6.heic").read_bytes(), "image/heic")
    assert hashlib.sha1(film or b"").hexdigest() == "fde8e0cf2c2f82fcef56151855fbe42f3141005d"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_the_clip_is_where_the_phone_itself_says() -> None:
    data = (CORPUS / "motion-ente/motionphoto.heic").read_bytes()
    place = data.index(b"MotionPhoto_Datampv2") + 20
    start, size = struct.unpack_from(">II", data, place)
    assert find_clip(data, "image/heic") == Clip(start, start + size)
    assert find_clip((CORPUS / "motion-ente/pixel_8.jpg").read_bytes(), JPEG) is None
