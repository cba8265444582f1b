"""EXIF, XMP and IPTC as real writers bend them: every line of the tables below was seen in the wild or is allowed."""

from __future__ import annotations

import struct

import pytest

DATE = (0x9003, 2, b"2010:07:01 12:00:00\0")
XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
POSITION = [(1, 2, b"S\0"), (2, 5, [(45, 1), (48, 1), (0, 1)]), (3, 2, b"W\0"), (4, 5, [(15, 1), (58, 1), (30, 1)])]


def packet(attributes: str = "", body: str = "") -> bytes:
    return (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
        "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:tiff='http://ns.adobe.com/tiff/1.0/' "
        "xmlns:xmpNote='http://ns.adobe.com/xmp/note/' xmlns:GCamera='http://ns.google.com/photos/1.0/camera/' "
        f"xmlns:MicrosoftPhoto='http://ns.microsoft.com/photo/1.0/' {attributes}>{body}"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_say_the_same(photo, read, order):
    found = read(
        photo(
            order,
            image=[(0x10F, 2, b"Acme\0"), (0x112, 3, [6])],
            photo=[DATE, (0x9291, 2, b"07\0"), (0x829A, 5, [(1, 250)]), (0x8827, 3, [400]), (0x9011, 2, b"+0530\0")],
            gps=[*POSITION, (5, 1, [1]), (6, 5, [(125, 10)])],
        )
    )
    assert (found.make, found.orientation, found.width, found.height) == ("Acme", 6, 30, 40)
    assert (found.taken_utc, found.taken_offset_minutes) == ("2010-07-01T06:30:00.070Z", 330)
    assert (found.exposure_s, found.iso, found.gps_alt) == (0.004, 400, -12.5)
    assert (found.gps_lat, found.gps_lon) == (-45.8, -15.975)


@pytest.mark.parametrize(
    ("written", "local"),
    [
        (b"2010/07/01 12:00:00", "2010-07-01T12:00:00"),
        (b"2010 07 01 12:00:00", "2010-07-01T12:00:00"),
        (b"2010-07-01T12:00:00", "2010-07-01T12:00:00"),
        (b"2010:07:01 24:00:00", "2010-07-02T00:00:00"),
        (b"2010:07:01 23:59:60", "2010-07-02T00:00:00"),
        (b"2010:07:01 03:04:05 PM", "2010-07-01T15:04:05"),
        (b"2010:07:01 12:04:05 am", "2010-07-01T00:04:05"),
        (b"2010:7:1 1:2:3", "2010-07-01T01:02:03"),
        (b"20100701 120000", "2010-07-01T12:00:00"),
        (b"2003:08:27:00:09:15", "2003-08-27T00:09:15"),
        (b"Thu Jul  1 12:00:00 2010", "2010-07-01T12:00:00"),
        (b"Thu, 01 Jul 2010 12:00:00 GMT", "2010-07-01T12:00:00"),
        (b"2010:07:01 12:00:00.789", "2010-07-01T12:00:00.789"),
        (b"1826:01:01 00:00:00", "1826-01-01T00:00:00"),
    ],
)
def test_dates_are_read_in_many_spellings(photo, read, written, local):
    found = read(photo(photo=[(0x9003, 2, written + b"\0")]))
    assert (found.taken_local, found.taken_source) == (local, "exif:DateTimeOriginal")


@pytest.mark.parametrize(
    "written",
    [
        b"0000:00:00 00:00:00",
        b"1825:12:31 23:59:59",
        b"2010:02:30 10:00:00",
        b"2010:07:01 12:61:00",
        b"05.10.2009 11:16",
    ],
)
def test_impossible_dates_are_named(photo, read, written):
    found = read(photo(photo=[(0x9003, 2, written + b"\0")]))
    assert found.taken_source == "last_modified"
    assert "exif:DateTimeOriginal" in found.refused["taken"]


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        (b"Z", 0),
        (b"+05:30:00", 330),
        (b"-03:30", -210),
        (b"+14:00", 840),
        (b"UTC+2", 120),
        ("\u221205:00".encode(), -300),
    ],
)
def test_offsets_are_read_in_many_spellings(photo, read, written, minutes):
    found = read(photo(photo=[DATE, (0x9011, 2, written + b"\0")]))
    assert (found.taken_offset_minutes, found.zone_source) == (minutes, "tag")


@pytest.mark.parametrize(
    ("gps", "place"),
    [
        ([(1, 2, b"n\0"), *POSITION[1:]], (45.8, -15.975)),
        ([(1, 2, b"North\0"), POSITION[1], (3, 2, b"east\0"), POSITION[3]], (45.8, 15.975)),
        ([(1, 2, b"S\0"), (2, 10, [(-45, 1), (48, 1), (0, 1)]), *POSITION[2:]], (-45.8, -15.975)),
        ([(1, 2, b"N\0"), (2, 5, [(45801234, 1000000)]), *POSITION[2:]], (45.801234, -15.975)),
        ([(1, 2, b"N\0"), (2, 2, b"52,00,50.0\0"), (3, 2, b"E\0"), (4, 2, b"11,00,10\0")], (52.0138889, 11.0027778)),
    ],
)
def test_positions_are_read_in_many_spellings(photo, read, gps, place):
    found = read(photo(gps=gps))
    assert (found.gps_lat, found.gps_lon) == place


