"""What may be in no story? What its owner hid, and which stories show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, TextClause, text

from albumen.catalog import highlights, tombstones

COLUMNS = "suppression_id, kind, value, item_id, first, last"

ADD = text(f"""
    INSERT INTO suppressions (library_id, kind, value, item_id, first, last)
    VALUES (:library_id, :kind, :value, :item_id, :first, :last)
    ON CONFLICT (library_id, kind, value) DO NOTHING RETURNING {COLUMNS}
""")  # noqa: S608

OF_LIBRARY = text(f"SELECT {COLUMNS} FROM suppressions WHERE library_id = :library_id ORDER BY suppression_id")  # noqa: S608

LIFT = text(f"""
    DELETE FROM suppressions WHERE library_id = :library_id AND suppression_id = :suppression_id
    RETURNING {COLUMNS}
""")  # noqa: S608

LATEST = text("SELECT COALESCE(max(suppression_id), 0) FROM suppressions WHERE library_id = ANY(:libraries)")

HASHES = text("SELECT item_id, phash FROM likenesses WHERE library_id = :library_id AND item_id = ANY(:items)")

ITEM_OF_KEY = text("""
    SELECT item_id FROM originals
    WHERE library_id = :library_id AND bucket = :bucket AND key = :key AND item_id IS NOT NULL
""")

HIDDEN_PEOPLE = text("SELECT person_id FROM people WHERE library_id = :library_id AND hidden ORDER BY 1")

PEOPLE_CALLED = text("""
    SELECT person_id FROM people
    WHERE library_id = :library_id AND merged_into IS NULL AND (person_id = :name OR lower(name) = lower(:name))
    ORDER BY 1
""")

LABEL = text("""
    SELECT name FROM unnest(ARRAY[CAST(:name AS text), lower(:name)]) AS w(name)
    WHERE EXISTS (SELECT FROM scenes WHERE library_id = :library_id AND labels @> ARRAY[name]) LIMIT 1
""")

PLACES_CALLED = text("""
    SELECT place_id FROM places
    WHERE library_id = :library_id
      AND (place_id = :name OR lower(:name) IN (lower(city), lower(region), lower(country), lower(country_code)))
    ORDER BY 1
