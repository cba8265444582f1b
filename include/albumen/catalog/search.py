"""What fits a question? Items by words, by time, place and person, and what is known of the ones found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pgvector import HalfVector
from sqlalchemy import Connection, text

from albumen.catalog import item_words

FILTERED = """
    SELECT i.item_id FROM items i
    {joins}
    WHERE i.library_id = :library_id AND i.retired_at IS NULL {conditions}
    ORDER BY i.item_id DESC LIMIT :most
"""

KNOWN = text("""
    SELECT i.item_id, o.key, i.kind, f.taken_local, p.place_id, COALESCE(q.score, 0.5) AS quality, s.labels, s.scores,
        k.kind AS picture_kind, w.words @@ to_tsquery('simple', :caption) AS in_caption,
        w.words @@ to_tsquery('simple', :name) AS in_name, w.words @@ to_tsquery('simple', :camera) AS in_camera,
        w.words @@ to_tsquery('simple', :text) AS in_text,
        ts_rank('{0, 0.5, 0.8, 1}', w.words, to_tsquery('simple', :about)) AS told,
        ts_rank('{1, 0, 0, 0}', w.words, to_tsquery('simple', :text)) AS read,
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
    LEFT JOIN picture_kinds k ON k.library_id = i.library_id AND k.item_id = i.item_id
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
    picture_kind : str
        `screenshot`, `document`, `receipt`, …
    camera : str
        Words of a make and model, all of them.
    since, until : date or None
        First and last local day, besides.
    """

    spans: Sequence[tuple[datetime, datetime]] = ()
    place_ids: Sequence[str] = ()
    person_ids: Sequence[str] = ()
    kind: str = ""
    picture_kind: str = ""
    camera: str = ""
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an item that may be a hit; `key` with the library's prefix, `cosine` None where unknown.

    `said_by` names the sources of `item_words` that have a word asked for; `told` and `read` are how well what is
    told of it, and the text in it, fit.
    """

    item_id: int
    key: str
    kind: str
    taken_local: datetime | None
    place_id: str | None
    quality: float
    picture_kind: str | None = None
    labels: dict[str, float] = field(default_factory=dict)
    said_by: tuple[str, ...] = ()
    told: float = 0.0
    read: float = 0.0
    cosine: float | None = None
    people: tuple[str, ...] = ()


def filtered(
    connection: Connection, library_id: int, wanted: Filter, *, most: int, among: Sequence[int] | None = None
) -> list[int]:
    """Items that fulfil a filter, the newest in the library first; of `among` alone, if given."""
    joins, conditions = [], []
    parameters: dict[str, Any] = {"library_id": library_id, "most": most}
    if among is not None:
        conditions.append("AND i.item_id = ANY(:among)")
        parameters["among"] = list(among)
    if wanted.spans or wanted.since or wanted.until:
        joins.append("JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id")
        parts = []
        for number, (first, last) in enumerate(wanted.spans):
            parts.append(f"(f.taken_local >= :first{number} AND f.taken_local < :last{number})")
            parameters |= {f"first{number}": first, f"last{number}": last}
        conditions += [f"AND ({' OR '.join(parts)})"] if parts else []
    if wanted.since:
        conditions.append("AND f.taken_local >= :since")
        parameters["since"] = wanted.since
    if wanted.until:
        conditions.append("AND f.taken_local < CAST(:until AS date) + 1")
        parameters["until"] = wanted.until
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
    if wanted.picture_kind:
        joins.append("JOIN picture_kinds k ON k.library_id = i.library_id AND k.item_id = i.item_id")
        conditions.append("AND k.kind = :picture_kind")
        parameters["picture_kind"] = wanted.picture_kind
    if wanted.camera:
        joins.append("JOIN item_words w ON w.library_id = i.library_id AND w.item_id = i.item_id")
        conditions.append("AND w.words @@ to_tsquery('simple', :camera)")
        parameters["camera"] = item_words.query([wanted.camera], ["camera"])
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
        "about": item_words.query(words, item_words.ABOUT),
        **{source: item_words.query(words, [source]) for source in item_words.SOURCES},
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
            picture_kind=row.picture_kind,
            said_by=tuple(one for one in item_words.SOURCES if getattr(row, f"in_{one}")),
            told=row.told or 0.0,
            read=row.read or 0.0,
            cosine=row.cosine,
            people=tuple(row.people),
        )
        for row in connection.execute(KNOWN, parameters)
    ]


def hidden_people(connection: Connection, library_id: int) -> set[str]:
    """Whom no search shows."""
    return set(connection.execute(HIDDEN, {"library_id": library_id}).scalars())
