"""What is stored and what the catalog says: every difference is found, and put right only where it may be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from albumen.catalog import memories
from albumen.pipeline.maintenance.walking import Report
from albumen.storage.layout import memory_key, rendition_key
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Maintain = Callable[..., dict[str, Report]]
Photo = Callable[..., bytes]


def renditions(library: TestLibrary) -> dict[str, Any]:
    rows = library.query("SELECT * FROM renditions WHERE library_id = :l", l=library.library.library_id)
    return {row.key: row for row in rows}


def waiting(library: TestLibrary) -> list[tuple[str, str, int]]:
    return sorted(
        (row.subject_kind, row.step, row.lane) for row in library.query("SELECT subject_kind, step, lane FROM due")
    )


def orphan(library: TestLibrary, number: int, library_id: int | None = None) -> str:
    """An object that the layout would make and no row names."""
    sha256 = hashlib.sha256(f"nobody's {number}".encode()).digest()
    owner = library.library.library_id if library_id is None else library_id
    key = rendition_key(owner, sha256, "thumb", version=1, inputs_key="0" * 32, extension="webp")
    library.store.put(library.bucket, key, b"old", mime="image/webp")
    return key


def tell(library: TestLibrary, memory_id: str, file: str, *, row: bool = True) -> str:
    """A memory's page in the bucket, and its row."""
    key = memory_key(library.library.library_id, memory_id, file)
    library.store.put(library.bucket, key, b"page", mime="text/html")
    if row:
        with library.connect() as connection:
            item = library.query("SELECT min(item_id) AS one FROM items")[0].one
            values = {
                "memory_id": memory_id, "library_id": library.library.library_id, "kind": "on_this_day",
                "key": f"on_this_day:{memory_id}", "told_on": date(2024, 5, 1), "title": "", "reason": "",
                "strength": 0.5, "cover_item_id": item, "inputs_key": "0", "page_key": key,
                "state": "published", "files": {}, "why": {},
            }  # fmt: skip
            memories.store(connection, values, [(item, "")], hidden_to=0)
            connection.commit()
    return key


def test_a_whole_library_is_found_whole(filled: TestLibrary, run_checks: Maintain) -> None:
    before = filled.stored()
    reports = run_checks(filled)
    assert {name: report.found for name, report in reports.items()} == {
        "missing": 0, "changed": 0, "superseded": 0, "erased": 0, "orphaned": 0,
    }  # fmt: skip
    assert (reports["missing"].checked, reports["orphaned"].checked) == (24, 24)
    assert reports["changed"].checked == 24 + 12
    assert all(report.complete and not report.done for report in reports.values())
    assert filled.stored() == before
    assert waiting(filled) == []


def test_a_lost_rendition_is_made_again_as_it_was(filled: TestLibrary, run_checks: Maintain) -> None:
    before, (lost, *_) = filled.stored(), sorted(renditions(filled))
    filled.store.delete(filled.bucket, lost)
    assert run_checks(filled, acting=(), keeps=False)["missing"].sample == [
        f"{lost}: named by the catalog, not in the bucket"
    ]
    assert waiting(filled) == []

    report = run_checks(filled)["missing"]
    assert (report.found, report.done) == (1, {"due_again": 1})
    assert waiting(filled) == [("i", "renditions", 1)]
    filled.work()
    assert filled.stored() == before
    assert run_checks(filled)["missing"].found == 0


def test_a_rendition_made_on_demand_is_made_again_by_its_own_step(
    filled: TestLibrary, run_checks: Maintain, sandbox: Any
) -> None:
    item = filled.query("SELECT min(item_id) AS one FROM items")[0].one
    library_id = filled.library.library_id
    filled.execute(
        "INSERT INTO due (library_id, subject_id, step, subject_kind, lane) VALUES (:l, :i, 'large', 'i', 0)",
        l=library_id,
        i=item,
    )
    filled.work()
    (large,) = (key for key, row in renditions(filled).items() if row.name == "large")
    filled.store.delete(filled.bucket, large)
    sandbox.worked.clear()
    run_checks(filled)
    filled.work()
    assert sandbox.worked == [("large", item)]
    assert large in filled.stored()


