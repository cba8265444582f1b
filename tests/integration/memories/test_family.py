"""Stories of two libraries: with both consents, of a day together; what either owner takes back is gone from both."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from PIL import Image

from albumen.catalog import libraries, memories, removal, suppressions, tombstones
from albumen.catalog.memories import StoredMemory
from albumen.catalog.results import StepOutcome
from albumen.catalog.suppressions import Suppression
from albumen.memories import announcing, generating, withdrawing
from albumen.memories.story import Story
from albumen.storage.layout import feed_key, memories_prefix
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]
DAY = date(2023, 6, 12)
AREZZO = {1: "N", 2: (43.0, 27.0, 46.0), 3: "E", 4: (11.0, 52.0, 57.0)}


def located(name: str, taken: str) -> bytes:
    """A photo with a position."""
    picture = Image.open(io.BytesIO(a_photo(name, taken=taken)))
    exif = picture.getexif()
    exif.get_ifd(0x8825).update(AREZZO)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


@pytest.fixture
def two(catalog: str, object_store: Any, bucket: str, sandbox: Any) -> tuple[TestLibrary, TestLibrary]:
    """Ann and Tom, who saw a day of 2021 together and consent to telling of it; Eve was there, too, and does not."""
    found = []
    for name, consents in (("ann", ("family",)), ("tom", ("family",)), ("eve", ())):
        one = TestLibrary.create(catalog, object_store, bucket, name=name, consents=consents)
        for hour in range(5):
            one.put(f"{hour}.jpg", located(f"{name} {hour}", f"2021:06:12 1{hour}:{len(found) * 20}0:00"[:19]))
        one.discover()
        one.work("original")
        one.organise()
        found.append(one)
    return found[0], found[1]


def told(place: TestLibrary) -> StoredMemory | None:
    with place.connect() as connection:
        stored = memories.stored(connection, place.library.library_id)
    return next((each for each in stored if each.kind == "family"), None)


def fed(place: TestLibrary) -> list[str]:
    feed = json.loads(place.store.get(place.bucket, feed_key(place.library.library_id, DAY)))
    return [story["kind"] for story in feed["stories"]]


def files(place: TestLibrary, memory: StoredMemory) -> list[str]:
    listed = place.store.list_all(place.bucket, memories_prefix(place.library.library_id))
    return [found.key for found in listed if memory.memory_id in found.key]


def test_each_of_them_is_told_the_day_with_the_pictures_of_both(
    two: tuple[TestLibrary, TestLibrary], tell: Tell
) -> None:
    ann, tom = two
    for one, other in ((ann, tom), (tom, ann)):
        tell(one)
        story = told(one)
        assert story is not None
        assert story.title == "Together in Arezzo, 12 June 2021"
        assert story.reason == f"10 photos of one day, 5 of them from {other.library.name}"
        assert set(story.lent.values()) == {other.library.library_id}
        keys = {key.partition("/")[0] for _, key, _ in story.items}
        assert keys == {"ann", "tom"}
        assert "family" in fed(one)
        page = one.store.get(one.bucket, story.files["story"])
        assert {item.get("library") for item in json.loads(page)["items"]} == {None, other.library.name}


def test_told_again_it_is_the_same(two: tuple[TestLibrary, TestLibrary], tell: Tell) -> None:
    first = {story.id: story for story in tell(two[0])}
    assert {story.id: story for story in tell(two[0])} == first


@pytest.mark.parametrize("what", ["item", "dates", "place", "kind"])
def test_what_the_lender_hides_is_gone_from_the_others_story_at_once(
    two: tuple[TestLibrary, TestLibrary], tell: Tell, what: str
) -> None:
    ann, tom = two
    tell(ann)
    story = told(ann)
    assert story is not None
    item = next(iter(story.lent))
    with tom.connect() as connection:
        places = suppressions.places_called(connection, tom.library.library_id, "Arezzo")
    wanted = {
        "item": Suppression("item", str(item), item_id=item),
        "dates": Suppression("dates", "x", first=date(2021, 6, 12), last=date(2021, 6, 12)),
        "place": Suppression("place", places[0]),
        "kind": Suppression("kind", "family"),
    }[what]
    gone = withdrawing.hide(tom.connect, tom.store, tom.library, wanted, tom.settings)
    assert [each.library_id for each in gone.memories] == [ann.library.library_id]
    assert told(ann) is None
    assert fed(ann).count("family") == 0
    assert files(ann, story) == []
    tell(ann)
    again = told(ann)
    if what == "item":
        assert again is not None
        assert item not in again.lent
    else:
        assert again is None


def test_what_one_does_not_want_of_the_other_stays_away(two: tuple[TestLibrary, TestLibrary], tell: Tell) -> None:
    ann, tom = two
    tell(ann)
    tell(tom)
    item = next(iter(told(ann).lent))  # type: ignore[union-attr]
    hidden = Suppression("item", str(item), item_id=item)
    withdrawing.hide(ann.connect, ann.store, ann.library, hidden, ann.settings)
    assert told(ann) is None
    assert told(tom) is not None
    tell(ann)
    assert item not in told(ann).lent  # type: ignore[union-attr]


def test_a_consent_that_is_withdrawn_ends_the_stories_of_both(two: tuple[TestLibrary, TestLibrary], tell: Tell) -> None:
    ann, tom = two
    tell(ann)
    tell(tom)
    story = told(ann)
    assert story is not None
    gone = withdrawing.part(tom.connect, tom.store, tom.library, tom.settings)
    assert {each.library_id for each in gone} == {ann.library.library_id, tom.library.library_id}
    assert told(ann) is told(tom) is None
    assert files(ann, story) == []
    tell(ann)
    assert told(ann) is None


def test_what_was_chosen_before_a_consent_was_withdrawn_is_not_stored(
    two: tuple[TestLibrary, TestLibrary], tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = two
    chosen = generating.stories

    def meanwhile(*arguments: Any, **named: Any) -> list[Story]:
        found = chosen(*arguments, **named)
        with tom.connect() as connection:
            libraries.change(connection, "tom", {"consents": []})
            connection.commit()
        return found

    monkeypatch.setattr(generating, "stories", meanwhile)
    assert "family" not in {story.kind for story in tell(ann)}
    assert told(ann) is None


def test_what_the_lender_erases_leaves_the_others_story(two: tuple[TestLibrary, TestLibrary], tell: Tell) -> None:
    ann, tom = two
    tell(ann)
    story = told(ann)
    assert story is not None
    item = next(iter(story.lent))
    (row,) = tom.query("SELECT sha256 FROM items WHERE item_id = :item", item=item)
    ended = [StepOutcome("metadata", "skipped", "erased", None, 1, 1, "", 0.0, 0.0)]
    with tom.connect() as connection:
        tombstones.close(connection, tom.library.library_id)
        gone = removal.forget_items(connection, tom.library.library_id, {bytes(row.sha256): item}, ended, task="t")
        connection.commit()
    assert gone.memories == [story.memory_id]
    assert told(ann) is None


def test_without_a_consent_nobody_is_told_of_anybody(two: tuple[TestLibrary, TestLibrary], tell: Tell) -> None:
    ann, tom = two
    with tom.connect() as connection:
        libraries.change(connection, "tom", {"consents": []})
        connection.commit()
    tell(ann)
    assert told(ann) is None


def test_a_whole_library_that_goes_takes_its_pictures_out_of_the_others_stories(
    two: tuple[TestLibrary, TestLibrary], tell: Tell
) -> None:
    ann, tom = two
    tell(ann)
    tell(tom)
    story = told(ann)
    assert story is not None
    with tom.connect() as connection:
        tombstones.close(connection, tom.library.library_id)
        removal.close_library(connection, tom.library.library_id)
        connection.commit()
    assert told(ann) is None
    announcing.announce(ann.connect, ann.store, [], ann.settings)
    assert files(ann, story) == []
    assert "family" not in fed(ann)