""")

_SHOWING = "SELECT m.memory_id FROM memories m"


def _showing(where: str, join: str = "") -> TextClause:
    """The stories of a library that show an item `i` of its own, and those of others that it lent it to."""
    shown = f"{_SHOWING} JOIN memory_items i USING (memory_id) {join} WHERE"
    return text(f"""
        {shown} m.library_id = :library_id AND i.library_id IS NULL AND {where}
        UNION {shown} i.library_id = :library_id AND {where}
    """)


SHOWING: Mapping[str, TextClause] = {
    "memory": text(f"{_SHOWING} WHERE m.library_id = :library_id AND m.memory_id = :value"),
    "kind": text("""
        SELECT memory_id FROM memories WHERE library_id = :library_id AND kind = :value
        UNION SELECT memory_id FROM memory_items i JOIN memories m USING (memory_id)
        WHERE i.library_id = :library_id AND m.kind = :value
    """),
    "item": text("""
        SELECT m.memory_id FROM memories m JOIN memory_items i USING (memory_id)
        WHERE m.library_id = :library_id AND i.item_id = :item_id
        UNION SELECT memory_id FROM memory_items WHERE library_id = :library_id AND item_id = :item_id
    """),
    "like": _showing(
        "(i.item_id = :item_id OR bit_count(CAST(l.phash # o.phash AS bit(64))) <= :bits)",
        """JOIN likenesses l ON l.library_id = :library_id AND l.item_id = i.item_id
        LEFT JOIN likenesses o ON o.library_id = :library_id AND o.item_id = :item_id""",
    ),
    "person": _showing(
        "w.person_id = :value", "JOIN face_people w ON w.library_id = :library_id AND w.item_id = i.item_id"
    ),
    "place": _showing(
        "p.place_id = :value", "JOIN item_places p ON p.library_id = :library_id AND p.item_id = i.item_id"
    ),
    "label": _showing(
        "s.labels @> ARRAY[CAST(:value AS text)]",
        "JOIN scenes s ON s.library_id = :library_id AND s.item_id = i.item_id",
    ),
    "dates": _showing(
        "f.taken_local >= :muted_from AND f.taken_local < :muted_until",
        "JOIN facts f ON f.library_id = :library_id AND f.item_id = i.item_id",
    ),
}
"""The stories that show what is hidden, by the kind of suppression; they grow with what was told only."""


class SuppressionError(ValueError):
    """A suppression names nothing that can be hidden."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Something its owner hid.

    Attributes
    ----------
    suppression_id : int
        0 while it is not stored.
    kind : str
        `memory`, `kind`, `item`, `like` (the item and what looks like it), `person`, `place`, `label` or `dates`.
    value : str
        What is hidden: an id, a name, `2020-03-01..2020-03-04`.
    item_id : int or None
        Of `item` and `like`.
    first, last : date or None
        Of `dates`, both included.
    """

    kind: str
    value: str
    item_id: int | None = None
    first: date | None = None
    last: date | None = None
    suppression_id: int = 0


def item_of_key(connection: Connection, library_id: int, bucket: str, key: str) -> int:
    """The item of an object key; SuppressionError if there is none."""
    found = connection.execute(ITEM_OF_KEY, {"library_id": library_id, "bucket": bucket, "key": key})
    item: int | None = found.scalar_one_or_none()
    if item is None:
        raise SuppressionError(f"the library has no picture {key!r}")
    return item


def people_called(connection: Connection, library_id: int, name: str) -> list[str]:
    """Ids of the people of that id or name, in any case; SuppressionError if there is nobody."""
    return _called(connection, PEOPLE_CALLED, library_id, name, "person")


def places_called(connection: Connection, library_id: int, name: str) -> list[str]:
    """Ids of the places of that id, city, region or country, in any case; SuppressionError if there is none."""
    return _called(connection, PLACES_CALLED, library_id, name, "place")


def label_called(connection: Connection, library_id: int, name: str) -> str:
    """A label that some picture has, in any case; SuppressionError if none has it."""
    found: str | None = connection.execute(LABEL, {"library_id": library_id, "name": name}).scalar_one_or_none()
    if found is None:
        raise SuppressionError(f"no picture of the library shows {name!r}")
    return found


def hidden_people(connection: Connection, library_id: int) -> list[str]:
    """Ids of the people who are hidden everywhere."""
    return list(connection.execute(HIDDEN_PEOPLE, {"library_id": library_id}).scalars())


def add(connection: Connection, library_id: int, wanted: Suppression) -> Suppression | None:
    """Store a suppression; None if it was there already. No story comes in until the transaction ends."""
    tombstones.close(connection, library_id)
    fields = ("kind", "value", "item_id", "first", "last")
    values = {"library_id": library_id, **{name: getattr(wanted, name) for name in fields}}
    row = connection.execute(ADD, values).mappings().one_or_none()
    if row is None:
        return None
    _choose_anew(connection, library_id, added := Suppression(**row))
    return added


def lift(connection: Connection, library_id: int, suppression_id: int) -> bool:
    """Take a suppression back; False if there is none."""
    parameters = {"library_id": library_id, "suppression_id": suppression_id}
    row = connection.execute(LIFT, parameters).mappings().one_or_none()
    if row is not None:
        _choose_anew(connection, library_id, Suppression(**row))
    return row is not None


def _choose_anew(connection: Connection, library_id: int, changed: Suppression) -> None:
    """The days that lose pictures, or get them back, give others their place."""
    if changed.item_id is not None:
        highlights.choose_anew(connection, library_id, item_id=changed.item_id)
    elif changed.kind in highlights.NOUNS:
        highlights.choose_anew(connection, library_id, feature=f"{changed.kind}:{changed.value}")


def of_library(connection: Connection, library_id: int) -> list[Suppression]:
    """All that is hidden in a library, oldest first."""
    rows = connection.execute(OF_LIBRARY, {"library_id": library_id}).mappings()
    return [Suppression(**row) for row in rows]


def latest(connection: Connection, library_ids: Sequence[int]) -> int:
    """The newest suppression's id in these libraries: a story chosen before it may show what it hides."""
    found: int = connection.execute(LATEST, {"libraries": list(library_ids)}).scalar_one()
    return found


def hashes(connection: Connection, library_id: int, items: Sequence[int]) -> dict[int, int]:
    """The perceptual hashes of some items."""
    rows = connection.execute(HASHES, {"library_id": library_id, "items": list(items)})
    return {row.item_id: row.phash for row in rows}


def showing(connection: Connection, library_id: int, hidden: Suppression, *, bits: int, muted_days: int) -> list[str]:
    """The stories that show what is hidden.

    Parameters
    ----------
    bits : int
        Distance of perceptual hashes up to which a picture looks like a hidden one.
    muted_days : int
        Days before and after hidden ones that are hidden with them.
    """
    muted = timedelta(days=muted_days)
    parameters = {
        "library_id": library_id,
        "value": hidden.value,
        "item_id": hidden.item_id,
        "bits": bits,
        "muted_from": hidden.first and hidden.first - muted,
        "muted_until": hidden.last and hidden.last + muted + timedelta(days=1),
    }
    return sorted(connection.execute(SHOWING[hidden.kind], parameters).scalars())


def _called(connection: Connection, question: TextClause, library_id: int, name: str, noun: str) -> list[str]:
    found = list(connection.execute(question, {"library_id": library_id, "name": name}).scalars())
    if not found:
        raise SuppressionError(f"the library knows no {noun} {name!r}")
    return found
