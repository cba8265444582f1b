"""Facts read from real files, whole, cut off and hostile."""

from __future__ import annotations

import io
import json
import struct
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from albumen.media.metadata import Metadata, read_metadata
from albumen.media.metadata.containers import READERS
from albumen.media.sniff import sniff
from albumen.pipeline.contract import MediaInput, StepResult
from albumen.pipeline.steps.metadata import MetadataStep
from albumen.settings import LimitSettings, Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UPLOADED = datetime(2025, 5, 5, 10, tzinfo=UTC)
DTO, DIGITIZED, OFFSET, SUBSEC = 0x9003, 0x9004, 0x9011, 0x9291


def picture(
    form: str = "JPEG",
    photo: dict[int, object] | None = None,
    gps: dict[int, object] | None = None,
    image: dict[int, object] | None = None,
    **options: object,
) -> bytes:
    exif = Image.Exif()
    exif.update(image or {})
    exif.get_ifd(0x8769).update(photo or {})
    exif.get_ifd(0x8825).update(gps or {})
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "olive").save(out, form, exif=exif.tobytes(), **options)
    return out.getvalue()


def read(data: bytes, name: str = "a.jpg", mime: str | None = None, **limits: int) -> Metadata:
    return read_metadata(
        data,
        mime or sniff(data[:65536], len(data), name).mime,
        file_name=name,
        last_modified=UPLOADED,
        home_zone="Europe/Berlin",
        now=NOW,
        limits=LimitSettings(**limits),
    )


def degrees(lat: tuple[float, ...], north: str, lon: tuple[float, ...], east: str) -> dict[int, object]:
    return {1: north, 2: lat, 3: east, 4: lon}


ZAGREB = degrees((45.0, 48.0, 0.0), "N", (15.0, 58.0, 0.0), "E")
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmp:Rating="4" exif:DateTimeOriginal="2011-02-03T04:05:06+01:00">'
    "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Kaffee</rdf:li></rdf:Alt></dc:title>"
    "<dc:subject><rdf:Bag><rdf:li>one</rdf:li><rdf:li>two</rdf:li></rdf:Bag></dc:subject>"
    "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
).encode()


def test_sub_seconds_and_the_tags_own_offset_give_a_certain_time():
    found = read(picture(photo={DTO: "2010:07:01 12:00:00", SUBSEC: "123", OFFSET: "+02:00"}))
    assert (found.taken_local, found.taken_utc) == ("2010-07-01T12:00:00.123", "2010-07-01T10:00:00.123Z")
    assert (found.taken_offset_minutes, found.taken_source) == (120, "exif:SubSecDateTimeOriginal")
    assert (found.zone_source, found.taken_zone, found.taken_confidence) == ("tag", None, "high")


def test_a_position_gives_the_zone_where_no_offset_is_written():
    found = read(picture(photo={DTO: "2010:07:01 12:00:00"}, gps=ZAGREB))
    assert (found.taken_zone, found.zone_source, found.taken_confidence) == ("Europe/Zagreb", "gps", "high")
    assert (found.gps_lat, found.gps_lon, found.gps_source) == (45.8, pytest.approx(15.9666667), "exif")
    assert found.taken_utc == "2010-07-01T10:00:00Z"


def test_without_either_the_home_zone_is_used_and_marked():
    found = read(picture(photo={DTO: "2010:12:01 12:00:00"}))
    assert (found.taken_zone, found.zone_source, found.taken_confidence) == ("Europe/Berlin", "home", "medium")
    assert found.taken_utc == "2010-12-01T11:00:00Z"


def test_an_offset_that_does_not_fit_the_place_lowers_confidence():
    found = read(picture(photo={DTO: "2010:07:01 12:00:00", OFFSET: "-05:00"}, gps=ZAGREB))
    assert (found.taken_offset_minutes, found.taken_zone, found.zone_source) == (-300, "Europe/Zagreb", "tag")
    assert found.taken_confidence == "medium"


def test_the_digitized_date_stands_in_and_the_file_name_before_the_upload():
    assert read(picture(photo={DIGITIZED: "2009:01:02 03:04:05"})).taken_source == "exif:CreateDate"
    named = read(picture(), "IMG_20190203_040506.jpg")
    assert (named.taken_source, named.taken_local, named.taken_confidence) == (
        "file_name",
        "2019-02-03T04:05:06",
        "low",
    )
    uploaded = read(picture())
    assert (uploaded.taken_source, uploaded.taken_local) == ("last_modified", "2025-05-05T12:00:00")
    assert (uploaded.taken_utc, uploaded.taken_confidence) == ("2025-05-05T10:00:00Z", "low")


def test_a_satellite_time_is_turned_into_the_local_time_of_the_place():
    found = read(picture(gps={**ZAGREB, 7: (23.0, 30.0, 0.5), 29: "2010:07:01"}))
    assert (found.taken_source, found.taken_utc) == ("gps", "2010-07-01T23:30:00.500Z")
    assert found.taken_local == "2010-07-02T01:30:00.500"


