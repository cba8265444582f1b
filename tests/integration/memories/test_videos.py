"""Videos in stories: by their posters, with what moves; a photo and its clip are one picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from albumen.catalog import memories
from albumen.memories.schemas import check
from albumen.memories.story import Story
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_motion_photo, a_photo
from albumen.testing.videos import a_video

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]


@pytest.fixture
def with_videos(library: TestLibrary, sandbox: Any, tmp_path: Path) -> TestLibrary:
    """Of 12 June in two years: four photos, one of them with its clip beside it, and a video."""
    knobs = library.settings.video.model_copy(update={"spool_directory": str(tmp_path / "spool")})
    library.settings = library.settings.model_copy(update={"video": knobs})
    for year in (2019, 2021):
        library.put(f"{year}/1.jpg", a_photo(f"{year} 1", taken=f"{year}:06:12 11:30:00"))
    clip = a_video(1, seconds=2, tags=["creation_time=2019-06-12T11:00:00Z"])
    library.put("2019/moving.jpg", a_motion_photo("moving", clip, taken="2019:06:12 13:00:00"))
    library.put("2019/moving.mp4", clip)
    library.put("2021/2.jpg", a_photo("2021 2", taken="2021:06:12 12:30:00"))
    library.put("2021/film.mp4", a_video(2, seconds=5, tags=["creation_time=2021-06-12T14:30:00Z"]))
    library.discover()
    library.work("original", "video", "preview")
    return library


def test_a_video_stands_in_a_story_and_a_photo_stands_with_its_clip(with_videos: TestLibrary, tell: Tell) -> None:
    (story,) = tell(with_videos)
    told = {item.photo.key.removeprefix(with_videos.library.prefix): item.photo for item in story.items}
    assert "2021/film.mp4" in told
    assert "2019/moving.jpg" in told
    assert "2019/moving.mp4" not in told
    film, moving = told["2021/film.mp4"], told["2019/moving.jpg"]
    assert film.is_video
    assert film.clip is not None
    assert film.clip.duration_s == pytest.approx(5, abs=0.1)
    assert film.clip.hover_key
    assert not moving.is_video
    assert moving.clip is not None
    assert moving.clip.hover_key
    assert "4 photos and 1 video" in story.reason

    with with_videos.connect() as connection:
        (stored,) = memories.stored(connection, with_videos.library.library_id)
    assert stored.videos == 1
    described = json.loads(with_videos.store.get(with_videos.bucket, stored.files["story"]))
    check(described, "story")
    by_key = {item["key"].removeprefix(with_videos.library.prefix): item for item in described["items"]}
    assert {key: item["media"] for key, item in by_key.items() if item["media"] == "video"} == {
        "2021/film.mp4": "video"
    }
    assert by_key["2021/film.mp4"]["hover"] == film.clip.hover_key
    assert "hover" not in by_key["2019/1.jpg"]
    page = with_videos.store.get(with_videos.bucket, stored.page_key).decode()
    assert page.count('src="data:video/mp4;base64,') == 2


def test_a_day_counts_a_photo_and_its_clip_once(with_videos: TestLibrary) -> None:
    counted = {f"{row.day}": row.photos for row in with_videos.query("SELECT day, photos FROM days")}
    assert counted == {"2019-06-12": 2, "2021-06-12": 3}
