"""Who may be the same person as whom? Asked when somebody looks, never acted on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

NEAREST = text("""
    SELECT p.person_id, p.name, p.faces, p.cover_item_id, o.person_id AS other_id, o.name AS other_name,
        o.faces AS other_faces, o.cover_item_id AS other_cover, o.cosine
    FROM (
        SELECT person_id, name, faces, cover_item_id, model_id, centre FROM people
        WHERE library_id = :library_id AND merged_into IS NULL AND NOT hidden AND NOT ignored AND centre IS NOT NULL
        ORDER BY faces DESC, person_id LIMIT :looked_at
    ) AS p
    CROSS JOIN LATERAL (
        SELECT person_id, name, faces, cover_item_id, 1 - (centre <=> p.centre) AS cosine FROM people q
        WHERE q.library_id = :library_id AND q.merged_into IS NULL AND NOT q.hidden AND NOT q.ignored
          AND q.model_id = p.model_id AND (q.faces, q.person_id) > (p.faces, p.person_id)
          AND (q.name IS NULL OR p.name IS NULL) AND q.centre <=> p.centre <= 1 - :least
          AND NOT EXISTS (
              SELECT FROM person_pairs a WHERE a.library_id = :library_id
                AND a.first_id = LEAST(p.person_id, q.person_id) AND a.second_id = GREATEST(p.person_id, q.person_id))
        ORDER BY centre <=> p.centre LIMIT 1
    ) AS o
    WHERE NOT EXISTS (
        SELECT FROM face_people a JOIN face_people b ON b.library_id = a.library_id AND b.item_id = a.item_id
        WHERE a.library_id = :library_id AND a.person_id = p.person_id AND b.person_id = o.person_id)
    ORDER BY o.cosine DESC, p.person_id LIMIT :most
""")
"""Grows with the people of a library, not with their faces; of very many, those most seen are compared with all."""

LOOKED_AT = 500

APART = text("""
    INSERT INTO person_pairs (library_id, first_id, second_id, by)
    VALUES (:library_id, LEAST(:one, :other), GREATEST(:one, :other), :by) ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two who may be the same."""

    person_id: str
    name: str | None
    faces: int
    cover_item_id: int | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two who may be the same: who would become whom, and the cosine of their mean faces."""

    one: Side
    into: Side
    cosine: float


def same(connection: Connection, library_id: int, *, least: float, most: int) -> list[Suggestion]:
    """Pairs of people who may be one, the likeliest first.

    Never two with names, nor two who were seen in one photo, nor two whom somebody told apart. A name stays; between
    two without, the one seen more often.

    Parameters
    ----------
    least : float
        Cosine of two mean faces from which they are told.
    """
    parameters = {"library_id": library_id, "least": least, "most": most, "looked_at": LOOKED_AT}
    found = []
    for row in connection.execute(NEAREST, parameters):
        one = Side(row.person_id, row.name, row.faces, row.cover_item_id)
        other = Side(row.other_id, row.other_name, row.other_faces, row.other_cover)
        found.append(Suggestion(other, one, row.cosine) if one.name else Suggestion(one, other, row.cosine))
    return found


def tell_apart(connection: Connection, library_id: int, one: str, other: str, *, by: str) -> None:
    """They are two: they are never joined by themselves, and never suggested again."""
    connection.execute(APART, {"library_id": library_id, "one": one, "other": other, "by": by})
