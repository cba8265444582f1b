"""Who is there, and whose is which face? What was computed, and what someone decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from albumen.catalog import changes, parts

_PERSON = """
    SELECT person_id, name, birth_date, hidden, ignored, faces, cover_item_id, cover_face_no, model_id,
        {centre} AS centre
    FROM people WHERE library_id = :library_id AND merged_into IS NULL
"""
_LISTED, _PERSON = _PERSON.format(centre="NULL"), _PERSON.format(centre="CAST(centre AS text)")

EVERYONE = text(
    _LISTED + " AND (:all OR NOT hidden AND NOT ignored) ORDER BY faces DESC, person_id LIMIT :most OFFSET :skip"
)
"""Grows with the people of a library; their means, 128 numbers each, are for who compares faces."""

BY_IDS = text(_PERSON + " AND person_id = ANY(:people) ORDER BY person_id")

BY_NAME = text(_PERSON + " AND (person_id = :who OR lower(name) = lower(:who)) ORDER BY person_id LIMIT 2")

MERGED = text("SELECT merged_into FROM people WHERE library_id = :library_id AND person_id = :who")

ASSIGNED = text("""
    SELECT item_id, face_no, person_id, x, y, width, height FROM face_people
    WHERE library_id = :library_id AND item_id = ANY(:items) ORDER BY item_id, face_no
""")

FACES = text("""
    SELECT item_id, face_no, person_id, x, y, width, height, confidence FROM face_people
    WHERE library_id = :library_id AND person_id = :person
    ORDER BY confidence, item_id, face_no LIMIT :most OFFSET :skip
""")
"""Grows with the faces of the person."""

DECIDED = text("""
    SELECT item_id, person_id, x, y, width, height, verdict FROM face_decisions
    WHERE library_id = :library_id AND item_id = ANY(:items) ORDER BY item_id, at, person_id
""")

FORGET = text("DELETE FROM face_people WHERE library_id = :library_id AND item_id = ANY(:items)")

ASSIGN = text("""
    INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height)
    VALUES (:library_id, :item_id, :face_no, :person_id, :confidence, :x, :y, :width, :height)
    ON CONFLICT (library_id, item_id, face_no) DO UPDATE
    SET person_id = excluded.person_id, confidence = excluded.confidence
""")

APPEAR = text("""
    INSERT INTO people (library_id, person_id) SELECT :library_id, unnest(CAST(:people AS text[])) ORDER BY 2
    ON CONFLICT DO NOTHING
""")

ADD = text("""
    UPDATE people SET faces = faces + :count, centre = CAST(:centre AS vector), model_id = :model_id
    WHERE library_id = :library_id AND person_id = :person_id
""")

REFRESH = text("""
    UPDATE people SET faces = seen.faces, centre = seen.centre, model_id = seen.model_id
    FROM (
        SELECT p.person_id, count(f.item_id) AS faces, avg(f.vector) AS centre, max(f.model_id) AS model_id
        FROM people p
        LEFT JOIN face_people a ON a.library_id = p.library_id AND a.person_id = p.person_id
        LEFT JOIN faces f ON f.library_id = a.library_id AND f.item_id = a.item_id AND f.face_no = a.face_no
        WHERE p.library_id = :library_id AND p.person_id = ANY(:people)
        GROUP BY p.person_id
    ) AS seen
    WHERE people.library_id = :library_id AND people.person_id = seen.person_id
""")
"""Reads all faces of these people: only where one of them lost a face."""

COVER = text("""
    UPDATE people SET cover_item_id = best.item_id, cover_face_no = best.face_no
    FROM (
        SELECT DISTINCT ON (a.person_id) a.person_id, a.item_id, a.face_no
        FROM face_people a
        JOIN faces f ON f.library_id = a.library_id AND f.item_id = a.item_id AND f.face_no = a.face_no
        WHERE a.library_id = :library_id AND a.person_id = ANY(:people)
        ORDER BY a.person_id, f.score * least(f.width * f.height, 0.2) DESC, a.item_id
    ) AS best
    WHERE people.library_id = :library_id AND people.person_id = best.person_id