@pytest.mark.parametrize(
    ("date", "why"),
    [("0000:00:00 00:00:00", "zero date"), ("1801:01:01 00:00:00", "before 1826"), ("2031:01:01 00:00:00", "future")],
)
def test_impossible_dates_are_refused_and_the_next_source_counts(date, why):
    found = read(picture(photo={DTO: date, DIGITIZED: "2009:01:02 03:04:05"}))
    assert why in found.refused["taken"]
    assert found.taken_source == "exif:CreateDate"


@pytest.mark.parametrize(
    ("gps", "why"),
    [
        (degrees((0.0, 0.0, 0.0), "N", (0.0, 0.0, 0.0), "E"), "null island"),
        (degrees((91.0, 0.0, 0.0), "N", (15.0, 0.0, 0.0), "E"), "beyond 90"),
        (degrees((45.0, 0.0, 0.0), "N", (181.0, 0.0, 0.0), "E"), "beyond 180"),
        (degrees((45.0, 0.0, 0.0), "?", (15.0, 0.0, 0.0), "E"), "hemisphere"),
        ({1: "N", 2: (45.0, 0.0, 0.0)}, "missing"),
    ],
)
def test_impossible_positions_are_refused_with_why(gps, why):
    found = read(picture(gps=gps))
    assert found.gps_lat is None
    assert found.gps_lon is None
    assert why in found.refused["gps"]


def test_altitude_below_the_sea_is_negative():
    found = read(picture(gps={**ZAGREB, 5: b"\1", 6: 12.5}))
    assert found.gps_alt == -12.5


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_container_gives_its_exif_and_its_upright_size(form):
    found = read(picture(form, photo={DTO: "2010:07:01 12:00:00"}, image={0x0112: 6, 0x010F: "Canon", 0x0110: "EOS"}))
    assert (found.width, found.height, found.orientation) == (30, 40, 6)
    assert (found.make, found.model, found.taken_local) == ("Canon", "EOS", "2010-07-01T12:00:00")


def test_avif_turns_itself_and_keeps_its_size():
    found = read(picture("AVIF", photo={DTO: "2010:07:01 12:00:00"}, image={0x0112: 6}))
    assert {found.width, found.height} == {30, 40}
    assert found.taken_local == "2010-07-01T12:00:00"


def test_an_orientation_that_is_none_is_refused_and_not_applied():
    found = read(picture(image={0x0112: 9}))
    assert (found.width, found.height, found.orientation) == (40, 30, None)
    assert "orientation" in found.refused


def test_junk_after_nul_and_odd_charsets_do_not_reach_the_facts():
    exif = b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHII", 0x010F, 2, 12, 38) + struct.pack("<HHII", 0x0110, 2, 6, 50)
    exif += bytes(4) + b"Agfa\0junk\xff\xfe\0".ljust(12, b"\0")[:12] + b"Caf\xe9 \0"
    data = picture()
    block = b"Exif\0\0" + exif
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    found = read(data)
    assert (found.make, found.model) == ("Agfa", "Caf\xe9")


def test_xmp_gives_date_rating_title_and_keywords():
    found = read(picture(xmp=XMP))
    assert (found.taken_local, found.taken_offset_minutes) == ("2011-02-03T04:05:06", 60)
    assert (found.taken_source, found.zone_source) == ("xmp:exif:DateTimeOriginal", "tag")
    assert (found.rating, found.title, found.keywords) == (4, "Kaffee", ("one", "two"))


def test_xmp_with_a_document_type_is_refused_whole():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + XMP.partition(b"?>")[2].replace(
        b"Kaffee", b"&b;"
    )
    found = read(picture(xmp=bomb))
    assert found.title is None
    assert found.taken_source == "last_modified"


def test_exif_wins_over_xmp():
    assert read(picture(photo={DTO: "2010:07:01 12:00:00"}, xmp=XMP)).taken_local == "2010-07-01T12:00:00"


def test_png_text_profiles_and_times_are_read():
    info = PngInfo()
    profile = picture(photo={DTO: "2010:07:01 12:00:00"})
    at = profile.index(b"Exif\0\0")
    block = profile[at : at + int.from_bytes(profile[at - 2 : at], "big") - 2]
    info.add_text("Raw profile type exif", f"\nexif\n{len(block):8}\n{block.hex()}\n", zip=True)
    info.add_text("Title", "Kaffee")
    out = io.BytesIO()
    Image.new("L", (8, 9)).save(out, "PNG", pnginfo=info)
    found = read(out.getvalue(), "a.png")
    assert (found.taken_local, found.title, found.width, found.height) == ("2010-07-01T12:00:00", "Kaffee", 8, 9)


def test_a_packed_text_bomb_costs_little():
    packed = zlib.compress(bytes(50_000_000))
    chunks = b"".join(
        struct.pack(">I", len(body)) + b"zTXt" + body + bytes(4)
        for body in (b"key%d\0\0" % number + packed for number in range(20))
    )
    plain = picture("PNG")
    found = read(plain[:33] + chunks + plain[33:], "a.png")
    assert (found.width, found.height) == (40, 30)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.6])
