"""The video pass: a video is met by the original pass, read once by its own, told and shown; copies cost a read."""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from albumen.testing.library import TestLibrary
from albumen.testing.videos import a_video

pytestmark = pytest.mark.stack

LONDON = Path(__file__).resolve().parents[3] / "../shared/corpus/people/london"


@pytest.fixture
def spool(library: TestLibrary, tmp_path: Path) -> Path:
    """A folder of its own for the videos in work."""
    knobs = library.settings.video.model_copy(update={"spool_directory": str(tmp_path / "spool")})
    library.settings = library.settings.model_copy(update={"video": knobs})
    return tmp_path / "spool"


def test_a_video_is_fingerprinted_told_and_shown(library: TestLibrary, spool: Path) -> None:
    film = a_video(1, seconds=2, sound=True, tags=["creation_time=2020-05-01T10:00:00Z", "location=+40.4168-003.7038/"])
    library.put("holiday.mp4", film)
    library.put("copy.mp4", film)
    library.discover()

    library.work("original")
    waiting = library.records()["holiday.mp4"]
    assert (waiting["state"], waiting["sha256"]) == ("due", None)

    library.work("original", "video", "preview")
    record, copy = library.records()["holiday.mp4"], library.records()["copy.mp4"]
    assert (record["state"], record["reason"]) == ("done", None)
    assert record["sha256"] == copy["sha256"] == hashlib.sha256(film).hexdigest()
    assert {copy["duplicate_of"], record["duplicate_of"]} == {None, "copy.mp4"}
    assert (record["kind"], record["mime"], record["width"], record["height"]) == ("video", "video/mp4", 320, 180)
    assert record["duration_s"] == pytest.approx(2, abs=0.1)
    assert (record["rotation"], record["codec"]) == (0, "h264")
    assert record["taken"]["local"] == "2020-05-01T12:00:00"
    assert (record["taken"]["source"], record["taken"]["zone"]) == ("quicktime:CreateDate", "Europe/Madrid")
    assert (record["gps"]["lat"], record["gps"]["lon"]) == pytest.approx((40.4168, -3.7038), abs=1e-4)
    states = {name: step["state"] for name, step in record["steps"].items()}
    assert states.items() >= {
        "video_metadata": "done", "poster": "done", "hover": "done", "proxy": "skipped", "quality": "done",
        "likeness": "done",
    }.items()  # fmt: skip
    renditions = {one["name"]: one for one in record["renditions"]}
    assert renditions.keys() == {"poster", "thumb", "preview", "hover", "frames"}
    poster = Image.open(io.BytesIO(library.store.get(library.bucket, renditions["poster"]["key"])))
    assert poster.size == (320, 180)
    assert len(set(poster.resize((8, 8)).get_flattened_data())) > 20
    assert [list(worker.iterdir()) for worker in spool.iterdir()] == []


def test_a_copy_of_a_known_video_is_adopted(library: TestLibrary, spool: Path) -> None:
    film = a_video(2)
    library.put("a.mp4", film)
    library.discover()
    library.work("original", "video")
    library.put("b.mp4", film)
    library.discover()
    _, summary = library.work("original", "video")
    assert (summary.adopted, summary.done) == (1, 0)
    assert library.records()["b.mp4"]["duplicate_of"] == "a.mp4"


def test_a_video_is_read_from_a_copy_where_the_first_was_deleted_and_no_listing_knows_yet(
    library: TestLibrary, spool: Path
) -> None:
    film = a_video(2)
    for key in ("a.mp4", "b.mp4"):
        library.put(key, film)
    library.discover()
    library.work("original", "video")
    library.delete("a.mp4")
    library.execute("UPDATE outcomes SET inputs_key = '' WHERE step = 'poster'")
    library.execute("INSERT INTO due (library_id, subject_id, step, subject_kind, lane) "
        "SELECT library_id, item_id, 'poster', 'i', 2 FROM items")  # fmt: skip
    (summary,) = library.work("video")
    assert summary.done == 1
    assert library.query("SELECT FROM due WHERE step = 'poster'") == []
    assert [list(worker.iterdir()) for worker in spool.iterdir()] == []


def test_a_turned_video_is_shown_upright(library: TestLibrary, spool: Path) -> None:
    upright = a_video(3)
    turned = _turned(upright)
    library.put("turned.mp4", turned)
    library.discover()
    library.work("original", "video")
    record = library.records()["turned.mp4"]
    assert (record["rotation"], record["width"], record["height"]) == (90, 180, 320)
    assert {(one["width"], one["height"]) for one in record["renditions"] if one["name"] == "poster"} == {(180, 320)}


def test_what_the_item_takes_its_facts_from_goes_and_the_next_original_is_read(
    library: TestLibrary, spool: Path
) -> None:
    film = a_video(4)
    library.put("2019-01-01 12.00.00.mp4", film)
    library.put("z 2020-01-01 12.00.00.mp4", film)
    library.discover()
    library.work("original", "video")
    assert library.records()["z 2020-01-01 12.00.00.mp4"]["taken"]["local"] == "2019-01-01T12:00:00"
    library.delete("2019-01-01 12.00.00.mp4")
    for _ in range(3):
        library.discover()
    library.work("original", "video")
    assert library.records()["z 2020-01-01 12.00.00.mp4"]["taken"]["local"] == "2020-01-01T12:00:00"