def test_what_a_retired_item_lost_is_made_anew_when_its_content_comes_back(
    filled: TestLibrary, run_checks: Maintain, photo: Photo
) -> None:
    before = filled.stored()
    item = filled.query("SELECT item_id FROM originals WHERE key = 'test/00.jpg'")[0].item_id
    filled.delete("00.jpg")
    filled.discover()
    filled.discover()
    lost = [key for key, row in renditions(filled).items() if row.item_id == item]
    filled.store.delete(filled.bucket, lost[0])
    assert run_checks(filled)["missing"].done == {"due_again": 1}
    assert waiting(filled) == []
    assert run_checks(filled)["missing"].found == 0
    filled.put("again.jpg", photo(0, taken="2020:05:01 10:00:00"))
    filled.discover()
    filled.work()
    assert filled.stored() == before


@pytest.mark.parametrize("how", ["shorter", "same size"])
def test_a_changed_rendition_is_made_again(filled: TestLibrary, run_checks: Maintain, how: str) -> None:
    before, (key, *_) = filled.stored(), sorted(renditions(filled))
    data = filled.store.get(filled.bucket, key)
    changed = data[:-7] if how == "shorter" else data[:-7] + bytes(7)
    filled.store.put(filled.bucket, key, changed, mime="image/jpeg")
    report = run_checks(filled)["changed"]
    assert (report.found, report.done) == (1, {"due_again": 1})
    filled.work()
    assert filled.stored() == before


def test_the_same_bytes_under_another_etag_are_no_change(filled: TestLibrary, run_checks: Maintain, knobs: Any) -> None:
    knobs(filled, content_share=0.0)
    (key, *_) = sorted(renditions(filled))
    data = filled.store.get(filled.bucket, key)
    client = filled.store.client
    upload = client.create_multipart_upload(Bucket=filled.bucket, Key=key)["UploadId"]
    part = {"Bucket": filled.bucket, "Key": key, "UploadId": upload}
    etag = client.upload_part(**part, PartNumber=1, Body=data)["ETag"]
    client.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert filled.store.head(filled.bucket, key).etag != renditions(filled)[key].etag
    assert run_checks(filled)["changed"].found == 0
    assert renditions(filled)[key].etag == filled.store.head(filled.bucket, key).etag


def test_an_original_that_changed_since_the_last_listing_is_read_again(
    filled: TestLibrary, run_checks: Maintain, photo: Photo
) -> None:
    filled.put("03.jpg", photo(77))
    report = run_checks(filled)["changed"]
    assert report.sample == ["test/03.jpg: its ETag or size is not what was read"]
    assert report.done == {"due_again": 1}
    filled.work()
    assert filled.records()["03.jpg"]["sha256"] == hashlib.sha256(photo(77)).hexdigest()


def test_an_original_with_other_bytes_under_the_same_etag_is_read_again(
    filled: TestLibrary, run_checks: Maintain, photo: Photo
) -> None:
    filled.put("03.jpg", photo(77))
    info = filled.store.head(filled.bucket, "test/03.jpg")
    filled.execute("UPDATE originals SET etag = :e, size = :s WHERE key = 'test/03.jpg'", e=info.etag, s=info.size)
    report = run_checks(filled)["changed"]
    assert report.sample == ["test/03.jpg: other bytes under the same ETag"]
    filled.work()
    assert filled.records()["03.jpg"]["sha256"] == hashlib.sha256(photo(77)).hexdigest()


def test_an_original_that_is_gone_is_told_and_left_to_the_listings(filled: TestLibrary, run_checks: Maintain) -> None:
    filled.delete("03.jpg")
    report = run_checks(filled)["changed"]
    assert report.sample == ["test/03.jpg: gone from the source; two full listings decide"]
    assert report.done == {"left_to_listings": 1}
    assert "03.jpg" in filled.records()


def test_orphans_are_reported_and_deleted_only_where_that_is_allowed(filled: TestLibrary, run_checks: Maintain) -> None:
    before = filled.stored()
    keys = sorted(orphan(filled, number) for number in range(3))
    report = run_checks(filled, acting=("missing", "changed", "superseded"))["orphaned"]
    assert (report.found, report.done, sorted(report.sample)) == (3, {}, [f"{key}: named by no row" for key in keys])
    assert run_checks(filled)["orphaned"].done == {"deleted": 3, "deleted_bytes": 9}
    assert filled.stored() == before


def test_what_is_younger_than_the_grace_is_no_orphan(filled: TestLibrary, run_checks: Maintain, knobs: Any) -> None:
    knobs(filled, grace_hours=1.0)
    key = orphan(filled, 1)
    assert run_checks(filled)["orphaned"].found == 0
    assert key in filled.stored()


