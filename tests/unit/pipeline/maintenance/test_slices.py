"""Slices cover every digest once, and their prefixes say the same to a listing as their bounds to a query."""

from __future__ import annotations

import hashlib

import pytest

from albumen.pipeline.maintenance import slices
from albumen.storage.layout import parse_rendition_key, rendition_key

DIGESTS = [hashlib.sha256(bytes([number])).digest() for number in range(200)] + [bytes(32), b"\xff" * 32]


def walk(cursor: str) -> list[str]:
    found = []
    while (following := slices.following(cursor)) is not None:
        found.append(cursor)
        cursor = following
    assert cursor == slices.MEMORIES
    return found


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_every_digest_is_in_one_slice_by_its_bounds_and_by_its_key(digits: int) -> None:
    cursors = walk("0" * digits)
    assert len(cursors) == len(set(cursors)) == 16**digits
    for digest in DIGESTS:
        key = rendition_key(7, digest, "thumb", version=1, inputs_key="0" * 32, extension="webp")
        by_bounds = [one for one in cursors if slices.bounds(one)[0] <= digest <= slices.bounds(one)[1]]
        by_key = [one for one in cursors if key.startswith(slices.renditions_prefix(7, one))]
        assert by_bounds == by_key == [digest.hex()[:digits]]


def test_the_slices_and_the_memories_are_the_whole_library() -> None:
    assert sum(map(slices.share, walk("00"))) + slices.share(slices.MEMORIES) == 1.0


@pytest.mark.parametrize(
    ("objects", "cursor"), [(0, "0"), (64_000, "0"), (64_001, "00"), (2_000_000, "000"), (2_000_000_000, "00000")]
)
def test_a_larger_library_is_cut_finer(objects: int, cursor: str) -> None:
    assert slices.first(objects) == cursor
    assert objects / 16 ** len(cursor) <= slices.OBJECTS


def test_another_library_whose_number_begins_alike_is_in_no_slice() -> None:
    key = rendition_key(70, DIGESTS[0], "thumb", version=1, inputs_key="0" * 32, extension="webp")
    assert not [one for one in walk("0") if key.startswith(slices.renditions_prefix(7, one))]
    assert not "memories/70/m/story.html".startswith(slices.memories_prefix(7))


@pytest.mark.parametrize("name", ["thumb", "preview", "poster-2"])
def test_a_rendition_key_is_read_back(name: str) -> None:
    key = rendition_key(12, DIGESTS[3], name, version=4, inputs_key="0123456789abcdef" * 2, extension="jpg")
    found = parse_rendition_key(key)
    assert found is not None
    assert (found.library_id, found.sha256, found.name, found.inputs) == (12, DIGESTS[3], name, "01234567")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "renditions/1/",
        "renditions/1/ab/readme.txt",
        f"renditions/1/cd/{'ab' * 32}/thumb-v1-00000000.webp",
        f"renditions/x/ab/{'ab' * 32}/thumb-v1-00000000.webp",
        f"renditions/1/ab/{'ab' * 31}/thumb-v1-00000000.webp",
        f"renditions/1/ab/{'ab' * 32}/thumb-v1-0000000.webp",
        f"renditions/1/ab/{'ab' * 32}/thumb.webp",
        f"renditions/1/ab/{'ab' * 32}/more/thumb-v1-00000000.webp",
        f"photos/renditions/1/ab/{'ab' * 32}/thumb-v1-00000000.webp",
        f"renditions/1/AB/{'AB' * 32}/thumb-v1-00000000.webp",
    ],
)
def test_a_key_that_is_no_rendition_of_ours_is_none(key: str) -> None:
    assert parse_rendition_key(key) is None
