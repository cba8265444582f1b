"""Searching a library: every way of finding, filters, reasons, and something useful where nothing fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from albumen.catalog import filters, search
from albumen.catalog.filters import Filter
from albumen.catalog.models_in_use import SCENE, TEXT_SPACE, model_ids
from albumen.organise import searching
from albumen.organise.searching import Found
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

ROVINJ, LECH, GRAZ = (45.0811, 13.6387), (47.2094, 10.1429), (47.0707, 15.4395)
LABELS = {"dog", "beach", "snow", "church"}


def point(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=384).astype(np.float32)
    return vector / np.linalg.norm(vector)


class Shelf:
    """Photos with what is known of them, without files."""

    def __init__(self, library: TestLibrary) -> None:
        self.library = library
        self.l = library.library.library_id
        with library.connect() as connection:
            self.models = model_ids(connection)

    def add(
        self,
        item: int,
        key: str,
        taken: str,
        *,
        place: tuple[float, float] | None = None,
        labels: dict[str, float] | None = None,
        near: int = 0,
    ) -> None:
        run, shown = self.library.execute, labels or {}
        run("INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime) "
            "VALUES (:l, :i, :s, 1, 'photo', 'image/jpeg')", l=self.l, i=item, s=bytes([item]))  # fmt: skip
        run("INSERT INTO originals (library_id, bucket, key, etag, size, last_modified, item_id) "
            "VALUES (:l, 'b', :key, 'e', 1, now(), :i)", l=self.l, i=item, key=f"test/{key}")  # fmt: skip
        run("INSERT INTO facts (library_id, item_id, original_id, taken_local, taken_confidence) "
            "VALUES (:l, :i, :i, CAST(:t AS timestamp), 'high')", l=self.l, i=item, t=taken)  # fmt: skip
        if place:
            run(
                "UPDATE facts SET gps_lat = :lat, gps_lon = :lon WHERE item_id = :i", i=item, lat=place[0], lon=place[1]
            )
        run("INSERT INTO scenes VALUES (:l, :i, :m, :names, :scores)", l=self.l, i=item, m=self.models[SCENE],
            names=list(shown), scores=list(shown.values()))  # fmt: skip
        run("INSERT INTO embeddings VALUES (:l, :i, :m, CAST(:v AS halfvec))", l=self.l, i=item,
            m=self.models[TEXT_SPACE], v=str(point(near or 1000 + item).tolist()))  # fmt: skip
        run("INSERT INTO dirty_items VALUES (:l, :i)", l=self.l, i=item)

    def search(self, asked: str, *, point: Any = None, **options: Any) -> Found:
        with self.library.connect() as connection:
            return searching.run(
                connection,
                self.l,
                asked,
                today=date(2024, 1, 1),
                labels=LABELS,
                encode=lambda *_: None if point is None else (point, 0.25),
                **options,
            )


def keys(found: Found) -> list[str]:
    return [hit.key.removeprefix("test/") for hit in found.hits]


@pytest.fixture
def shelf(library: TestLibrary) -> Shelf:
    found = Shelf(library)
    found.add(1, "a/one.jpg", "2019-07-01 10:00", place=ROVINJ, labels={"dog": 0.9, "beach": 0.8})
    found.add(2, "a/two.jpg", "2019-07-02 10:00", place=ROVINJ, labels={"beach": 0.9})
    found.add(3, "a/three.jpg", "2021-01-02 10:00", place=LECH, labels={"dog": 0.95, "snow": 0.9}, near=7)
    found.add(4, "wedding/IMG_4.jpg", "2021-05-02 10:00", place=GRAZ, labels={"church": 0.6})
    library.organise()
    return found


def test_things_places_and_times_together_and_why(shelf: Shelf) -> None:
    found = shelf.search("dog on the beach in Croatia 2019")
    assert keys(found) == ["a/one.jpg", "a/two.jpg"]
    assert found.hits[0].why == [
        "shows dog (0.90)", "shows beach (0.80)", "taken in Rovinj, Croatia", "taken on 2019-07-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("dog", ["a/three.jpg", "a/one.jpg"]),
        ("wedding", ["wedding/IMG_4.jpg"]),
        ("Austria", ["wedding/IMG_4.jpg", "a/three.jpg"]),
        ("summer 2019", ["a/two.jpg", "a/one.jpg"]),
        ("perro nieve", ["a/three.jpg", "a/one.jpg"]),
    ],
)
def test_each_way_of_finding(shelf: Shelf, asked: str, expected: list[str]) -> None:
    assert keys(shelf.search(asked)) == expected


def test_what_has_no_name_is_found_by_its_meaning(shelf: Shelf) -> None:
    found = shelf.search("frosty morning walk", point=point(7))
    assert keys(found) == ["a/three.jpg"]
    assert found.hits[0].why == ["looks like what was asked for (1.00)"]
    assert keys(shelf.search("frosty morning walk", point=point(7), ways=("label", "words"))) == []


def test_a_filter_that_leaves_nothing_is_let_go_and_told(shelf: Shelf) -> None:
    found = shelf.search("dog in Croatia 2018")
    assert keys(found) == ["a/one.jpg"]
    assert found.notes == ["nothing of that time: shown without it"]


def test_nonsense_finds_nothing_and_says_what_could_be_asked(shelf: Shelf) -> None:
    found = shelf.search("'; DROP TABLE items & qwzx:* | !")
    assert found.hits == []
    assert "Graz" in found.suggestions


def test_photos_of_hidden_people_are_no_hits(shelf: Shelf) -> None:
    shelf.library.execute("INSERT INTO people (library_id, person_id, hidden) VALUES (:l, 'p', true)", l=shelf.l)
    shelf.library.execute("INSERT INTO face_people VALUES (:l, 3, 0, 'p', 1, 0, 0, 1, 1)", l=shelf.l)
    assert keys(shelf.search("dog")) == ["a/one.jpg"]


def test_retired_items_are_no_hits(shelf: Shelf) -> None:
    shelf.library.execute("UPDATE items SET retired_at = now() WHERE item_id = 3")
    assert keys(shelf.search("dog")) == ["a/one.jpg"]
    assert keys(shelf.search("frosty", point=point(7))) == []


def test_text_in_pictures_is_found_and_said_to_be_read_there(shelf: Shelf) -> None:
    shelf.library.execute("INSERT INTO texts VALUES (:l, 2, 'Café Gorriti\nmenú del día', '[]', 'm')", l=shelf.l)
    shelf.library.execute("INSERT INTO dirty_items VALUES (:l, 2)", l=shelf.l)
    shelf.library.organise()
    for asked in ("gorriti", "menu", "menú"):
        found = shelf.search(asked)
        assert keys(found) == ["a/two.jpg"], asked
        assert found.hits[0].why == ["it can be read in the picture"]
    assert keys(shelf.search("gorriti", ways=("words", "label"))) == []


def test_each_source_of_a_word_is_named(shelf: Shelf) -> None:
    shelf.library.execute(
        "UPDATE facts SET make = 'Nikon', model = 'Coolpix P6000', extra = CAST(:e AS jsonb) WHERE item_id = 1",
        e='{"keywords": ["Wedding"]}',
    )
    shelf.library.execute("INSERT INTO dirty_items VALUES (:l, 1)", l=shelf.l)
    shelf.library.organise()
    found = shelf.search("wedding")
    assert {hit.key.removeprefix("test/"): hit.why for hit in found.hits} == {
        "a/one.jpg": ["its caption or keywords say so"],
        "wedding/IMG_4.jpg": ["its name or folder says so"],
    }
    camera = shelf.search("beach coolpix")
    assert [hit.why for hit in camera.hits] == [["shows beach (0.80)", "taken with that camera"]]


def test_screenshots_and_clips_are_filters(shelf: Shelf) -> None:
    shelf.library.execute("INSERT INTO picture_kinds VALUES (:l, 4, 'screenshot', 1)", l=shelf.l)
    shelf.library.execute("UPDATE items SET kind = 'video' WHERE item_id = 3")
    assert keys(shelf.search("screenshots 2021")) == ["wedding/IMG_4.jpg"]
    assert keys(shelf.search("videos")) == ["a/three.jpg"]
    nothing = shelf.search("receipts of a dog")
    assert keys(nothing) == ["a/three.jpg", "a/one.jpg"]
    assert nothing.notes == ["no receipt of that kind is known: looked for as words"]


def test_wider_words_find_what_falls_under_them(shelf: Shelf) -> None:
    assert keys(shelf.search("pets")) == ["a/three.jpg", "a/one.jpg"]
    assert shelf.search("pets").hits[0].why == ["shows dog (0.95)"]


def test_a_word_that_stands_in_the_library_is_no_typo(shelf: Shelf) -> None:
    assert keys(shelf.search("beech")) == ["a/two.jpg", "a/one.jpg"]
    shelf.library.execute("INSERT INTO texts VALUES (:l, 3, 'BEECH Lane 4', '[]', 'm')", l=shelf.l)
    shelf.library.execute("INSERT INTO dirty_items VALUES (:l, 3)", l=shelf.l)
    shelf.library.organise()
    assert keys(shelf.search("beech")) == ["a/three.jpg"]


def test_what_fulfils_a_filter_is_looked_for_where_fewest_are(shelf: Shelf) -> None:
    shelf.library.execute("INSERT INTO people (library_id, person_id, name) VALUES (:l, 'p', 'Ann')", l=shelf.l)
    shelf.library.execute(
        "INSERT INTO face_people SELECT :l, n, 0, 'p', 1, 0, 0, 1, 1 FROM generate_series(1, 3) n", l=shelf.l
    )
    since, until = date(2019, 7, 2), date(2021, 4, 1)
    wanted = Filter(person_ids=("p",), place_ids=tuple(_places(shelf, "Lech", "Rovinj")), since=since, until=until)
    with shelf.library.connect() as connection:
        assert filters.scarcest(connection, shelf.l, Filter(kind="photo")) == ([4, 3, 2, 1], Filter(kind="photo"))
        assert filters.scarcest(connection, shelf.l, wanted) == ([3, 2], replace(wanted, since=None, until=None))
        assert search.filtered(connection, shelf.l, wanted, most=10) == [3, 2]
        assert search.filtered(connection, shelf.l, wanted, most=1) == [3]
        assert search.filtered(connection, shelf.l, replace(wanted, since=date(2022, 1, 1)), most=10) == []
        shelf.library.execute("UPDATE items SET retired_at = now() WHERE item_id = 3")
        assert search.filtered(connection, shelf.l, wanted, most=10) == [2]


def test_old_photos_of_a_place_are_found_where_place_and_time_have_more_than_is_looked_at(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "LOOKED_AT", 1)
    austria = Filter(place_ids=tuple(_places(shelf, "Lech", "Graz")))
    with shelf.library.connect() as connection:
        assert search.filtered(connection, shelf.l, austria, most=9) == [4]
        january = replace(austria, since=date(2021, 1, 1), until=date(2021, 1, 31))
        assert search.filtered(connection, shelf.l, january, most=9) == [3]


@pytest.mark.parametrize(
    ("question", "parameters"),
    [
        (filters.OF_PERSON, {"person": "p"}),
        (filters.OF_PICTURE_KIND, {"kind": "receipt"}),
        (filters.OF_KIND, {"kind": "video"}),
        (filters.OF_PLACES, {"places": ["p"]}),
        (filters.OF_TIME, {"firsts": [datetime(2019, 1, 1)], "lasts": [datetime(2020, 1, 1)]}),
    ],
    ids=["person", "picture kind", "kind", "places", "time"],
)
def test_a_part_of_a_filter_is_read_in_the_order_of_an_index(shelf: Shelf, question: Any, parameters: Any) -> None:
    with shelf.library.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off; SET enable_bitmapscan = off")
        explained = text(f"EXPLAIN {question.text}")
        plan = "\n".join(connection.execute(explained, {"library_id": 1, "most": 9, **parameters}).scalars())
    assert plan.count("Index") >= 16
    assert "Merge Append" in plan


def _places(shelf: Shelf, *cities: str) -> list[str]:
    rows = shelf.library.query("SELECT place_id FROM places WHERE city = ANY(:cities)", cities=list(cities))
    return [row.place_id for row in rows]