def test_what_is_not_ours_by_its_key_is_never_touched(filled: TestLibrary, run_checks: Maintain) -> None:
    own = filled.library.library_id
    foreign = [
        f"renditions/{own}/readme.txt",
        f"renditions/{own}/ab/ab/thumb-v1-00000000.webp",
        f"renditions/{own}/cd/{'ab' * 32}/thumb-v1-00000000.webp",
        f"renditions/{own}0/notes.txt",
        f"memories/{own}/readme.txt",
        f"feeds/{own}/feed.json",
        f"receipts/{own}/1.json",
        "elsewhere/photo.jpg",
    ]
    for key in foreign:
        filled.store.put(filled.bucket, key, b"mine", mime="text/plain")
    another = orphan(filled, 1, own + 1)
    run_checks(filled)
    assert {*foreign, another} <= set(filled.stored())
    assert {record["state"] for record in filled.records().values()} == {"done"}


def test_old_editions_and_memories_that_are_gone_are_orphans(filled: TestLibrary, run_checks: Maintain) -> None:
    page = tell(filled, "m1", "story-00000000000a.html")
    kept = [page, tell(filled, "m1", "story-00000000000a.json", row=False), tell(filled, "m1", "film.mp4", row=False)]
    kept.append(tell(filled, "m1", "story-00000000000a-cover-1x1.jpg", row=False))
    gone = [
        tell(filled, "m1", "story-00000000000b-cover-1x1.jpg", row=False),
        tell(filled, "m0", "story.html", row=False),
    ]
    assert run_checks(filled)["orphaned"].done == {"deleted": 2, "deleted_bytes": 8}
    assert set(kept) <= set(filled.stored())
    assert not set(gone) & set(filled.stored())


def test_a_lost_page_is_told_again(library: TestLibrary, sandbox: Any, run_checks: Maintain) -> None:
    from albumen.memories import generating

    for number, year in enumerate((2019, 2020, 2021) * 3):
        file, exif = BytesIO(), Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"{year}:05:01 {8 + number}:00:00"
        Image.effect_noise((320, 240), 60 + number).convert("RGB").save(file, "JPEG", exif=exif)
        library.put(f"{number}.jpg", file.getvalue())
    library.discover()
    library.work()
    # Links are signed with the time of the writing: a feed that has none is the same bytes when it is written again.
    unsigned = library.settings.memories.model_copy(update={"link_hours": 0})
    library.settings = library.settings.model_copy(update={"memories": unsigned})
    day, settings = date(2024, 5, 1), library.settings
    seed = library.library.library_id
    assert len(generating.generate(library.connect, library.store, library.library, day, settings, seed=seed)) == 1
    before = library.stored()
    (page,) = (key for key in before if key.endswith(".html"))
    library.store.delete(library.bucket, page)
    assert run_checks(library)["missing"].done == {"memories_told_again": 1}
    assert library.stored() == before


def test_superseded_objects_go_after_their_grace_and_are_forgotten(
    filled: TestLibrary, run_checks: Maintain, knobs: Any
) -> None:
    old = set(filled.stored())
    filled.settings = filled.settings.model_copy(
        update={"renditions": filled.settings.renditions.model_copy(update={"thumb_quality": 40})}
    )
    filled.execute(
        "INSERT INTO due (library_id, subject_id, step, subject_kind, lane) "
        "SELECT library_id, item_id, 'renditions', 'i', 2 FROM items"
    )
    filled.work()
    new = {row.key for row in renditions(filled).values()}
    assert (len(old), len(new), len(old & new)) == (24, 24, 0)

    knobs(filled, grace_hours=1.0)
    assert run_checks(filled)["superseded"].found == 0
    knobs(filled, grace_hours=0.0)
    assert run_checks(filled, acting=())["superseded"].found == 24
    reports = run_checks(filled)
    assert reports["superseded"].done["deleted"] == 24
    assert reports["orphaned"].found == 0
    assert set(filled.stored()) == new
    assert filled.query("SELECT * FROM superseded_objects") == []
    assert run_checks(filled)["superseded"].checked == 0


def test_a_superseded_key_that_is_named_or_not_ours_is_not_deleted(filled: TestLibrary, run_checks: Maintain) -> None:
    (named, *_) = sorted(renditions(filled))
    filled.store.put(filled.bucket, "elsewhere/photo.jpg", b"mine", mime="image/jpeg")
    for key in (named, "elsewhere/photo.jpg", orphan(filled, 1, filled.library.library_id + 1)):
        filled.execute(
            "INSERT INTO superseded_objects (library_id, key, superseded_at) VALUES (:l, :k, now() - interval '1 day')",
            l=filled.library.library_id,
            k=key,
        )
    before = filled.stored()
    assert run_checks(filled)["superseded"].found == 0
    assert filled.stored() == before
