"""What makers keep in formats and notes of their own, built byte by byte as their files are."""

from __future__ import annotations

import struct

import brotli
import pytest

DATE = (0x9003, 2, b"2010:07:01 12:00:00\0")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


@pytest.fixture
def noted(photo, tiff_directory):
    """A photo with a maker's note, which is told where in the block it lies."""

    def build(make: bytes, note) -> bytes:
        def with_note(at: int) -> bytes:
            return photo(image=[(0x10F, 2, make)], photo=[(0x927C, 7, note(at))])

        size = len(note(0))
        block = with_note(0)
        start = block.index(b"Exif\0\0") + 6
        at = block.index(note(0)) - start
        assert block[start + at : start + at + size] == note(0)
        return with_note(at)

    return build


def test_canon_names_the_lens_in_its_note(noted, tiff_directory, read):
    def note(at: int) -> bytes:
        return tiff_directory("<", [(0x0095, 2, b"EF16-35mm f/2.8L II USM\0")], at)

    assert read(noted(b"Canon\0", note)).lens == "EF16-35mm f/2.8L II USM"
    assert read(noted(b"Acme\0\0", note)).lens is None, "a note without a head is Canon's alone"


def test_canon_tells_lens_and_speed_in_numbers(noted, tiff_directory, read):
    settings = [2 * 46, *[0] * 45]
    settings[23], settings[24], settings[25] = 5500, 1800, 100
    shot = [2 * 34, 0, 160, *[0] * 31]

    def note(at: int) -> bytes:
        return tiff_directory("<", [(0x0001, 3, settings), (0x0004, 3, shot)], at)

    found = read(noted(b"Canon\0", note))
    assert (found.lens, found.iso) == ("18-55mm", 100)
    settings[16] = 18
    assert read(noted(b"Canon\0", note)).iso == 200
    settings[0] = 7
    assert read(noted(b"Canon\0", note)).lens is None, "the list does not lie where the note says"


def test_nikon_tells_the_lens_in_numbers(noted, tiff, read):
    inner = tiff(">", image=[(0x0084, 5, [(18, 1), (70, 1), (35, 10), (45, 10)])])
    assert read(noted(b"NIKON\0", lambda at: b"Nikon\0\2\x10\0\0" + inner)).lens == "18-70mm f/3.5-4.5"


def test_panasonic_and_olympus_name_the_lens(noted, tiff_directory, read):
    def panasonic(at: int) -> bytes:
        return b"Panasonic\0\0\0" + tiff_directory("<", [(0x0051, 2, b"LUMIX G VARIO 12-35/F2.8\0")], at + 12)

    def olympus(at: int) -> bytes:
        head = b"OLYMPUS\0II\3\0"
        equipment = tiff_directory("<", [(0x0203, 2, b"OLYMPUS M.12-40mm F2.8\0")], 40)
        return (head + tiff_directory("<", [(0x2010, 4, [40])], 12)).ljust(40, b"\0") + equipment

    assert read(noted(b"Panasonic\0", panasonic)).lens == "LUMIX G VARIO 12-35/F2.8"
    assert read(noted(b"OLYMPUS\0", olympus)).lens == "OLYMPUS M.12-40mm F2.8"


def test_apple_tells_the_burst_and_the_clip(noted, tiff_directory, read):
    def note(at: int) -> bytes:
        return b"Apple iOS\0\0\1MM" + tiff_directory(
            ">", [(0x000B, 2, b"8F1C7D2A-BURST\0"), (0x0011, 2, b"51E0-CLIP\0")], 14
        )

    found = read(noted(b"Apple\0", note), "20180101_120000_Burst01.jpg")
    assert found.burst_id == "8F1C7D2A-BURST"
    assert found.raw_tags["maker"]["content_id"] == "51E0-CLIP"


def test_exif_wins_over_the_makers_note(photo, tiff_directory, read):
    note = tiff_directory("<", [(0x0095, 2, b"Note\0")], 0)
    data = photo(image=[(0x10F, 2, b"Canon\0")], photo=[(0xA434, 2, b"Lens of EXIF\0"), (0x927C, 7, note)])
    assert read(data).lens == "Lens of EXIF"