""")

VANISH = text("""
    DELETE FROM people p WHERE p.library_id = :library_id AND p.person_id = ANY(:people) AND p.name IS NULL
      AND NOT p.hidden AND NOT p.ignored
      AND NOT EXISTS (SELECT FROM face_people a WHERE a.library_id = :library_id AND a.person_id = p.person_id)
      AND NOT EXISTS (SELECT FROM face_decisions d WHERE d.library_id = :library_id AND d.person_id = p.person_id)
""")

APART = text("""
    SELECT first_id, second_id FROM person_pairs
    WHERE library_id = :library_id AND (first_id = ANY(:people) OR second_id = ANY(:people))
""")

PHOTOS = text("""
    SELECT item_id, person_id FROM face_people WHERE library_id = :library_id AND item_id = ANY(:items)
    UNION SELECT item_id, person_id FROM face_people WHERE library_id = :library_id AND person_id = ANY(:people)
      AND :everywhere
""")

GONE = text("""
    SELECT EXISTS (SELECT FROM unnest(CAST(:items AS bigint[])) AS p(item_id) WHERE NOT EXISTS (
        SELECT FROM items i WHERE i.library_id = :library_id AND i.item_id = p.item_id))
""")

COUNTED = text("SELECT person_id, faces FROM people WHERE library_id = :library_id AND merged_into IS NULL")

FACES_NOW = text("""
    SELECT person_id, count(*) AS faces FROM face_people
    WHERE library_id = :library_id AND item_id > :after AND item_id <= :until GROUP BY person_id
""")

Box = tuple[float, float, float, float]


class PersonError(ValueError):
    """Nobody of that name or id is there, or something impossible was asked of someone."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone, with the mean of their face vectors by one model."""

    person_id: str
    name: str | None
    birth_date: date | None
    hidden: bool
    ignored: bool
    faces: int
    cover_item_id: int | None
    cover_face_no: int | None
    model_id: str | None
    centre: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A face that is someone's; its box as fractions of the picture."""

    item_id: int
    face_no: int
    person_id: str
    box: Box
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What someone said of a face: `is` or `not` that person."""

    item_id: int
    person_id: str
    box: Box
    verdict: str


def everyone(
    connection: Connection, library_id: int, *, all_of_them: bool = False, most: int | None = None, skip: int = 0
) -> list[Person]:
    """The people of a library without their `centre`, most seen first; hidden and ignored ones only if asked for."""
    parameters = {"library_id": library_id, "all": all_of_them, "most": most, "skip": skip}
    rows = connection.execute(EVERYONE, parameters).mappings()
    return [_person(dict(row)) for row in rows]


def by_ids(connection: Connection, library_id: int, people: Collection[str]) -> dict[str, Person]:
    """These people, without those who became someone else."""
    rows = connection.execute(BY_IDS, {"library_id": library_id, "people": sorted(people)}).mappings()
    return {row["person_id"]: _person(dict(row)) for row in rows}


def named(connection: Connection, library_id: int, who: str) -> Person:
    """The person of that id or name; an id that was merged leads to who it became.

    Raises
    ------
    PersonError
        If there is nobody, or several have the name.
    """
    merged = connection.execute(MERGED, {"library_id": library_id, "who": who}).scalar()
    rows = connection.execute(BY_NAME, {"library_id": library_id, "who": merged or who}).mappings().all()
    if merged and not rows:
        return named(connection, library_id, merged)
    if len(rows) != 1:
        told = "several people are called" if rows else "nobody is called"
        raise PersonError(f"{told} {who!r}; `albumen people list` shows ids and names")
    return _person(dict(rows[0]))


def assigned(connection: Connection, library_id: int, items: Sequence[int]) -> list[Assignment]:
    """Whose the faces of these items are taken to be."""
    rows = connection.execute(ASSIGNED, {"library_id": library_id, "items": list(items)})
    return [Assignment(r.item_id, r.face_no, r.person_id, (r.x, r.y, r.width, r.height)) for r in rows]


def faces_of(connection: Connection, library_id: int, person_id: str, *, most: int, skip: int = 0) -> list[Assignment]:
    """The faces taken to be a person's, the least sure first."""
    parameters = {"library_id": library_id, "person": person_id, "most": most, "skip": skip}
    return [
        Assignment(r.item_id, r.face_no, r.person_id, (r.x, r.y, r.width, r.height), r.confidence)
        for r in connection.execute(FACES, parameters)
    ]