@pytest.mark.parametrize(
    ("gps", "why"),
    [
        (POSITION[1:], "hemisphere"),
        ([POSITION[0], (2, 5, [(45, 1), (48, 1), (0, 0)]), *POSITION[2:]], "0/0"),
        ([POSITION[0], (2, 5, [(91, 1), (0, 1), (0, 1)]), *POSITION[2:]], "beyond 90"),
    ],
)
def test_positions_that_cannot_be_are_refused(photo, read, gps, why):
    found = read(photo(gps=gps))
    assert found.gps_lat is None
    assert why in found.refused["gps"]


@pytest.mark.parametrize(
    ("written", "place"),
    [("45,48.0S 15,58,30W", (-45.8, -15.975)), ("-45.5 15.25", (-45.5, 15.25)), ("0,0N 0,0E", (None, None))],
)
def test_xmp_positions_are_read(jpeg, segment, read, written, place):
    lat, lon = written.split()
    found = read(jpeg(segment(XMP + packet(f"exif:GPSLatitude='{lat}' exif:GPSLongitude='{lon}'"))))
    assert (found.gps_lat, found.gps_lon) == place


@pytest.mark.parametrize(
    ("image", "attributes", "rating"),
    [
        ([(0x4746, 3, [5])], "", 5),
        ([(0x4746, 3, [5])], "xmp:Rating='2'", 2),
        ([(0x4749, 3, [75])], "", 4),
        ([(0x4749, 3, [0])], "", 0),
        ([], "MicrosoftPhoto:Rating='99'", 5),
        ([], "xmp:Rating='-1'", -1),
        ([], "xmp:Rating='9'", None),
        ([], "", None),
    ],
)
def test_stars_come_from_four_places(jpeg, segment, tiff, read, image, attributes, rating):
    found = read(jpeg(segment(b"Exif\0\0" + tiff(image=image)), segment(XMP + packet(attributes))))
    assert found.rating == rating
    assert ("rating" in found.refused) == (attributes == "xmp:Rating='9'")


def test_the_first_exif_block_counts_wherever_it_stands(jpeg, segment, tiff, read):
    first, second = (segment(b"Exif\0\0" + tiff(image=[(0x10F, 2, make)])) for make in (b"First\0", b"Second\0"))
    assert read(jpeg(first, second)).make == "First"
    assert read(jpeg(segment(XMP + packet("tiff:Make='Packet'")), first)).make == "First"
    assert read(jpeg(segment(b"Exif\0\0" + bytes(20)), second)).make == "Second", "the first has no header"
    plain = jpeg()
    frame = plain.index(b"\xff\xc0")
    after = frame + 2 + int.from_bytes(plain[frame + 2 : frame + 4], "big")
    assert read(plain[:after] + second + plain[after:]).make == "Second"


def test_an_exif_block_goes_on_in_the_next_segment(jpeg, segment, tiff, read):
    block = tiff(image=[(0x10E, 2, b"x" * 500 + b"\0"), (0x10F, 2, b"Acme Cameras\0")])
    split = len(block) - 20
    found = read(jpeg(segment(b"Exif\0\0" + block[:split]), segment(b"Exif\0\0" + block[split:])))
    assert (found.make, found.description) == ("Acme Cameras", "x" * 500)


def test_a_directory_may_lie_at_an_odd_offset(jpeg, segment, tiff_directory, read):
    block = b"MM\0*" + struct.pack(">I", 9) + b"\0" + tiff_directory(">", [(0x10F, 2, b"Oddly placed\0")], 9)
    assert read(jpeg(segment(b"Exif\0\0" + block))).make == "Oddly placed"


def test_a_directory_may_be_pointed_to_by_a_signed_number(photo, read):
    block = photo(photo=[DATE], gps=POSITION)
    for tag in (0x8769, 0x8825):
        signed = block.replace(struct.pack("<HH", tag, 4), struct.pack("<HH", tag, 9))
        assert signed != block
        block = signed
    found = read(block)
    assert (found.taken_local, found.gps_lat) == ("2010-07-01T12:00:00", -45.8)


def test_a_big_tiff_is_read(read):
    rows = (
        struct.pack(">HHQ8s", 0x100, 4, 1, struct.pack(">I", 40)),
        struct.pack(">HHQ8s", 0x101, 3, 1, struct.pack(">H", 30)),
        struct.pack(">HHQQ", 0x110, 2, 12, 16 + 8 + 60 + 8),
    )
    data = b"MM\0+\0\x08\0\0" + struct.pack(">QQ", 16, 3) + b"".join(rows) + bytes(8) + b"Long model!\0"
    found = read(data, "a.tif")
    assert (found.model, found.width, found.height) == ("Long model!", 40, 30)


