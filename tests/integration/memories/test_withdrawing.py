"""What its owner hides is in no story: at once in those that are told, and in none that is made later."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from albumen.catalog import memories, suppressions
from albumen.catalog.suppressions import Suppression, SuppressionError
from albumen.memories import generating, hiding, withdrawing
from albumen.memories.rendering import render_story
from albumen.memories.story import Story
from albumen.storage.layout import feed_key, memories_prefix
from albumen.storage.object_store import StorageError
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]
DAY = date(2023, 6, 12)


def hide(place: TestLibrary, wanted: Suppression) -> withdrawing.Taken:
    return withdrawing.hide(place.connect, place.store, place.library, wanted, place.settings)


def item_of(place: TestLibrary, key: str) -> int:
    with place.connect() as connection:
        found = place.library
        return suppressions.item_of_key(connection, found.library_id, found.bucket, found.prefix + key)


def shown(place: TestLibrary) -> set[str]:
    """Keys of all that is in a story now, in the catalog."""
    with place.connect() as connection:
        stored = memories.stored(connection, place.library.library_id)
    return {key.removeprefix("test/") for memory in stored for _, key, _ in memory.items}


def feed(place: TestLibrary, day: date = DAY) -> dict[str, Any]:
    return json.loads(place.store.get(place.bucket, feed_key(place.library.library_id, day)))


def files(place: TestLibrary) -> list[str]:
    prefix = memories_prefix(place.library.library_id)
    return [found.key for found in place.store.list_all(place.bucket, prefix)]


def events(place: TestLibrary) -> list[str]:
    return [row.event for row in place.query("SELECT event FROM memory_events ORDER BY event_id")]


def test_a_hidden_picture_leaves_its_story_and_the_feed_at_once(three_years: TestLibrary, tell: Tell) -> None:
    (story,) = tell(three_years)
    assert [told["id"] for told in feed(three_years)["stories"]] == [story.id]
    item = item_of(three_years, "2020/1.jpg")
    taken = hide(three_years, Suppression("item", str(item), item_id=item))
    assert taken.is_new
    assert [gone.memory_id for gone in taken.memories] == [story.id]
    assert feed(three_years)["stories"] == []
    assert files(three_years) == []
    assert shown(three_years) == set()
    assert events(three_years) == ["memory.published", "memory.withdrawn"]


def test_told_anew_the_story_lacks_it_for_good(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    item = item_of(three_years, "2020/1.jpg")
    hide(three_years, Suppression("item", str(item), item_id=item))
    tell(three_years)
    three_years.put("2018/late.jpg", a_photo("late", taken="2018:06:12 12:00:00"))
    three_years.discover()
    three_years.work()
    tell(three_years)
    assert "2018/late.jpg" in shown(three_years)
    assert "2020/1.jpg" not in shown(three_years)
    assert len(feed(three_years)["stories"]) == 1


def test_less_like_this_takes_what_looks_alike_too(three_years: TestLibrary, tell: Tell) -> None:
    three_years.execute(
        "UPDATE likenesses SET phash = 0 WHERE item_id = :item", item=item_of(three_years, "2020/1.jpg")
    )
    near = item_of(three_years, "2021/2.jpg")
    three_years.execute("UPDATE likenesses SET phash = 65535 WHERE item_id = :item", item=near)
    tell(three_years)
    item = item_of(three_years, "2020/1.jpg")
    hide(three_years, Suppression("like", str(item), item_id=item))
    assert shown(three_years) == set()
    tell(three_years)
    assert shown(three_years) & {"2020/1.jpg", "2021/2.jpg"} == set()
    assert len(shown(three_years)) >= 5


def test_a_hidden_label_is_in_no_story(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    library_id = three_years.library.library_id
    three_years.execute(
        "INSERT INTO scenes (library_id, item_id, model_id, labels, scores) "
        "VALUES (:library_id, :item, :model, '{dog,grass}', '{0.9,0.5}') "
        "ON CONFLICT (library_id, item_id, model_id) DO UPDATE SET labels = excluded.labels",
        library_id=library_id, item=item_of(three_years, "2020/1.jpg"), model=three_years.settings.models.scene,
    )  # fmt: skip
    with three_years.connect() as connection:
        assert suppressions.label_called(connection, library_id, "DOG") == "dog"
        with pytest.raises(SuppressionError, match="shows 'unicorn'"):
            suppressions.label_called(connection, library_id, "unicorn")
    assert len(hide(three_years, Suppression("label", "dog")).memories) == 1
    assert shown(three_years) == set()
    tell(three_years)
    assert "2020/1.jpg" not in shown(three_years)
    assert len(shown(three_years)) == 8


def test_hidden_days_take_their_neighbours_along(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    assert hide(three_years, hiding.days(date(2019, 6, 14), date(2019, 6, 20))).memories == ()
    assert len(hide(three_years, hiding.days(date(2020, 6, 13), date(2020, 6, 13))).memories) == 1
    tell(three_years)
    assert {key[:4] for key in shown(three_years)} == {"2019", "2021"}
    with pytest.raises(ValueError, match="is before"):
        hiding.days(date(2020, 1, 2), date(2020, 1, 1))


def test_a_hidden_person_and_place_and_who_is_hidden_everywhere(three_years: TestLibrary, tell: Tell) -> None:
    library_id = three_years.library.library_id
    vector = str([0.0] * 128)
    for key, person in (("2019/0.jpg", "ann"), ("2020/0.jpg", "bob"), ("2021/0.jpg", "cy")):
        three_years.execute(
            "INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, "
            "model_id, vector) VALUES (:library_id, :item, 0, .4, .4, .2, .2, .9, '{}', 1, 'm', :vector)",
            library_id=library_id, item=item_of(three_years, key), vector=vector,
        )  # fmt: skip
        three_years.execute(
            "INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height) "
            "VALUES (:library_id, :item, 0, :person, 1, .4, .4, .2, .2)",
            library_id=library_id, item=item_of(three_years, key), person=person,
        )  # fmt: skip
        three_years.execute(
            "INSERT INTO people (library_id, person_id, name, hidden) VALUES (:library_id, :person, :name, :hidden)",
            library_id=library_id, person=person, name=person.capitalize(), hidden=person == "cy",
        )  # fmt: skip
    three_years.execute(
        "INSERT INTO places (library_id, place_id, city, country, country_code, lat, lon) "
        "VALUES (:library_id, 'p1', 'Arezzo', 'Italy', 'IT', 43.4, 11.9)",
        library_id=library_id,
    )
    three_years.execute(
        "INSERT INTO item_places (library_id, item_id, lat, lon, place_id, inferred) "
        "VALUES (:library_id, :item, 43.4, 11.9, 'p1', false)",
        library_id=library_id, item=item_of(three_years, "2021/1.jpg"),
    )  # fmt: skip
    tell(three_years)
    assert "2021/0.jpg" not in shown(three_years)
    assert {"2019/0.jpg", "2021/1.jpg"} <= shown(three_years)
    with three_years.connect() as connection:
        (ann,) = suppressions.people_called(connection, library_id, "ANN")
        (arezzo,) = suppressions.places_called(connection, library_id, "italy")
        with pytest.raises(SuppressionError, match="knows no person 'Dan'"):
            suppressions.people_called(connection, library_id, "Dan")
    assert len(hide(three_years, Suppression("person", ann)).memories) == 1
    tell(three_years)
    assert len(hide(three_years, Suppression("place", arezzo)).memories) == 1
    tell(three_years)
    assert shown(three_years) & {"2019/0.jpg", "2021/0.jpg", "2021/1.jpg"} == set()
    assert "2020/0.jpg" in shown(three_years)


def test_a_hidden_kind_and_a_hidden_memory_are_told_no_more(three_years: TestLibrary, tell: Tell) -> None:
    (story,) = tell(three_years)
    hide(three_years, Suppression("memory", story.id))
    assert tell(three_years) == []
    with three_years.connect() as connection:
        (hidden,) = suppressions.of_library(connection, three_years.library.library_id)
        assert suppressions.lift(connection, three_years.library.library_id, hidden.suppression_id)
        connection.commit()
    assert len(tell(three_years)) == 1
    assert len(hide(three_years, Suppression("kind", "on_this_day")).memories) == 1
    assert tell(three_years) == []
    assert feed(three_years)["stories"] == []


def test_hiding_twice_changes_nothing(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    item = item_of(three_years, "2020/1.jpg")
    wanted = Suppression("item", str(item), item_id=item)
    hide(three_years, wanted)
    before = three_years.dump()
    assert hide(three_years, wanted) == withdrawing.Taken(False, ())
    assert three_years.dump() == before


def test_a_story_that_is_being_made_meanwhile_does_not_come_in(
    three_years: TestLibrary, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = item_of(three_years, "2020/1.jpg")

    def render_while_hiding(*arguments: Any) -> str:
        hide(three_years, Suppression("item", str(item), item_id=item))
        return render_story(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(generating, "render_story", render_while_hiding)
        assert tell(three_years) == []
    assert shown(three_years) == set()
    assert files(three_years) == []
    assert len(tell(three_years)) == 1


def test_its_day_has_another_turn_after_a_withdrawal(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    library_id = three_years.library.library_id
    with three_years.connect() as connection:
        memories.take_turn(connection, library_id, DAY)
        connection.commit()
    hide(three_years, Suppression("kind", "on_this_day"))
    with three_years.connect() as connection:
        assert library_id not in memories.turns(connection)


def test_storage_that_fails_leaves_nothing_shown_in_the_catalog(
    three_years: TestLibrary, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(three_years)

    def fail(*_: object, **__: object) -> None:
        raise StorageError("away")

    with monkeypatch.context() as patched:
        patched.setattr(three_years.store, "put", fail)
        with pytest.raises(StorageError):
            hide(three_years, Suppression("kind", "on_this_day"))
    assert shown(three_years) == set()
    assert len(feed(three_years)["stories"]) == 1