@pytest.mark.parametrize(
    "head", [b"", b"Apple iOS\0\0\1MM", b"Nikon\0\2\x10\0\0MM\0*", b"OLYMPUS\0II\3\0", b"Panasonic\0\0\0"]
)
@pytest.mark.parametrize("rest", [b"", b"\xff" * 40, bytes(40), b"\1\0" * 30])
def test_no_note_makes_reading_fail(photo, read, head, rest):
    assert (
        read(photo(image=[(0x10F, 2, b"Canon\0")], photo=[DATE, (0x927C, 7, (head + rest).ljust(5))])).make == "Canon"
    )


def heap(records: list[tuple[int, bytes]]) -> bytes:
    """A Canon heap: the records' bytes, then their directory, then where it lies."""
    body, rows = b"", b""
    for tag, data in records:
        rows += struct.pack("<HII", tag, len(data), len(body))
        body += data
    return body + struct.pack("<H", len(records)) + rows + struct.pack("<I", len(body))


def crw() -> bytes:
    shot = [68, 0, 160, 0, 116, 192, *[0] * 28]
    settings = [92, *[0] * 45]
    settings[23:26] = [55, 18, 1]
    inner = heap(
        [
            (0x080A, b"Canon\0Canon EOS DIGITAL REBEL\0"),
            (0x1810, struct.pack("<IIfi", 3072, 2048, 1.0, 90)),
            (0x180E, struct.pack("<III", 1068485966, 0, 0)),
            (0x1029, struct.pack("<4h", 0, 24, 0, 0)),
            (0x102A, struct.pack("<34h", *shot)),
            (0x102D, struct.pack("<46h", *settings)),
        ]
    )
    return b"II\x1a\0\0\0HEAPCCDR\2\0\1\0" + bytes(8) + heap([(0x300A, inner)])


def test_a_canon_heap_gives_its_facts(read):
    found = read(crw(), "a.crw")
    assert (found.make, found.model, found.lens) == ("Canon", "Canon EOS DIGITAL REBEL", "18-55mm")
    assert (found.taken_local, found.taken_source) == ("2003-11-10T17:39:26", "maker:DateTimeOriginal")
    assert (found.width, found.height, found.orientation) == (2048, 3072, 6)
    assert (found.iso, found.focal_mm, found.exposure_s) == (100, 24.0, 1 / 64)
    assert found.f_number == pytest.approx(3.5636, abs=1e-4)


def test_a_canon_heap_that_points_into_itself_ends(read):
    head = b"II\x1a\0\0\0HEAPCCDR\2\0\1\0" + bytes(8)
    rows = struct.pack("<H", 500) + struct.pack("<HII", 0x300A, 5002 + 4, 0) * 500
    found = read(head + rows + bytes(4) + bytes(4), "a.crw")
    assert (found.make, found.salvaged) == (None, True)
    assert read(crw()[:-5], "a.crw").salvaged


def test_a_minolta_file_gives_size_and_exif(tiff, read):
    pixels = b"\0PRD" + struct.pack(">I", 24) + b"27200001" + struct.pack(">4H", 2456, 3272, 2448, 3264) + bytes(8)
    block = tiff(">", image=[(0x10F, 2, b"Minolta Co.\0")], photo=[DATE])
    body = pixels + b"\0TTW" + struct.pack(">I", len(block)) + block
    found = read(b"\0MRM" + struct.pack(">I", len(body)) + body, "a.mrw")
    assert (found.make, found.taken_local) == ("Minolta Co.", "2010-07-01T12:00:00")
    assert (found.width, found.height) == (3264, 2448)


