"""People in a library: found as photos come, and what someone said of them is never lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from albumen.catalog import libraries, people, person_decisions, person_suggestions
from albumen.catalog.people import Assignment, PersonError
from albumen.organise.people import SUGGEST, confidence
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

LANDMARKS = [0.3, 0.3, 0.5, 0.3, 0.4, 0.4, 0.32, 0.5, 0.48, 0.5]
ITEM = """
    INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
    VALUES (:l, :i, decode(lpad(to_hex(CAST(:i AS bigint)), 64, '0'), 'hex'), 1, 'photo', 'image/jpeg')
    ON CONFLICT DO NOTHING
"""
PREVIEW = """
    INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes)
    VALUES (:l, :i, 'preview', 'k', 'image/jpeg', 2000, 1440, 1) ON CONFLICT DO NOTHING
"""
FACE = """
    INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, model_id, vector)
    VALUES (:l, :i, :n, :x, 0.2, 0.2, 0.3, 0.9, :landmarks, 100, :model, CAST(:v AS vector))
"""


def vector(seed: str, number: int) -> str:
    base = np.random.default_rng(list(seed.encode())).normal(size=128)
    noise = np.random.default_rng([*seed.encode(), number]).normal(size=128)
    mixed = base / np.linalg.norm(base) + 0.8 * noise / np.linalg.norm(noise)
    return str((mixed / np.linalg.norm(mixed)).round(6).tolist())


class Album:
    """Photos that show people, without files: `show(7, "ann", "bob")` is photo 7."""

    def __init__(self, library: TestLibrary) -> None:
        self.library = library
        self.id = library.library.library_id

    def show(self, item: int, *who: str, model: str = "m", again: bool = False) -> None:
        self.library.execute(ITEM, l=self.id, i=item)
        self.library.execute(PREVIEW, l=self.id, i=item)
        self.library.execute("DELETE FROM faces WHERE item_id = :i", i=item)
        for number, person in enumerate(reversed(who) if again else who):
            place = len(who) - 1 - number if again else number
            self.library.execute(
                FACE, l=self.id, i=item, n=number, x=0.3 * place, landmarks=LANDMARKS, model=model,
                v=vector(person + model, item),
            )  # fmt: skip
        self.library.execute("INSERT INTO dirty_items VALUES (:l, :i) ON CONFLICT DO NOTHING", l=self.id, i=item)

    def organise(self) -> None:
        self.library.organise()

    def owners(self) -> dict[tuple[int, float], str]:
        rows = self.library.query("SELECT item_id, x, person_id FROM face_people ORDER BY 1, 2")
        return {(row.item_id, round(row.x, 1)): row.person_id for row in rows}

    def everyone(self, **options: Any) -> list[people.Person]:
        with self.library.connect() as connection:
            return people.everyone(connection, self.id, **options)

    def faces_of(self, person_id: str, *items: int) -> list[Assignment]:
        with self.library.connect() as connection:
            return [face for face in people.assigned(connection, self.id, items) if face.person_id == person_id]

    def say(self, what: Any, *arguments: Any, **options: Any) -> None:
        with self.library.connect() as connection:
            what(connection, self.id, *arguments, **options)
            connection.commit()


@pytest.fixture
def empty(catalog: str, object_store: Any, bucket: str) -> Album:
    """Nobody yet."""
    return Album(TestLibrary.create(catalog, object_store, bucket, consents=("faces",)))


@pytest.fixture
def album(empty: Album) -> Album:
    """Ann on four photos, Bob on four, on two of them both, and a stranger once."""
    found = empty
    for item, who in enumerate((("ann",), ("bob",), ("ann", "bob"), ("ann", "bob"), ("ann",), ("bob",), ("eve",)), 1):
        found.show(item, *who)
    found.organise()
    return found


def test_people_are_found_and_who_is_seen_once_is_nobody_yet(album: Album) -> None:
    owners = album.owners()
    ann, bob = owners[1, 0.0], owners[2, 0.0]
    assert owners == {(1, 0.0): ann, (2, 0.0): bob, (3, 0.0): ann, (3, 0.3): bob, (4, 0.0): ann, (4, 0.3): bob,
                      (5, 0.0): ann, (6, 0.0): bob}  # fmt: skip
    assert [person.faces for person in album.everyone()] == [4, 4]


def test_a_new_photo_joins_whom_it_shows_and_a_second_one_makes_a_stranger_somebody(album: Album) -> None:
    before = album.owners()
    album.show(8, "bob", "eve")
    album.organise()
    after = album.owners()
    assert after[8, 0.0] == before[2, 0.0]
    assert after[8, 0.3] == after[7, 0.0] not in before.values()
    assert sorted(person.faces for person in album.everyone()) == [2, 4, 5]


def test_names_merges_and_splits_survive_grouping_anew_and_another_model(album: Album) -> None:
    owners = album.owners()
    ann, bob = owners[1, 0.0], owners[2, 0.0]
    album.say(person_decisions.change, ann, {"name": "Ann"})
    album.say(person_decisions.split, album.faces_of(bob, 6), "robert", by="me")
    for model in ("m", "other"):
        for item, who in enumerate((("ann",), ("bob",), ("ann", "bob"), ("ann", "bob"), ("ann",), ("bob",)), 1):
            album.show(item, *who, model=model, again=True)
        album.organise()
        assert album.owners() == {**owners, (6, 0.0): "robert"}
    named = {person.person_id: person.name for person in album.everyone()}
    assert named == {ann: "Ann", bob: None, "robert": None}


def test_a_merge_keeps_the_old_id_working(album: Album) -> None:
    album.show(8, "cat")
    album.show(9, "cat")
    album.organise()
    cat, eve = album.owners()[8, 0.0], album.owners()[1, 0.0]
    album.say(person_decisions.change, cat, {"name": "Cat"})
    album.say(person_decisions.merge, cat, eve)
    with album.library.connect() as connection:
        found = people.named(connection, album.id, cat)
    assert (found.person_id, found.name, found.faces) == (eve, "Cat", 6)
    assert {album.owners()[item, 0.0] for item in (1, 8, 9)} == {eve}


def test_people_seen_together_are_not_merged(album: Album) -> None:
    owners = album.owners()
    with pytest.raises(PersonError, match="together in 2 photos"):
        album.say(person_decisions.merge, owners[1, 0.0], owners[2, 0.0])


def test_a_face_that_is_said_not_to_be_someone_never_is_again(album: Album) -> None:
    ann = album.owners()[1, 0.0]
    album.say(person_decisions.reject, album.faces_of(ann, 5), by="me")
    album.organise()
    album.show(5, "ann")
    album.organise()
    assert (5, 0.0) not in album.owners()
    assert {person.person_id: person.faces for person in album.everyone()}[ann] == 3


def test_hidden_and_ignored_people_are_in_no_list(album: Album) -> None:
    owners = album.owners()
    album.say(person_decisions.change, owners[1, 0.0], {"hidden": True})
    album.say(person_decisions.change, owners[2, 0.0], {"ignored": True})
    assert album.everyone() == []
    assert len(album.everyone(all_of_them=True)) == 2


def test_withdrawn_consent_leaves_no_vector_and_nobody(album: Album) -> None:
    with album.library.connect() as connection:
        libraries.forget_faces(connection, album.id)
        connection.commit()
    for table in ("faces", "people", "face_people", "face_decisions", "person_pairs"):
        assert album.library.query(f"SELECT FROM {table}") == []


def test_erased_photos_leave_nothing_in_anyones_mean(album: Album) -> None:
    ann = album.owners()[1, 0.0]
    for table in ("faces", "face_people", "items"):
        album.library.execute(f"DELETE FROM {table} WHERE item_id IN (3, 4, 5)")
    album.library.execute("INSERT INTO dirty_items SELECT :l, unnest(ARRAY[3, 4, 5])", l=album.id)
    album.organise()
    (row,) = album.library.query(
        "SELECT p.faces, p.centre <=> f.vector AS apart FROM people p JOIN faces f ON f.item_id = 1 "
        "WHERE p.person_id = :ann", ann=ann,
    )  # fmt: skip
    assert row.faces == 1
    assert row.apart == pytest.approx(0, abs=1e-6)


def test_hiding_and_birth_dates_survive_grouping_anew_and_another_model(empty: Album) -> None:
    for item in (1, 2, 3):
        empty.show(item, "ann")
    empty.organise()
    (ann,) = empty.everyone()
    empty.say(person_decisions.change, ann.person_id, {"hidden": True, "birth_date": date(2015, 3, 21)})
    for item in (1, 2, 3, 4):
        empty.show(item, "ann", model="other")
    empty.organise()
    (again,) = empty.everyone(all_of_them=True)
    assert (again.person_id, again.hidden, again.birth_date) == (ann.person_id, True, date(2015, 3, 21))
    assert again.faces == 4
    assert empty.everyone() == []


def suggestions(empty: Album) -> list[person_suggestions.Suggestion]:
    with empty.library.connect() as connection:
        return person_suggestions.same(connection, empty.id, least=SUGGEST, most=9)


def between(empty: Album, cosine: float) -> tuple[str, str]:
    """Two people with means at this cosine."""
    means = np.zeros((2, 128))
    means[0, 0], means[1, 0], means[1, 1] = 1, cosine, (1 - cosine**2) ** 0.5
    for name, mean in zip(("p1", "p2"), means, strict=True):
        empty.library.execute(
            "INSERT INTO people (library_id, person_id, faces, model_id, centre) "
            "VALUES (:l, :p, 3, 'm', CAST(:v AS vector))",
            l=empty.id, p=name, v=str(mean.tolist()),
        )  # fmt: skip
    return "p1", "p2"


def test_who_may_be_the_same_is_suggested_with_how_sure_that_is(empty: Album) -> None:
    one, other = between(empty, 0.5)
    empty.say(person_decisions.change, other, {"name": "Ann"})
    (pair,) = suggestions(empty)
    assert (pair.one.person_id, pair.into.name) == (one, "Ann")
    assert confidence(0.3) < confidence(pair.cosine) < confidence(0.55) <= 1
    empty.say(person_decisions.change, one, {"name": "Bea"})
    assert suggestions(empty) == []


@pytest.mark.parametrize("reason", ["told apart", "seen together", "not alike", "hidden"])
def test_nobody_is_suggested_who_cannot_be_the_same(empty: Album, reason: str) -> None:
    one, other = between(empty, 0.2 if reason == "not alike" else 0.5)
    if reason == "told apart":
        empty.say(person_suggestions.tell_apart, other, one, by="me")
    if reason == "hidden":
        empty.say(person_decisions.change, one, {"hidden": True})
    if reason == "seen together":
        for number, name in enumerate((one, other)):
            empty.library.execute("INSERT INTO face_people VALUES (:l, 7, :n, :p, 1, 0, 0, 1, 1)",
                                  l=empty.id, n=number, p=name)  # fmt: skip
    assert suggestions(empty) == []
