"""Pairs: a still and its clip find each other whichever comes first, and go together."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from albumen.catalog import erasable
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
