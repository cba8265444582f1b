"""Copies and bursts in a library: found, ranked, settled, and settled for good."""

from __future__ import annotations

import io
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from sqlalchemy import text

from albumen.catalog import alike, duplicates
from albumen.catalog.duplicates import DuplicateError, Group
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo
from albumen.testing.videos import a_video

pytestmark = pytest.mark.stack

SHOT = (
    "INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime) VALUES (1, :i, :s, 1, 'photo', 'm')",
    "INSERT INTO originals (library_id, bucket, key, etag, size, last_modified, item_id) "
    "VALUES (1, 'b', CAST(CAST(:i AS bigint) AS text), 'e', 1, now(), :i)",
    "INSERT INTO facts (library_id, item_id, original_id, taken_local, taken_utc, taken_confidence, make) "
    "VALUES (1, :i, :i, :at, CAST(:at AS timestamp) AT TIME ZONE 'UTC', 'high', 'C')",
    "INSERT INTO likenesses (library_id, item_id, phash) VALUES (1, :i, 1)",
    "INSERT INTO embeddings VALUES (1, :i, 'efficientnet-lite2', CAST(:v AS halfvec))",
)
"""A photo with a time, a hash that is everyone's, and a point, without a file."""


def work(library: TestLibrary) -> None:
    library.discover()
    library.work()


def edited(data: bytes, *, size: tuple[int, int] = (320, 240), mirrored: bool = False) -> bytes:
    """A copy without EXIF, as a messenger makes it."""
    picture = Image.open(io.BytesIO(data)).convert("RGB").resize(size)
    stream = io.BytesIO()
    (ImageOps.mirror(picture) if mirrored else picture).save(stream, "JPEG", quality=60)
    return stream.getvalue()


def groups(library: TestLibrary, **options: Any) -> list[Group]:
    with library.connect() as connection:
        return duplicates.listed(connection, library.library.library_id, **options)


def keys(group: Group) -> list[str]:
    return [member.key.removeprefix("test/") for member in group.members]


@pytest.fixture
def copied(library: TestLibrary, sandbox: Any) -> TestLibrary:
    """Three photos, of one a small and a mirrored copy."""
    for name in "abc":
        library.put(f"{name}.jpg", a_photo(name))
    library.put("sent.jpg", edited(a_photo("a")))
    library.put("mirrored.jpg", edited(a_photo("a"), size=(330, 250), mirrored=True))
    work(library)
    return library


def test_copies_are_one_group_with_the_original_first_and_why(copied: TestLibrary) -> None:
    (group,) = groups(copied, kind="near")
    assert (keys(group)[0], sorted(keys(group))) == ("a.jpg", ["a.jpg", "mirrored.jpg", "sent.jpg"])
    assert group.reasons[0] == "more pixels"
    turned = {member.key.removeprefix("test/"): member.turned for member in group.members}
    assert turned == {"a.jpg": 0, "sent.jpg": 0, "mirrored.jpg": 4}
    records = copied.records()
    assert {records[key]["near_duplicates"] for key in keys(group)} == {group.group_id}
    assert {records[f"{name}.jpg"]["near_duplicates"] for name in "bc"} == {None}


def test_a_settled_group_stays_settled_when_another_copy_comes(copied: TestLibrary) -> None:
    (group,) = groups(copied, kind="near")
    sent = next(member for member in group.members if member.key.endswith("sent.jpg"))
    with copied.connect() as connection:
        duplicates.resolve(connection, copied.library.library_id, group.group_id, "keep", by="ann", keeper=sent.item_id)
        connection.commit()
    copied.put("again.jpg", edited(a_photo("a"), size=(300, 225)))
    work(copied)
    assert groups(copied, kind="near") == []
    (settled,) = groups(copied, kind="near", resolved=True)
    assert (settled.group_id, settled.decision, settled.resolved_by) == (group.group_id, "keep", "ann")
    assert settled.keeper_item_id == sent.item_id
    assert len(settled.members) == 4


def test_what_is_said_to_be_different_is_no_duplicate_any_more(copied: TestLibrary) -> None:
    (group,) = groups(copied, kind="near")
    with copied.connect() as connection:
        duplicates.resolve(connection, copied.library.library_id, group.group_id, "different", by="ann")
        connection.commit()
    copied.execute("INSERT INTO dirty_items SELECT library_id, item_id FROM items")
    copied.organise()
    assert {record["near_duplicates"] for record in copied.records().values()} == {None}


def test_a_copy_that_vanishes_leaves_its_group_and_the_last_one_ends_it(copied: TestLibrary) -> None:
    for gone, left in (("mirrored.jpg", 2), ("sent.jpg", 0)):
        copied.delete(gone)
        copied.discover()
        copied.discover()
        copied.work()
        assert [len(group.members) for group in groups(copied, kind="near")] == ([left] if left else [])


def test_frames_of_a_burst_are_a_stack(library: TestLibrary, sandbox: Any) -> None:
    for second in range(4):
        library.put(f"{second}.jpg", a_photo("scene", size=(640, 480 + second), taken=f"2023:06:12 10:00:0{second}"))
    library.put("later.jpg", a_photo("other", taken="2023:06:12 11:00:00"))
    work(library)
    (stack,) = groups(library, kind="stack")
    assert sorted(keys(stack)) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]