def test_a_video_without_readable_frames_keeps_its_facts(library: TestLibrary, spool: Path) -> None:
    film = a_video(5, output=["-movflags", "+faststart"], tags=["creation_time=2020-05-01T10:00:00Z"])
    at = film.index(b"mdat") + 4
    library.put("damaged.mp4", film[:at] + bytes(len(film) - at))
    library.discover()
    library.work("original", "video")
    record = library.records()["damaged.mp4"]
    assert (record["state"], record["reason"]) == ("quarantined", "unreadable")
    assert record["taken"]["utc"] == "2020-05-01T10:00:00Z"
    assert record["steps"]["video_metadata"]["state"] == "done"


def test_a_proxy_is_made_where_the_policy_wants_one_and_progress_is_told(library: TestLibrary, spool: Path) -> None:
    library.execute("UPDATE libraries SET proxy = 'always'")
    library.library = replace(library.library, proxy="always")
    library.put("film.mkv", a_video(6, seconds=3, extension="mkv", sound=True))
    library.discover()
    library.work("original", "video")
    record = library.records()["film.mkv"]
    (proxy,) = (one for one in record["renditions"] if one["name"] == "proxy")
    data = library.store.get(library.bucket, proxy["key"])
    assert (len(data), proxy["mime"], proxy["width"], proxy["height"]) == (proxy["bytes"], "video/mp4", 320, 180)
    assert data.index(b"moov") < data.index(b"mdat")
    assert any(line.startswith("proxy of ") and line.endswith("%") for line in library.log)


def test_a_cut_off_video_ends_with_its_reason_and_a_poster(library: TestLibrary, spool: Path) -> None:
    film = a_video(7, seconds=8, output=["-movflags", "+faststart", "-g", "10"])
    library.put("cut.mp4", film[: len(film) * 2 // 3])
    library.discover()
    library.work("original", "video")
    record = library.records()["cut.mp4"]
    assert (record["state"], record["reason"]) == ("quarantined", "unreadable")
    assert "cut off" in record["detail"]
    assert {"poster", "thumb", "preview"} <= {one["name"] for one in record["renditions"]}


def test_shards_are_cut_by_length_and_pixels_or_by_bytes_where_those_are_not_known(
    library: TestLibrary, spool: Path
) -> None:
    for number in range(4):
        library.put(f"{number}.mp4", a_video(number))
    library.discover()
    library.work("original")
    library.settings.pipeline.shard_seconds = 10  # 20 seconds of Full HD
    library.execute("UPDATE originals SET size = 12000000")
    assert library.lease("video", "by bytes").size == 3
    library.execute("DELETE FROM shards")
    library.execute("UPDATE due SET shard_id = NULL")
    library.work("video")
    library.execute("UPDATE videos SET duration_s = 5")
    library.execute("UPDATE facts SET width = 3840, height = 2160")
    library.execute(
        "INSERT INTO due (library_id, subject_id, step, subject_kind, lane) "
        "SELECT library_id, item_id, 'hover', 'i', 2 FROM items"
    )
    sizes = [lease.size for lease in iter(lambda: library.lease("video", secrets.token_hex(4)), None)]
    assert sizes == [1, 1, 1, 1]
    library.execute("DELETE FROM shards")
    library.execute("UPDATE due SET shard_id = NULL")
    library.execute("UPDATE facts SET width = 1920, height = 1080")
    assert library.lease("video", "by length").size == 4


@pytest.mark.skipif(not LONDON.is_dir(), reason="the corpus is not here")
def test_people_are_seen_in_videos_also_off_the_poster(library: TestLibrary, spool: Path) -> None:
    library.execute("UPDATE libraries SET consents = '{faces}'")
    library.library = replace(library.library, consents=("faces",))
    face = f"movie={LONDON / '001_03.jpg'},loop=loop=74:size=1:start=0,setpts=N/25/TB,scale=640:480,setsar=1"
    still = "testsrc2=d=0.04:s=640x480:r=25,loop=loop=149:size=1:start=0,setpts=N/25/TB,setsar=1"
    library.put("film.mp4", a_video(0, source=f"{still}[a];{face}[b];[a][b]concat"))
    library.put("photo.jpg", (LONDON / "001_08.jpg").read_bytes())
    library.discover()
    library.work("original", "video", "preview")
    records = library.records()
    (seen,), (known,) = records["film.mp4"]["faces"], records["photo.jpg"]["faces"]
    assert seen["frame_s"] == pytest.approx(7.5, abs=1.6)
    assert "frame_s" not in known
    assert known["person"] is not None
    assert seen["person"] == known["person"]


def _turned(film: bytes) -> bytes:
    """The same film with the matrix of a quarter turn in its track header."""
    header = film.index(b"tkhd")
    at = header + 4 + 40
    one = (65536).to_bytes(4, "big", signed=True)
    matrix = [bytes(4), one, bytes(4), (-65536).to_bytes(4, "big", signed=True), bytes(4), bytes(4)]
    return film[:at] + b"".join(matrix) + film[at + 24 :]