def decided(connection: Connection, library_id: int, items: Sequence[int]) -> list[Decision]:
    """What was decided of faces of these items, oldest first."""
    rows = connection.execute(DECIDED, {"library_id": library_id, "items": list(items)})
    return [Decision(r.item_id, r.person_id, (r.x, r.y, r.width, r.height), r.verdict) for r in rows]


def forget(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Take the faces of these items from whomever they were given to; decisions stay."""
    connection.execute(FORGET, {"library_id": library_id, "items": list(items)})


def assign(connection: Connection, library_id: int, found: Sequence[Assignment]) -> None:
    """Give faces to people; someone new appears, and the days of the items are organised anew."""
    if not found:
        return
    connection.execute(APPEAR, {"library_id": library_id, "people": sorted({one.person_id for one in found})})
    rows = [
        {
            "library_id": library_id,
            "item_id": one.item_id,
            "face_no": one.face_no,
            "person_id": one.person_id,
            "confidence": one.confidence,
            **dict(zip(("x", "y", "width", "height"), one.box, strict=True)),
        }
        for one in found
    ]
    connection.execute(ASSIGN, rows)
    changes.mark_days_of(connection, library_id, sorted({one.item_id for one in found}))


def add(
    connection: Connection, library_id: int, person_id: str, *, count: int, centre: NDArray[np.float32], model_id: str
) -> None:
    """Someone was seen `count` times more; `centre` is the new mean of their vectors."""
    parameters = {"library_id": library_id, "person_id": person_id, "count": count, "model_id": model_id}
    connection.execute(ADD, {**parameters, "centre": "[" + ",".join(f"{value:.7g}" for value in centre) + "]"})


def refresh(connection: Connection, library_id: int, people: Collection[str]) -> None:
    """Count the faces of these people anew, and their mean; who has none left, and no name, is gone."""
    parameters = {"library_id": library_id, "people": sorted(people)}
    connection.execute(REFRESH, parameters)
    connection.execute(VANISH, parameters)


def choose_covers(connection: Connection, library_id: int, people: Collection[str]) -> None:
    """Choose the face that stands for each of these people."""
    connection.execute(COVER, {"library_id": library_id, "people": sorted(people)})


def stale(connection: Connection, library_id: int, items: Sequence[int]) -> list[str]:
    """Who has fewer faces than counted, if some of these items were erased: then it counts all faces of the library."""
    if not connection.execute(GONE, {"library_id": library_id, "items": list(items)}).scalar_one():
        return []
    now: Counter[str] = Counter()
    for after, until in parts.of_items(connection, library_id, table="face_people"):
        scope = {"library_id": library_id, "after": after, "until": until}
        now.update({row.person_id: row.faces for row in connection.execute(FACES_NOW, scope)})
    counted = connection.execute(COUNTED, {"library_id": library_id})
    return [row.person_id for row in counted if row.faces != now[row.person_id]]


def apart(connection: Connection, library_id: int, people: Collection[str]) -> dict[str, set[str]]:
    """Who was said not to be whom, of these people."""
    found: dict[str, set[str]] = {}
    for row in connection.execute(APART, {"library_id": library_id, "people": sorted(people)}):
        found.setdefault(row.first_id, set()).add(row.second_id)
        found.setdefault(row.second_id, set()).add(row.first_id)
    return found


def seen_in(
    connection: Connection, library_id: int, items: Sequence[int], *, people: Collection[str] = ()
) -> dict[str, set[int]]:
    """In which of these items each person was seen, and in which items of all, of the `people` named."""
    found: dict[str, set[int]] = {}
    parameters = {"library_id": library_id, "items": list(items), "people": sorted(people), "everywhere": bool(people)}
    for row in connection.execute(PHOTOS, parameters):
        found.setdefault(row.person_id, set()).add(row.item_id)
    return found


def _person(row: dict[str, Any]) -> Person:
    centre = row.pop("centre")
    return Person(**row, centre=None if centre is None else np.array(centre[1:-1].split(","), np.float32))
