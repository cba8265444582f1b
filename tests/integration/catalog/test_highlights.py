"""The pictures that stand for a day stay true: late uploads, erasure, hiding and showing again, people, models."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Connection, text

from albumen.catalog import (
    changes,
    engine,
    highlights,
    libraries,
    memory_context,
    models_in_use,
    people,
    person_decisions,
    removal,
    suppressions,
)
from albumen.catalog.people import Assignment
from albumen.catalog.suppressions import Suppression
from albumen.organise import organising

pytestmark = pytest.mark.stack

DAY, BEFORE = date(2021, 6, 12), date(2020, 6, 12)
ROWS = (
    "INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime) "
    "VALUES (1, :item, sha256(CAST(CAST(CAST(:item AS bigint) AS text) AS bytea)), 1, 'photo', 'image/jpeg')",
    "INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id) "
    "VALUES (1, 'b', 'IMG_' || CAST(:item AS bigint), :item, 'e', 1, now(), :item)",
    "INSERT INTO facts (library_id, item_id, original_id, width, height, taken_local, taken_confidence, extra) "
    "VALUES (1, :item, :item, 4000, 3000, :taken, 'high', CAST(:extra AS jsonb))",
    "INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes) "
    "SELECT 1, :item, name, name || CAST(:item AS bigint), 'image/jpeg', 1920, 1440, 1 "
    "FROM unnest(ARRAY['preview', 'thumb']) name",
    "INSERT INTO quality (library_id, item_id, score, sharpness, exposure, contrast) "
    "VALUES (1, :item, :quality, 1, 1, 1)",
    "INSERT INTO scenes (library_id, item_id, model_id, labels, scores) VALUES (1, :item, :model, :labels, '{0.9}')",
)


def take(
    connection: Connection, item: int, taken: str, *, quality: float = 0.8, labels: tuple[str, ...] = (), stars: int = 0
) -> None:
    """A photo of one moment, worked on."""
    model = models_in_use.model_ids(connection)[models_in_use.SCENE]
    values = {"item": item, "taken": taken, "quality": quality, "labels": list(labels), "model": model,
              "extra": f'{{"rating": {stars}}}'}  # fmt: skip
    for statement in ROWS:
        connection.execute(text(statement), {name: values[name] for name in values if f":{name}" in statement})
    changes.mark(connection, 1, [item])


def organised(connection: Connection) -> None:
    """Organise until nothing waits, as the DAG does."""
    while organising.organise(connection, 1):
        pass


def stand(connection: Connection, feature: str = "", day: date = DAY) -> list[int]:
    """The items that stand for a day, or for a feature on it."""
    found = connection.execute(
        text("SELECT items FROM highlights WHERE library_id = 1 AND feature = :feature AND day = :day"),
        {"feature": feature, "day": day},
    ).scalar_one_or_none()
    return list(found or ())


def read(connection: Connection, *features: str, most: int = 9) -> list[int]:
    """What memories would read of the day, or of features."""
    ranges = [] if features else [(DAY, DAY, most)]
    return [row["item_id"] for row in memory_context.photos(connection, 1, ranges, features=features)]


@pytest.fixture
def connection(catalog: str):
    with engine.connect(catalog) as connected:
        library = libraries.create(
            connected, name="rows", bucket="b", prefix="", home_zone="Europe/Zagreb", consents=("faces",)
        )
        assert library.library_id == 1
        take(connected, 1, "2021-06-12 10:00", quality=0.9, labels=("dog",))
        take(connected, 2, "2021-06-12 10:20", quality=0.95, labels=("dog", "snow"))
        take(connected, 3, "2021-06-12 15:00", quality=0.5)
        take(connected, 4, "2020-06-12 15:00", labels=("dog",))
        organised(connected)
        yield connected


def test_the_best_of_each_hour_goes_before_any_second_one_and_favourites_before_all(connection: Connection) -> None:
    assert stand(connection) == [2, 3, 1]
    take(connection, 5, "2021-06-12 15:30", quality=0.45, stars=5)
    organised(connection)
    assert stand(connection) == [5, 2, 1, 3]
    assert read(connection, most=2) == [2, 5], "by time"


def test_a_late_upload_comes_in_and_nothing_else_is_looked_at(connection: Connection) -> None:
    before = connection.execute(text("SELECT xmin, ctid FROM highlights WHERE day = :day"), {"day": BEFORE}).all()
    take(connection, 6, "2021-06-12 20:00", labels=("snow",))
    organised(connection)
    assert set(stand(connection)) == {1, 2, 3, 6}
    assert set(stand(connection, "label:snow")) == {2, 6}
    assert (
        connection.execute(text("SELECT xmin, ctid FROM highlights WHERE day = :day"), {"day": BEFORE}).all() == before
    )


def test_a_moved_date_and_another_kind_move_the_picture(connection: Connection) -> None:
    changes.mark(connection, 1, [1])
    connection.execute(text("UPDATE facts SET taken_local = '2020-06-12 09:00' WHERE item_id = 1"))
    changes.mark(connection, 1, [1])
    connection.execute(text("INSERT INTO picture_kinds (library_id, item_id, kind, score) VALUES (1, 3, 'receipt', 1)"))
    assert 3 not in read(connection), "not even before the day is organised"
    changes.mark(connection, 1, [3])
    organised(connection)
    assert stand(connection) == [2]
    assert stand(connection, day=BEFORE) == [1, 4]


def test_what_is_erased_is_gone_with_the_transaction_that_erases_it(connection: Connection) -> None:
    digests = {
        row.sha256: row.item_id
        for row in connection.execute(text("SELECT sha256, item_id FROM items WHERE item_id = 2"))
    }
    removal.forget_items(connection, 1, {bytes(sha): item for sha, item in digests.items()}, [], task="t")
    assert stand(connection) == [3, 1]
    assert stand(connection, "label:snow") == []
    assert (
        connection.execute(text("SELECT count(*) FROM highlights WHERE items @> '{2}' OR items = '{}'")).scalar() == 0
    )
    organised(connection)
    assert stand(connection) == [1, 3]


def test_a_retired_picture_is_not_read_and_its_place_goes_to_another(connection: Connection) -> None:
    connection.execute(text("UPDATE items SET retired_at = now() WHERE item_id = 2"))
    assert read(connection) == [1, 3]
    changes.mark(connection, 1, [2])
    organised(connection)
    assert stand(connection) == [1, 3]


@pytest.mark.parametrize(
    "hidden", [Suppression("label", "snow"), Suppression("item", "2", item_id=2), Suppression("like", "2", item_id=2)]
)
def test_what_is_hidden_leaves_its_place_to_others_until_it_is_shown_again(
    connection: Connection, hidden: Suppression
) -> None:
    added = suppressions.add(connection, 1, hidden)
    assert added is not None
    organised(connection)
    assert stand(connection) == [1, 3]
    assert stand(connection, "label:dog") == [1]
    assert suppressions.lift(connection, 1, added.suppression_id)
    organised(connection)
    assert stand(connection) == [2, 3, 1]
    assert stand(connection, "label:snow") == [2]


def test_half_of_a_day_shows_somebody_hidden_and_the_others_are_still_told(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(highlights, "OF_A_DAY", 2)
    for item in (1, 2, 3):
        give(connection, item, "ann")
    for item in (7, 8):
        take(connection, item, f"2021-06-12 1{item}:00", quality=0.41)
    organised(connection)
    assert set(stand(connection)) == {2, 3}
    person_decisions.change(connection, 1, "ann", {"hidden": True})
    organised(connection)
    assert set(stand(connection)) == {7, 8}
    person_decisions.change(connection, 1, "ann", {"hidden": False})
    organised(connection)
    assert set(stand(connection)) == {2, 3}


def give(connection: Connection, item: int, person: str) -> None:
    """Have a face of somebody in a photo."""
    connection.execute(
        text(
            "INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, "
            "model_id, vector) VALUES (1, :item, 0, .4, .4, .2, .2, .9, '{}', 1, 'm', :vector)"
        ),
        {"item": item, "vector": str([0.0] * 128)},
    )
    people.assign(connection, 1, [Assignment(item, 0, person, (0.4, 0.4, 0.2, 0.2))])


def test_people_are_found_by_their_days_and_become_one(connection: Connection) -> None:
    give(connection, 1, "ann")
    give(connection, 4, "anna")
    organised(connection)
    assert (read(connection, "person:ann"), read(connection, "person:anna")) == ([1], [4])
    person_decisions.merge(connection, 1, "anna", "ann")
    organised(connection)
    assert read(connection, "person:ann") == [4, 1]
    assert stand(connection, "person:anna", BEFORE) == []
    person_decisions.reject(connection, 1, [Assignment(4, 0, "ann", (0.4, 0.4, 0.2, 0.2))], by="test")
    organised(connection)
    assert read(connection, "person:ann") == [1]


def test_no_consent_leaves_no_person_and_another_model_has_all_days_looked_at(connection: Connection) -> None:
    give(connection, 1, "ann")
    organised(connection)
    libraries.forget_faces(connection, 1)
    assert connection.execute(text("SELECT count(*) FROM highlights WHERE feature LIKE 'person:%'")).scalar() == 0
    models_in_use.switch(connection, scene="another", text_space="another")
    organised(connection)
    assert stand(connection, "label:dog") == []
    assert stand(connection) == [2, 3, 1]


def test_of_a_feature_every_year_gives_its_best_of_different_days_first(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_context, "OF_A_YEAR", 2)
    take(connection, 9, "2021-08-01 12:00", quality=0.5, labels=("dog",))
    organised(connection)
    assert read(connection, "label:dog") == [4, 2, 9]


def touched(connection: Connection, day: date, *features: str) -> int:
    """Rows of any table that memories look at to read ten pictures of a day, or a feature."""
    counted = text("SELECT CAST(sum(seq_tup_read + idx_tup_fetch) AS bigint) FROM pg_stat_xact_user_tables")
    before = connection.execute(counted).scalar_one()
    ranges = [] if features else [(day, day, 10)]
    assert len(memory_context.photos(connection, 1, ranges, features=features)) <= 10
    found: int = connection.execute(counted).scalar_one() - before
    return found


def test_four_times_the_pictures_are_no_more_to_look_at(connection: Connection) -> None:
    for number in range(120):
        take(connection, 1000 + number, f"2018-03-01 12:{number % 60:02}", labels=("boat",))
    for number in range(480):
        take(connection, 2000 + number, f"2019-03-01 12:{number % 60:02}", labels=("car",))
    organised(connection)
    connection.execute(text("ANALYZE"))
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    few, many = date(2018, 3, 1), date(2019, 3, 1)
    assert 0 < touched(connection, many) <= 1.2 * touched(connection, few)
    assert 0 < touched(connection, many, "label:car") <= 1.2 * touched(connection, few, "label:boat")
