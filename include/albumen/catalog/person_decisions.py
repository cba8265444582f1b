"""What people say of people: names, merges, splits, "not this one". None of it is lost when faces are grouped anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import changes, highlights, people
from albumen.catalog.people import Assignment, PersonError

CHANGEABLE = ("name", "birth_date", "hidden", "ignored")

MERGE = (
    text("UPDATE face_people SET person_id = :into WHERE library_id = :library_id AND person_id = :one"),
    text("""
        UPDATE face_decisions d SET person_id = :into WHERE library_id = :library_id AND person_id = :one
          AND NOT EXISTS (SELECT FROM face_decisions o WHERE o.library_id = d.library_id AND o.item_id = d.item_id
              AND o.person_id = :into AND o.x = d.x AND o.y = d.y)
    """),
    text("DELETE FROM person_pairs WHERE library_id = :library_id AND first_id = :least AND second_id = :most"),
    text("UPDATE people SET merged_into = :into WHERE library_id = :library_id AND merged_into = :one"),
    text("""
        UPDATE people SET merged_into = :into, faces = 0, centre = NULL
        WHERE library_id = :library_id AND person_id = :one
    """),
    text("""
        UPDATE people SET name = COALESCE(people.name, o.name), birth_date = COALESCE(people.birth_date, o.birth_date),
            hidden = people.hidden OR o.hidden
        FROM people o WHERE people.library_id = :library_id AND people.person_id = :into
          AND o.library_id = :library_id AND o.person_id = :one
    """),
)

DECIDE = text("""
    INSERT INTO face_decisions (library_id, item_id, person_id, x, y, width, height, verdict, by)
    VALUES (:library_id, :item_id, :person_id, :x, :y, :width, :height, :verdict, :by)
    ON CONFLICT (library_id, item_id, person_id, x, y) DO UPDATE SET verdict = excluded.verdict, by = excluded.by,
        at = now()
""")

PART = text("""
    INSERT INTO person_pairs (library_id, first_id, second_id, by) VALUES (:library_id, :least, :most, :by)
    ON CONFLICT DO NOTHING
""")

TAKE = text("DELETE FROM face_people WHERE library_id = :library_id AND item_id = :item_id AND face_no = :face_no")


def change(connection: Connection, library_id: int, person_id: str, values: Mapping[str, Any]) -> None:
    """Set the name, the birth date, `hidden` or `ignored` of a person."""
    if unknown := set(values) - set(CHANGEABLE):
        raise PersonError(f"a person has no {', '.join(sorted(unknown))}")
    assignments = ", ".join(f"{name} = :{name}" for name in sorted(values))
    statement = text(f"UPDATE people SET {assignments} WHERE library_id = :library_id AND person_id = :person_id")  # noqa: S608
    connection.execute(statement, {**values, "library_id": library_id, "person_id": person_id})
    if "hidden" in values:
        highlights.choose_anew(connection, library_id, feature=f"person:{person_id}")


def merge(connection: Connection, library_id: int, one: str, into: str) -> None:
    """Both are the same person; the id `one` leads to `into` from now on.

    Raises
    ------
    PersonError
        If it is one person already, or both were seen in one photo.
    """
    if one == into:
        raise PersonError(f"{one} is one person already")
    seen = people.seen_in(connection, library_id, (), people=(one, into))
    if together := seen.get(one, set()) & seen.get(into, set()):
        raise PersonError(f"they were seen together in {len(together)} photos: split off the wrong face first")
    least, most = sorted((one, into))
    highlights.choose_anew(connection, library_id, feature=f"person:{one}")
    parameters = {"library_id": library_id, "one": one, "into": into, "least": least, "most": most}
    for statement in MERGE:
        connection.execute(statement, parameters)
    people.refresh(connection, library_id, [into])
    people.choose_covers(connection, library_id, [into])


def decide(connection: Connection, library_id: int, faces: Sequence[Assignment], verdict: str, *, by: str) -> None:
    """Write down that these faces `is` or `not` the person they name."""
    rows = [
        {
            "library_id": library_id,
            "item_id": face.item_id,
            "person_id": face.person_id,
            "verdict": verdict,
            "by": by,
            **dict(zip(("x", "y", "width", "height"), face.box, strict=True)),
        }
        for face in faces
    ]
    if rows:
        connection.execute(DECIDE, rows)


def split(connection: Connection, library_id: int, faces: Sequence[Assignment], new_id: str, *, by: str) -> None:
    """These faces of one person are somebody else's, `new_id`'s; the two are never taken for one again."""
    if not faces:
        raise PersonError("that person was not seen in any of these photos")
    old_id = faces[0].person_id
    moved = [Assignment(face.item_id, face.face_no, new_id, face.box) for face in faces]
    decide(connection, library_id, faces, "not", by=by)
    people.assign(connection, library_id, moved)
    decide(connection, library_id, moved, "is", by=by)
    least, most = sorted((old_id, new_id))
    connection.execute(PART, {"library_id": library_id, "least": least, "most": most, "by": by})
    people.refresh(connection, library_id, [old_id, new_id])
    people.choose_covers(connection, library_id, [old_id, new_id])


def reject(connection: Connection, library_id: int, faces: Sequence[Assignment], *, by: str) -> None:
    """These faces are not the person's; whose they are is found out anew."""
    decide(connection, library_id, faces, "not", by=by)
    for face in faces:
        connection.execute(TAKE, {"library_id": library_id, "item_id": face.item_id, "face_no": face.face_no})
    people.refresh(connection, library_id, {face.person_id for face in faces})
    changes.mark(connection, library_id, sorted({face.item_id for face in faces}))