def test_xmp_beyond_one_segment_is_put_together(jpeg, segment, read):
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    more = packet(body="<dc:subject><rdf:Bag><rdf:li>one</rdf:li><rdf:li>two</rdf:li></rdf:Bag></dc:subject>")
    main = packet(f"xmpNote:HasExtendedXMP='{guid.decode()}' xmp:Rating='4'")
    pieces = [
        segment(EXTENSION + guid + struct.pack(">II", len(more), at) + more[at : at + 100])
        for at in range(0, len(more), 100)
    ]
    found = read(jpeg(segment(XMP + main), *reversed(pieces)))
    assert (found.rating, found.keywords) == (4, ("one", "two"))
    other = [piece.replace(guid, guid[::-1]) for piece in pieces]
    assert read(jpeg(segment(XMP + main), *other)).keywords == (), "it belongs to another packet"
    assert read(jpeg(segment(XMP + main), *pieces[:1], *pieces[2:])).rating == 4, "a piece is missing"


def test_the_default_language_wins(jpeg, segment, read):
    items = "<rdf:li xml:lang='de'>Deutsch</rdf:li><rdf:li xml:lang='x-default'>Default</rdf:li>"
    found = read(jpeg(segment(XMP + packet(body=f"<dc:title><rdf:Alt>{items}</rdf:Alt></dc:title>"))))
    assert found.title == "Default"


def test_photoshop_resources_go_on_in_the_next_segment(jpeg, segment, read):
    records = b"\x1c\x02\x05\0\x05Title\x1c\x02\x37\0\x0820100701\x1c\x02\x3c\0\x0b120000+0200"
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + bytes(len(records) % 2)
    parts = [segment(b"Photoshop 3.0\0" + part, 0xED) for part in (resources[:20], resources[20:])]
    found = read(jpeg(*parts))
    assert (found.title, found.taken_utc) == ("Title", "2010-07-01T10:00:00Z")


def test_exposure_is_read_from_steps_where_nothing_else_is_written(photo, read):
    found = read(photo(photo=[(0x9201, 10, [(6, 1)]), (0x9202, 5, [(4, 1)])]))
    assert (found.exposure_s, found.f_number) == (1 / 64, 4.0)
    wild = read(photo(photo=[(0x9201, 10, [(-2147483648, 1)]), (0x9202, 5, [(4294967295, 1)])]))
    assert (wild.exposure_s, wild.f_number) == (None, None)


def test_a_speed_beyond_its_tag_is_read_from_the_later_one(photo, read):
    assert read(photo(photo=[(0x8827, 3, [65535]), (0x8832, 4, [102400])])).iso == 102400
    assert read(photo(photo=[(0x8827, 3, [65535])])).iso == 65535


def test_numbers_may_have_another_type_than_the_standard_s(photo, read):
    found = read(photo(image=[(0x112, 4, [8])], photo=[(0x8827, 4, [100]), (0x829A, 12, [0.005]), (0xA405, 4, [27])]))
    assert (found.orientation, found.iso, found.exposure_s, found.focal_35mm) == (8, 100, 0.005, 27)


def test_a_lens_without_a_name_is_told_by_its_numbers(photo, read):
    assert read(photo(photo=[(0xA432, 5, [(18, 1), (70, 1), (35, 10), (45, 10)])])).lens == "18-70mm f/3.5-4.5"
    assert read(photo(photo=[(0xA432, 5, [(50, 1), (50, 1), (18, 10), (18, 10)])])).lens == "50mm f/1.8"
    assert read(photo(photo=[(0xA434, 2, b"----\0"), (0xA432, 5, [(24, 1), (24, 1), (0, 0), (0, 0)])])).lens == "24mm"
    assert read(photo(photo=[(0xA432, 5, [(0, 0)] * 4)])).lens is None


def test_a_burst_id_is_taken_from_the_packet_before_the_name(jpeg, segment, read):
    data = jpeg(segment(XMP + packet("GCamera:BurstID='abc-1'")))
    assert read(data, "20180101_120000_Burst01.jpg").burst_id == "abc-1"
    assert read(jpeg(), "20180101_120000_Burst01.jpg").burst_id == "20180101_120000"
    assert read(jpeg()).burst_id is None


@pytest.mark.parametrize("head", [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"RIFF\xff\0\0\0WEBPVP8X\xff\xff\0\0"])
def test_exif_is_salvaged_wherever_it_stands_in_a_broken_file(tiff, read, head):
    block = tiff(image=[(0x10F, 2, b"Acme Cameras\0")], photo=[DATE])
    found = read(head + bytes(100) + b"Exif\0\0" + block, "a.heic")
    assert (found.make, found.taken_local, found.salvaged) == ("Acme Cameras", "2010-07-01T12:00:00", True)
