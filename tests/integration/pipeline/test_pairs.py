"""Pairs: a still and its clip find each other whichever comes first, and go together."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from albumen.catalog import duplicates, erasable, quarantine
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_motion_photo, a_photo
from albumen.testing.videos import a_video

pytestmark = pytest.mark.stack

PAIR = Path(__file__).resolve().parents[3] / "../shared/corpus/video/live-photo-pair"


def test_a_motion_photos_clip_is_stored_told_and_known_when_it_comes_alone(library: TestLibrary) -> None:
    film = a_video(1)
    library.put("motion.jpg", a_motion_photo(1, film))
    library.discover()
    library.work("original", "video")
    record = library.records()["motion.jpg"]
    assert record["motion"] == {"sha1": hashlib.sha1(film).hexdigest(), "bytes": len(film)}
    (clip,) = (one for one in record["renditions"] if one["name"] == "motion")
    assert library.store.get(library.bucket, clip["key"]) == film
    assert (clip["width"], clip["height"], record["live_photo"]) == (320, 180, None)

    library.put("elsewhere/clip.mp4", film)
    library.discover()
    library.work("original", "video")
    records = library.records()
    assert records["motion.jpg"]["live_photo"] == "elsewhere/clip.mp4"
    assert records["elsewhere/clip.mp4"]["live_photo"] == "motion.jpg"


def test_pairs_are_erased_as_one(library: TestLibrary) -> None:
    film = a_video(2)
    library.put("a.jpg", a_motion_photo(2, film))
    library.put("b.mp4", film)
    library.put("b.jpg", a_photo(3))
    library.discover()
    library.work("original", "video")
    with library.connect() as connection:
        for key in ("a.jpg", "b.mp4"):
            chosen = erasable.select(connection, library.library, keys=[key])
            assert sorted(chosen.keys) == [library.library.prefix + name for name in ("a.jpg", "b.mp4")]
        assert erasable.select(connection, library.library, keys=["b.jpg"]).keys == (library.library.prefix + "b.jpg",)


def test_a_half_that_is_named_by_its_digest_takes_the_other_also_one_that_never_came(library: TestLibrary) -> None:
    film = a_video(2)
    photo = a_motion_photo(2, film)
    library.put("a.jpg", photo)
    library.discover()
    library.work("original")
    clip, still = (hashlib.sha256(data).hexdigest() for data in (film, photo))
    with library.connect() as connection:
        assert erasable.select(connection, library.library, keys=["a.jpg"]).hashes == (clip,)
        assert erasable.select(connection, library.library, hashes=[still]).hashes == (still, clip)
    library.put("b.mp4", film)
    library.discover()
    library.work("original", "video")
    with library.connect() as connection:
        assert set(erasable.select(connection, library.library, hashes=[clip]).hashes) == {clip, still}


def test_pairs_are_released_from_quarantine_as_one(library: TestLibrary) -> None:
    film = a_video(2)
    library.put("a.jpg", a_motion_photo(2, film))
    library.put("b.mp4", film)
    library.put("c.jpg", a_photo(3))
    library.discover()
    library.work("original", "video")
    library.execute(
        "UPDATE outcomes SET state = 'quarantined', reason = 'timed_out' WHERE step IN ('renditions', 'hover')"
    )
    with library.connect() as connection:
        held = quarantine.listed(connection, library.library.library_id, step="renditions")
        chosen = [row for row in held if row.key.endswith("/a.jpg")]
        assert quarantine.release(connection, library.library.library_id, chosen) == 2
        connection.commit()
    due = {
        (row.key.removeprefix(library.library.prefix), row.step)
        for row in library.query(
            "SELECT o.key, d.step FROM due d JOIN originals o ON o.item_id = d.subject_id WHERE d.lane = 1"
        )
    }
    assert due == {("a.jpg", "renditions"), ("b.mp4", "hover")}


def test_pairs_are_grouped_as_one_and_videos_with_videos_of_their_length(
    library: TestLibrary, sandbox: Any, tmp_path: Path
) -> None:
    def standing(name: str, seconds: int, **options: Any) -> bytes:
        """A film of nothing but the picture of that name."""
        (tmp_path / name).write_bytes(a_photo(name))
        frames = f"movie={tmp_path / name},loop=loop={25 * seconds - 1}:size=1:start=0,setpts=N/25/TB"
        return a_video(0, source=frames, **options)

    clip = standing("live", 1)
    library.put("live.jpg", a_motion_photo("live", clip))
    library.put("live.mp4", clip)
    small = Image.open(io.BytesIO(a_photo("live"))).convert("RGB").resize((320, 240))
    small.save(tmp_path / "small.jpg", quality=60)
    library.put("small.jpg", (tmp_path / "small.jpg").read_bytes())
    library.put("film.mp4", standing("film", 2))
    library.put("film.mkv", standing("film", 2, extension="mkv", output=["-b:v", "200k"]))
    library.put("longer.mp4", standing("film", 4))
    library.put("frame.jpg", a_photo("film"))
    library.discover()
    library.work("original", "video", "preview")
    with library.connect() as connection:
        groups = duplicates.listed(connection, library.library.library_id, kind="near")
    found = [[member.key.removeprefix(library.library.prefix) for member in group.members] for group in groups]
    assert sorted(map(sorted, found)) == [["film.mkv", "film.mp4"], ["live.jpg", "small.jpg"]]
    assert ["live.jpg", "small.jpg"] in found


@pytest.mark.skipif(not PAIR.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("first", [".jpg", ".mov"])
def test_a_live_photo_is_paired_whichever_half_comes_first(library: TestLibrary, first: str) -> None:
    halves = sorted(
        (file for file in PAIR.iterdir() if file.suffix in (".jpg", ".mov")), key=lambda f: f.suffix != first
    )
    for number, half in enumerate(halves):
        library.put(f"{number}/half{half.suffix}", half.read_bytes())
        library.discover()
        library.work("original", "video")
    told = {key: record["live_photo"] for key, record in library.records().items()}
    one, other = (f"{number}/half{half.suffix}" for number, half in enumerate(halves))
    assert told == {one: other, other: one}