def test_alike_pictures_of_one_minute_are_similar_and_a_burst_is_told_once(library: TestLibrary) -> None:
    """Four frames of a burst and one more a minute later; the same view an hour later is no variation of it."""
    points = np.random.default_rng(5).normal(size=(2, 1280))
    for item, (seconds, base) in enumerate([(0, 0), (1, 0), (2, 0), (60, 0), (70, 1), (3600, 0)], start=1):
        point = points[base] + 0.2 * np.random.default_rng(item).normal(size=1280)
        for statement in SHOT:
            library.execute(
                statement,
                i=item,
                s=bytes([item]),
                at=datetime(2023, 6, 12, 10) + timedelta(seconds=seconds),
                v=str((point / np.linalg.norm(point)).round(5).tolist()),
            )
    library.execute("INSERT INTO dirty_days VALUES (1, '2023-06-12') ON CONFLICT DO NOTHING")
    library.organise()
    (stack,) = groups(library, kind="stack")
    (similar,) = groups(library, kind="similar")
    assert sorted(member.item_id for member in stack.members) == [1, 2, 3]
    assert sorted(member.item_id for member in similar.members) == [1, 2, 3, 4]
    library.execute("UPDATE items SET retired_at = now() WHERE item_id = 4")
    library.execute("INSERT INTO dirty_days VALUES (1, '2023-06-12') ON CONFLICT DO NOTHING")
    library.organise()
    assert groups(library, kind="similar") == []


def test_the_same_bytes_twice_are_told_as_copies(library: TestLibrary, sandbox: Any) -> None:
    library.put("one.jpg", a_photo("one"))
    library.put("two.jpg", a_photo("one"))
    work(library)
    with library.connect() as connection:
        assert duplicates.copies(connection, library.library.library_id) == [["test/one.jpg", "test/two.jpg"]]


@pytest.mark.parametrize(
    ("group", "decision", "keeper", "told"),
    [("nothing", "keep", None, "no group"), (None, "delete", None, "no decision"), (None, "keep", 999, "not in group")],
)
def test_an_impossible_decision_is_refused(
    copied: TestLibrary, group: str | None, decision: str, keeper: int | None, told: str
) -> None:
    name = group or groups(copied)[0].group_id
    with copied.connect() as connection, pytest.raises(DuplicateError, match=told):
        duplicates.resolve(connection, copied.library.library_id, name, decision, by="ann", keeper=keeper)


def test_candidates_are_looked_up_by_the_index(copied: TestLibrary) -> None:
    with copied.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off; SET enable_sort = off")
        vector = "[" + ",".join(["0.125"] * 64) + "]"
        parameters = {"library_id": 1, "items": [1], "vectors": [vector], "most": 12, "apart": 0.3}
        for question in alike.CANDIDATES.values():
            plan = "\n".join(connection.execute(text(f"EXPLAIN {question.text}"), parameters).scalars())
            assert plan.count("structure_idx") == 16


@pytest.fixture
def films(library: TestLibrary, sandbox: Any, tmp_path: Path) -> TestLibrary:
    """A clip, copies of it, two other takes of the scene, and what looks like it and is no video."""
    knobs = library.settings.video.model_copy(update={"spool_directory": str(tmp_path / "spool")})
    library.settings = library.settings.model_copy(update={"video": knobs})
    scene = tmp_path / "scene.jpg"
    scene.write_bytes(a_photo("scene", size=(1280, 720)))
    small = ["-crf", "33", "-g", "400", "-vf", "scale=240:-2,fps=15"]
    library.put("clip.mp4", a_take(scene, 1))
    library.put("sent.mp4", a_take(scene, 1, output=small))
    library.put("later.mp4", a_take(scene, 1, first=1, output=small))
    library.put("shorter.mkv", a_take(scene, 1, last=3, extension="mkv"))
    library.put("second take.mp4", a_take(scene, 2))
    library.put("third take.mp4", a_take(scene, 3, last=3.5))
    library.put("still.jpg", scene.read_bytes())
    library.discover()
    library.work("original", "video", "preview")
    return library


def a_take(scene: Path, seed: int, *, first: float = 0, last: float = 4, **options: Any) -> bytes:
    """A camera in somebody's hand; each take begins with the same picture."""
    dice = random.Random(seed)
    across, down = (
        " + ".join(f"{dice.uniform(-30, 30):.2f}*sin({dice.uniform(1, 9):.2f}*t)" for _ in range(4)) for _ in range(2)
    )
    moves = f"crop=640:360:'320 + {across}':'180 + {down}'"
    kept = f"trim={first}:{last},setpts=PTS-STARTPTS"
    return a_video(
        seed,
        source=f"movie={scene},loop=loop=120:size=1:start=0,setpts=N/25/TB,fps=25,{moves},{kept},setsar=1",
        **options,
    )


def test_copies_of_a_clip_are_one_group_and_other_takes_of_the_scene_are_none(films: TestLibrary) -> None:
    (group,) = groups(films, kind="near")
    assert sorted(keys(group)) == ["clip.mp4", "later.mp4", "sent.mp4", "shorter.mkv"]
    assert keys(group)[0] == "clip.mp4"
    assert "longer" in group.reasons
    assert all(0.85 < member.likeness <= 1 for member in group.members)
    # what turns out to be a photo's clip goes with the photo
    films.execute(
        "INSERT INTO pair_marks (library_id, item_id, mark, half) SELECT library_id, item_id, 'a pair', "
        "CASE WHEN key LIKE '%.jpg' THEN 'still' ELSE 'clip' END "
        "FROM originals WHERE key LIKE '%still.jpg' OR key LIKE '%sent.mp4'"
    )
    films.execute("INSERT INTO dirty_items SELECT library_id, item_id FROM items")
    films.organise()
    (group,) = groups(films, kind="near")
    assert sorted(keys(group)) == ["clip.mp4", "later.mp4", "shorter.mkv"]
    films.execute("DELETE FROM video_signatures")
    films.execute("INSERT INTO dirty_items SELECT library_id, item_id FROM items")
    films.organise()
    assert groups(films, kind="near") == []
