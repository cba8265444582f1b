"""What fits a question? Items by words, by time, place and person, and what is known of the ones found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pgvector import HalfVector
from sqlalchemy import Connection, text

REMEMBER = text("""
    INSERT INTO item_words (library_id, item_id, words)
    SELECT i.library_id, i.item_id, to_tsvector('simple', translate(concat_ws(' ', o.keys, f.make, f.model, f.lens,
        f.extra ->> 'title', f.extra ->> 'description', f.extra ->> 'caption', f.extra ->> 'keywords'),
        '/_-.,[]"', '        '))
    FROM items i
    JOIN LATERAL (
        SELECT string_agg(substr(c.key, length(l.prefix) + 1), ' ') AS keys
        FROM originals c JOIN libraries l ON l.library_id = c.library_id
        WHERE c.library_id = i.library_id AND c.item_id = i.item_id AND c.vanished_at IS NULL
    ) AS o ON true
    LEFT JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id
    WHERE i.library_id = :library_id AND i.item_id = ANY(:items) AND i.retired_at IS NULL
    ON CONFLICT (library_id, item_id) DO UPDATE SET words = excluded.words
""")

SAYING = text("""
    SELECT w.item_id FROM item_words w
    JOIN items i ON i.library_id = w.library_id AND i.item_id = w.item_id AND i.retired_at IS NULL
    WHERE w.library_id = :library_id AND w.words @@ to_tsquery('simple', :query)
    ORDER BY ts_rank(w.words, to_tsquery('simple', :query)) DESC, w.item_id LIMIT :most
""")

FILTERED = """
    SELECT i.item_id FROM items i
    {joins}
    WHERE i.library_id = :library_id AND i.retired_at IS NULL {conditions}
    ORDER BY i.item_id DESC LIMIT :most
"""

KNOWN = text("""
    SELECT i.item_id, o.key, i.kind, f.taken_local, p.place_id, COALESCE(q.score, 0.5) AS quality, s.labels, s.scores,
        w.words @@ to_tsquery('simple', :query) AS says,
        -(CAST(e.vector AS halfvec(384)) <#> CAST(:point AS halfvec(384))) AS cosine,
        ARRAY(SELECT a.person_id FROM face_people a WHERE a.library_id = i.library_id AND a.item_id = i.item_id)
            AS people
    FROM items i
    JOIN LATERAL (
        SELECT key FROM originals c WHERE c.library_id = i.library_id AND c.item_id = i.item_id
          AND c.vanished_at IS NULL ORDER BY c.original_id LIMIT 1
    ) AS o ON true
    LEFT JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id
    LEFT JOIN quality q ON q.library_id = i.library_id AND q.item_id = i.item_id
    LEFT JOIN item_places p ON p.library_id = i.library_id AND p.item_id = i.item_id
    LEFT JOIN item_words w ON w.library_id = i.library_id AND w.item_id = i.item_id
    LEFT JOIN scenes s ON s.library_id = i.library_id AND s.item_id = i.item_id AND s.model_id = :scene
    LEFT JOIN embeddings e ON e.library_id = i.library_id AND e.item_id = i.item_id AND e.model_id = :text_space
    WHERE i.library_id = :library_id AND i.item_id = ANY(:items) AND i.retired_at IS NULL
""")

HIDDEN = text("SELECT person_id FROM people WHERE library_id = :library_id AND hidden AND merged_into IS NULL")


@dataclass(frozen=True, slots=True)
class Filter:
    """What every hit has to fulfil; an empty field asks for nothing.

    Attributes
    ----------
    spans : sequence of (datetime, datetime)
        Local wall times, the first included, the last not: one of them.
    place_ids, person_ids : sequence of str
        One of the places; all of the people.
    kind : str
        `photo` or `video`.
    """

    spans: Sequence[tuple[datetime, datetime]] = ()
    place_ids: Sequence[str] = ()
    person_ids: Sequence[str] = ()
    kind: str = ""

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.spans or self.place_ids or self.person_ids or self.kind)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an item that may be a hit; `key` with the library's prefix, `cosine` None where unknown."""

    item_id: int
    key: str
    kind: str
    taken_local: datetime | None
    place_id: str | None
    quality: float
    labels: dict[str, float] = field(default_factory=dict)
    says: bool = False
    cosine: float | None = None
    people: tuple[str, ...] = ()


def remember(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Read the words of these items anew."""
    connection.execute(REMEMBER, {"library_id": library_id, "items": list(items)})


def saying(connection: Connection, library_id: int, words: Sequence[str], *, most: int) -> list[int]:
    """Items whose name, folder, caption or camera has any of these words, the fittest first."""
    if not words:
        return []
    parameters = {"library_id": library_id, "query": _query(words), "most": most}
    return list(connection.execute(SAYING, parameters).scalars())


def filtered(connection: Connection, library_id: int, wanted: Filter, *, most: int) -> list[int]:
    """Items that fulfil a filter, the newest in the library first."""
    joins, conditions = [], []
    parameters: dict[str, Any] = {"library_id": library_id, "most": most}
    if wanted.spans:
        joins.append("JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id")
        parts = []
        for number, (first, last) in enumerate(wanted.spans):
            parts.append(f"(f.taken_local >= :first{number} AND f.taken_local < :last{number})")
            parameters |= {f"first{number}": first, f"last{number}": last}
        conditions.append(f"AND ({' OR '.join(parts)})")
    if wanted.place_ids:
        joins.append("JOIN item_places p ON p.library_id = i.library_id AND p.item_id = i.item_id")
        conditions.append("AND p.place_id = ANY(:places)")
        parameters["places"] = list(wanted.place_ids)
    for number, person_id in enumerate(wanted.person_ids):
        conditions.append(
            "AND EXISTS (SELECT FROM face_people a WHERE a.library_id = i.library_id AND a.item_id = i.item_id "
            f"AND a.person_id = :person{number})"
        )
        parameters[f"person{number}"] = person_id
    if wanted.kind:
        conditions.append("AND i.kind = :kind")
        parameters["kind"] = wanted.kind
    statement = text(FILTERED.format(joins=" ".join(joins), conditions=" ".join(conditions)))
    return list(connection.execute(statement, parameters).scalars())


def known(
    connection: Connection,
    library_id: int,
    items: Sequence[int],
    *,
    words: Sequence[str],
    point: Any | None,
    scene: str,
    text_space: str,
) -> list[Known]:
    """What is known of these items, against the words and the point of a question."""
    parameters = {
        "library_id": library_id,
        "items": list(items),
        "query": _query(words),
        "point": None if point is None else HalfVector(point).to_text(),
        "scene": scene,
        "text_space": text_space,
    }
    return [
        Known(
            item_id=row.item_id,
            key=row.key,
            kind=row.kind,
            taken_local=row.taken_local,
            place_id=row.place_id,
            quality=row.quality,
            labels=dict(zip(row.labels or (), row.scores or (), strict=True)),
            says=bool(row.says),
            cosine=row.cosine,
            people=tuple(row.people),
        )
        for row in connection.execute(KNOWN, parameters)
    ]


def hidden_people(connection: Connection, library_id: int) -> set[str]:
    """Whom no search shows."""
    return set(connection.execute(HIDDEN, {"library_id": library_id}).scalars())


def _query(words: Sequence[str]) -> str:
    """Any of the words, as the beginning of one: letters and digits only, so that nothing is an operator."""
    plain = ["".join(letter for letter in word if letter.isalnum()) for word in words]
    return " | ".join(f"{word}:*" for word in plain if word)