def test_facts_are_salvaged_from_a_file_cut_off_before_its_pixels(kept):
    whole = picture(photo={DTO: "2010:07:01 12:00:00", OFFSET: "+02:00"}, image={0x010F: "Canon"})
    tables = whole.index(b"\xff\xdb")
    found = read(whole[: tables + int((len(whole) - tables) * kept)])
    assert (found.taken_utc, found.make, found.salvaged) == ("2010-07-01T10:00:00Z", "Canon", True)


def test_facts_are_salvaged_from_within_a_cut_off_exif_block():
    whole = picture(photo={DTO: "2010:07:01 12:00:00"}, image={0x010F: "Canon", 0x010E: "x" * 2000})
    found = read(whole[: whole.index(b"Canon") + 5])
    assert (found.make, found.salvaged) == ("Canon", True)


def test_a_broken_chain_of_segments_still_gives_exif_and_size():
    whole = bytearray(picture(photo={DTO: "2010:07:01 12:00:00"}))
    at = whole.index(b"\xff\xe1")
    whole[at + 2 : at + 4] = b"\0\0"
    found = read(bytes(whole))
    assert (found.taken_local, found.width, found.height, found.salvaged) == ("2010-07-01T12:00:00", 40, 30, True)


def test_raw_tags_are_json_and_capped():
    data = picture(image={0x010E: "x" * 900, 0x010F: "Canon"}, photo={DTO: "2010:07:01 12:00:00"})
    assert read(data).raw_tags["image"]["Make"] == "Canon"
    capped = read(data, raw_tags_bytes=300).raw_tags
    assert len(json.dumps(capped)) <= 300
    assert "ImageDescription" not in capped["image"]


def test_the_step_writes_one_row_of_each_table():
    data = picture(photo={DTO: "2010:07:01 12:00:00", 0x829A: 0.01, 0x8827: 200})
    context = {
        "file_name": "a.jpg",
        "last_modified": UPLOADED.isoformat(),
        "home_zone": "Europe/Berlin",
        "now": NOW.isoformat(),
    }
    (result,) = MetadataStep(Settings()).run([MediaInput(1, data, "photo", "image/jpeg", context)])
    assert isinstance(result, StepResult)
    (facts,) = result.rows["facts"]
    assert (facts["taken_local"], facts["width"], facts["height"]) == ("2010-07-01T12:00:00", 40, 30)
    assert facts["extra"] == {"exposure_s": pytest.approx(0.01), "iso": 200}
    (raw,) = result.rows["raw_tags"]
    assert json.loads(json.dumps(raw)) == raw
    assert set(result.rows) == set(MetadataStep.writes)


def test_the_step_keeps_bursts_and_faces_beside_the_columns():
    regions = (
        b"<mwg-rs:Regions xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/' rdf:parseType='Resource'>"
        b"<mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType='Resource'><mwg-rs:Name>Anna</mwg-rs:Name>"
        b"<mwg-rs:Area xmlns:stArea='http://ns.adobe.com/xmp/sType/Area#' stArea:x='0.5' stArea:y='0.25' "
        b"stArea:w='0.2' stArea:h='0.1'/></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions><dc:subject>"
    )
    data = picture(xmp=XMP.replace(b"<dc:subject>", regions), image={0x0112: 6})
    context = {
        "file_name": "20180101_120000_Burst01.jpg",
        "last_modified": UPLOADED.isoformat(),
        "home_zone": "Europe/Berlin",
        "now": NOW.isoformat(),
    }
    (result,) = MetadataStep(Settings()).run([MediaInput(1, data, "photo", "image/jpeg", context)])
    extra = json.loads(json.dumps(result.rows["facts"][0]["extra"]))
    assert extra["burst_id"] == "20180101_120000"
    assert extra["face_regions"] == [{"name": "Anna", "box": [0.7, 0.4, 0.1, 0.2], "source": "mwg"}]


SAMPLES = {
    mime: picture(form, photo={DTO: "2010:07:01 12:00:00"}, gps=ZAGREB)
    for form, mime in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("AVIF", "image/avif"))
} | {"image/tiff": picture("TIFF", photo={DTO: "2010:07:01 12:00:00"})}


@settings(deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_no_damage_makes_reading_raise(mime, data):
    sample = bytearray(SAMPLES[mime])
    spots = data.draw(st.lists(st.tuples(st.integers(0, len(sample) - 1), st.integers(0, 255)), max_size=8))
    for at, value in spots:
        sample[at] = value
    found = read(bytes(sample[: data.draw(st.integers(0, len(sample)))]), mime=mime)
    json.dumps(found.raw_tags, allow_nan=False)


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200))
def test_no_bytes_make_any_reader_raise(mime, data):
    read(data, mime=mime)