def x3f(properties: dict[str, str], rotation: int = 0) -> bytes:
    header = b"FOVb\2\0\2\0" + bytes(20) + struct.pack("<III", 2268, 1512, rotation)
    characters, rows = "", b""
    for pair in properties.items():
        for text in pair:
            rows += struct.pack("<I", len(characters))
            characters += text + "\0"
    section = b"SECp\0\0\2\0" + struct.pack("<IIII", len(properties), 0, 0, len(characters))
    section += rows + characters.encode("utf-16-le")
    at = len(header) + len(section)
    listed = b"SECd\0\0\2\0" + struct.pack("<III", 1, len(header), len(section)) + b"PROP"
    return header + section + listed + struct.pack("<I", at)


def test_a_sigma_file_gives_its_properties(read):
    properties = {"CAMMANUF": "SIGMA", "CAMMODEL": "SD10", "TIME": "978309395", "EXPTIME": "24140", "APERTURE": "8.3"}
    found = read(x3f(properties | {"ISO": "100", "FLENGTH": "30", "FLEQ35MM": "51"}, rotation=90), "a.x3f")
    assert (found.make, found.model, found.taken_local) == ("SIGMA", "SD10", "2001-01-01T00:36:35")
    assert (found.exposure_s, found.f_number, found.iso, found.focal_mm, found.focal_35mm) == (
        0.02414,
        8.3,
        100,
        30,
        51,
    )
    assert (found.width, found.height, found.orientation) == (1512, 2268, 6)
    assert read(x3f({"TIME": "soon", "ISO": "auto"}), "a.x3f").iso is None


def test_a_canon_box_file_names_its_lens_and_its_stars(tiff, tiff_directory, read):
    note = b"II*\0\x08\0\0\0" + tiff_directory("<", [(0x0095, 2, b"RF24-105mm F4 L IS USM\0")], 8)
    image = tiff(image=[(0x10F, 2, b"Canon\0"), (0x100, 4, [6000]), (0x101, 4, [4000])])
    photo = b"II*\0\x08\0\0\0" + tiff_directory("<", [DATE], 8)
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    boxes = box(b"CMT1", image) + box(b"CMT2", photo) + box(b"CMT3", note)
    packet = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='3'/></rdf:RDF></x:xmpmeta>"
    )
    xmp = box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + packet)
    found = read(box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", canon + boxes)) + xmp, "a.cr3")
    assert (found.make, found.lens, found.rating) == ("Canon", "RF24-105mm F4 L IS USM", 3)
    assert (found.taken_local, found.width, found.height) == ("2010-07-01T12:00:00", 6000, 4000)


def test_jpeg_2000_and_bpg_give_size_and_exif(tiff, read):
    block = tiff(image=[(0x10F, 2, b"Acme\0")])
    size = struct.pack(">IIHBBBB", 30, 40, 3, 7, 7, 0, 0)
    jp2 = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", box(b"ihdr", size))
    found = read(jp2 + box(b"uuid", b"JpgTiffExif->JP2" + block), "a.jp2")
    assert (found.make, found.width, found.height) == ("Acme", 40, 30)
    codestream = b"\xff\x4f\xff\x51\0\x29\0\0" + struct.pack(">IIII", 45, 30, 5, 0) + bytes(20)
    assert (read(codestream, "a.j2k").width, read(codestream, "a.j2k").height) == (40, 30)
    length = len(block)
    digits = bytes([length >> 7 | 0x80, length & 0x7F])
    bpg = b"BPG\xfb\x40\x08\x28\x1e\0" + bytes([len(block) + 3 >> 7 | 0x80, len(block) + 3 & 0x7F]) + b"\1" + digits
    found = read(bpg + block, "a.bpg")
    assert (found.make, found.width, found.height) == ("Acme", 40, 30)


def test_jpeg_xl_unpacks_what_brotli_packed_and_no_bomb(tiff, read):
    head = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    exif = brotli.compress(bytes(4) + tiff(image=[(0x10F, 2, b"Acme\0")]))
    assert read(head + box(b"brob", b"Exif" + exif), "a.jxl").make == "Acme"
    assert read(head + box(b"brob", b"Exif" + brotli.compress(bytes(64_000_000))), "a.jxl").make is None
    assert read(head + box(b"brob", b"Exif" + b"junk" * 9), "a.jxl").make is None
    assert read(head + box(b"brob", b""), "a.jxl").make is None
