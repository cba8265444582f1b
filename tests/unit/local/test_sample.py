"""The demo's sample library: what is planted where, and that nothing foreign gets in."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import subprocess
import zlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from PIL import Image

from albumen.local.sample import SampleError, build_sample, fetch, manifest_path
from albumen.local.sample.bad_files import oversized_png
from albumen.local.sample.drawn import drawn_files
from albumen.local.sample.exif import Tagging, check_tags, find_exiftool, write_tags
from albumen.local.sample.packages import PACKAGES, Package
from albumen.local.sample.pictures import members
from albumen.local.sample.shots import Shot, plan_shots
from albumen.local.sample.story import PLACES, anniversary

DAYS = [date(2026, 11, 22), date(2027, 1, 1), date(2028, 2, 29), date(2026, 3, 29)]
REQUIRED = {package.name for package in PACKAGES if package.required}
EVERYTHING = members()
WITHOUT_OPTIONAL = {name: member for name, member in EVERYTHING.items() if member.package in REQUIRED}
NOWHERE = "http://127.0.0.1:9/simple"

exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


@pytest.fixture(params=["with the optional package", "without it"])
def available(request):
    return EVERYTHING if request.param.startswith("with ") else WITHOUT_OPTIONAL


def of(shots: list[Shot], *roles: str) -> list[Shot]:
    return sorted((shot for shot in shots if shot.role in roles), key=lambda shot: shot.taken)


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    (north_a, east_a), (north_b, east_b) = ([math.radians(x) for x in point] for point in (a, b))
    cosine = math.sin(north_a) * math.sin(north_b) + math.cos(north_a) * math.cos(north_b) * math.cos(east_a - east_b)
    return 6371 * math.acos(min(cosine, 1))


@pytest.mark.parametrize("as_of", DAYS)
def test_an_anniversary_is_planted_in_three_past_years(as_of, available):
    shots = of(plan_shots(as_of, available), "on_this_day")
    assert Counter(shot.taken.year for shot in shots) == {as_of.year - 1: 5, as_of.year - 2: 5, as_of.year - 4: 5}
    assert {shot.taken.date() for shot in shots} == {anniversary(as_of, years) for years in (1, 2, 4)}
    gaps = [after.taken - before.taken for before, after in pairwise(shots)]
    assert min(gaps) >= timedelta(minutes=10)
    assert len({shot.picture for shot in shots}) == 15
    assert all(shot.gps for shot in shots)


@pytest.mark.parametrize("as_of", DAYS)
def test_the_trip_lasts_four_days_far_from_home_with_two_bursts(as_of, available):
    shots = of(plan_shots(as_of, available), "trip", "trip_burst")
    located = [shot for shot in shots if shot.gps]
    assert (shots[-1].taken.date() - shots[0].taken.date()).days == 3
    assert len(located) >= 20
    assert len(located) < len(shots)
    assert all(210 < kilometres(PLACES["home"], shot.gps) < 235 for shot in located)
    bursts = Counter(shot.picture for shot in shots if shot.role == "trip_burst")
    assert sorted(bursts.values()) == [5, 5]


@pytest.mark.parametrize("as_of", DAYS)
def test_home_is_lived_in_for_five_years(as_of, available):
    shots = plan_shots(as_of, available)
    at_home = {s.taken.date() for s in shots if s.gps and s.taken and kilometres(PLACES["home"], s.gps) < 5}
    assert len(at_home) >= 12
    assert (max(at_home) - min(at_home)).days > 4.5 * 365
    assert max(at_home) < as_of


def test_only_planted_days_are_anniversaries(available):
    for offset in range(0, 366, 7):
        as_of = date(2026, 1, 1) + timedelta(days=offset)
        for shot in of(plan_shots(as_of, available), "home", "pet", "trip", "city_weekend"):
            years = round((as_of - shot.taken.date()).days / 365.25)
            assert abs((anniversary(as_of, years) - shot.taken.date()).days) > 10


def test_a_city_weekend_has_at_least_seven_pictures(available):
    shots = of(plan_shots(DAYS[0], available), "city_weekend")
    assert [shots[0].taken.weekday(), shots[-1].taken.weekday()] == [5, 6]
    assert len(shots) >= 7


def test_one_person_keeps_the_dates_of_three_years(available):
    own = [s for s in plan_shots(DAYS[0], available) if s.role == "person" and s.taken_is == "own"]
    assert {shot.taken.year for shot in own if shot.picture.startswith("man")} == {2009, 2010, 2012}


def test_no_two_files_share_a_path_and_every_picture_is_pinned(available):
    shots = plan_shots(DAYS[0], available)
    assert len({shot.path for shot in shots}) == len(shots)
    assert {shot.picture for shot in shots} <= set(available)
    assert all(len(member.sha256) == 64 for member in EVERYTHING.values())
    assert {member.package for member in EVERYTHING.values()} == {package.name for package in PACKAGES}


def test_drawings_are_the_same_every_time_and_fall_on_story_days():
    first, second = drawn_files(DAYS[0]), drawn_files(DAYS[0])
    assert [file.data for file in first] == [file.data for file in second]
    assert Counter(file.role for file in first)["never_in_story"] == 11
    assert any(file.taken and file.taken.date() == anniversary(DAYS[0], 1) for file in first)


def test_the_oversized_png_is_small_and_well_formed(tmp_path, monkeypatch):
    # Our decoders have limits of their own and switch this one off for the process.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000_000)
    packed = oversized_png(40_000, 40_000)
    assert len(packed) < 8_000
    assert zlib.crc32(packed[12:29]) == int.from_bytes(packed[29:33])
    (tmp_path / "enorme.png").write_bytes(packed)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(tmp_path / "enorme.png")


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        (json.dumps({"files": [{"filename": "a-1.tar.gz", "url": "../../f/a-1.tar.gz"}]}), "application/json"),
        ('<a href="../../f/b-1.whl">b</a><a href="../../f/a-1.tar.gz#sha256=00">a</a>', "text/html"),
    ],
)
def test_an_index_page_is_read_as_json_or_html(page, content_type):
    found = fetch.file_address(page.encode(), content_type, "https://index.example/simple/a/", "a-1.tar.gz")
    assert found.startswith("https://index.example/f/a-1.tar.gz")


def test_the_index_is_the_one_pip_is_configured_with(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    assert fetch.index_address() == "https://index.example/simple"


def test_an_archive_in_the_cache_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    (tmp_path / "a-1.whl").write_bytes(b"a")
    package = Package("a", "1", "a-1.whl", hashlib.sha256(b"a").hexdigest(), 1, "MIT")
    assert fetch.fetch(package, tmp_path, lambda _: None) == tmp_path / "a-1.whl"


def test_without_network_the_message_names_the_file_and_the_way_round(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    (tmp_path / "a-1.whl").write_bytes(b"spoiled")
    package = Package("a", "1", "a-1.whl", hashlib.sha256(b"a").hexdigest(), 1, "MIT")
    with pytest.raises(SampleError, match=r"a-1\.whl.*by hand.*\./albumen demo DIR"):
        fetch.fetch(package, tmp_path, lambda _: None)


def test_an_optional_package_may_be_absent(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    package = Package("a", "1", "a-1.whl", "0" * 64, 1, "MIT", required=False)
    assert fetch.fetch(package, tmp_path, lambda _: None) is None


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(SampleError, match="other files"):
        build_sample(tmp_path / "photos", as_of=DAYS[0], cache=tmp_path / "cache")


def test_without_exiftool_or_perl_the_message_tells_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SampleError, match="libimage-exiftool-perl"):
        find_exiftool(tmp_path)


@exiftool
def test_tags_are_written_without_touching_a_pixel_and_checked(tmp_path):
    program = find_exiftool(tmp_path)
    photo = tmp_path / "Fiesta de Sebastián 🎉.jpg"
    Image.effect_mandelbrot((320, 200), (-3, -2.5, 2, 2.5), 100).save(photo)
    subprocess.run([program, "-q", "-GPSLatitude=44.9", "-GPSLatitudeRef=N", "-overwrite_original", photo], check=True)
    before = Image.open(photo).tobytes()
    taken = datetime(2024, 7, 1, 12, 30, 5)
    tagging = Tagging(photo, taken, True, (43.32, -1.98), ("Google", "Pixel 8"))
    with pytest.raises(SampleError, match="position"):
        check_tags(program, tmp_path, [tagging])
    write_tags(program, [tagging])
    check_tags(program, tmp_path, [tagging])
    exif = Image.open(photo).getexif()
    assert Image.open(photo).tobytes() == before
    assert exif.get_ifd(0x8769)[0x9003] == "2024:07:01 12:30:05"
    assert exif.get_ifd(0x8769)[0x9011] == "+02:00"
    assert exif.get_ifd(0x8825)[3] == "W"
    with pytest.raises(SampleError, match="position"):
        check_tags(program, tmp_path, [])


@pytest.mark.stack
@pytest.mark.slow
def test_the_library_is_built_the_same_twice(tmp_path):
    cache = tmp_path / "cache"
    first = build_sample(tmp_path / "one", as_of=DAYS[0], cache=cache)
    second = build_sample(tmp_path / "two", as_of=DAYS[0], cache=cache)
    assert first == second
    assert manifest_path(tmp_path / "one").read_bytes() == manifest_path(tmp_path / "two").read_bytes()
    on_disk = {
        p.relative_to(tmp_path / "one").as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in (tmp_path / "one").rglob("*")
        if p.is_file()
    }
    assert on_disk == {file.path: file.sha256 for file in first}
    assert 95 <= len(first) <= 130
    twins = Counter(file.sha256 for file in first)
    assert sorted(count for count in twins.values() if count > 1) == [2]
    assert Counter(file.expect for file in first if file.role == "bad") == {"quarantined": 8, "done": 4}
    assert all(datetime.fromisoformat(file.taken).replace(tzinfo=UTC) for file in first if file.taken)
    assert build_sample(tmp_path / "one", as_of=DAYS[0], cache=tmp_path / "absent") == first
