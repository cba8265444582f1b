"""What fits a question? Items by words, by time, place and person, and what is known of the ones found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pgvector import HalfVector
from sqlalchemy import Connection, CursorResult, TextClause, text

from albumen.catalog import filters, item_words
from albumen.catalog.filters import Filter


def _of(columns: str, table: str, more: str = "") -> TextClause:
    """A question about items in one table alone: to plan a join of partitioned tables takes longer than to ask all."""
    return text(f"SELECT {columns} FROM {table} WHERE library_id = :library_id AND item_id = ANY(:items) {more}")  # noqa: S608


LIVING = _of("item_id, kind", "items", "AND retired_at IS NULL")
KEYS = _of("item_id, (array_agg(key ORDER BY original_id))[1]", "originals", "AND vanished_at IS NULL GROUP BY item_id")
TAKEN_WITHIN = text("""
    SELECT item_id FROM facts f WHERE library_id = :library_id AND item_id = ANY(:items) AND EXISTS (
        SELECT FROM unnest(CAST(:firsts AS timestamp[]), CAST(:lasts AS timestamp[])) AS s(first, last)
        WHERE f.taken_local >= s.first AND f.taken_local < s.last)
""")
TAKEN = _of("item_id, taken_local", "facts")
PLACED = _of("item_id, place_id", "item_places")
GOOD = _of("item_id, score", "quality")
KINDS = _of("item_id, kind", "picture_kinds")
SHOWS = _of("item_id, labels, scores", "scenes", "AND model_id = :scene")
NEAR = _of(
    "item_id, -(vector <#> CAST(:point AS halfvec))",
    "embeddings",
    "AND model_id = :text_space",
)
WHO = _of("item_id, person_id", "face_people")
TAKEN_WITH = _of("item_id, true", "item_words", "AND words @@ to_tsquery('simple', :camera)")
SAID = _of(
    """item_id, words @@ to_tsquery('simple', :caption) AS in_caption,
        words @@ to_tsquery('simple', :name) AS in_name, words @@ to_tsquery('simple', :camera) AS in_camera,
        words @@ to_tsquery('simple', :text) AS in_text,
        ts_rank('{0, 0.5, 0.8, 1}', words, to_tsquery('simple', :about)) AS told,
        ts_rank('{1, 0, 0, 0}', words, to_tsquery('simple', :text)) AS read""",
    "item_words",
)

HIDDEN = text("SELECT person_id FROM people WHERE library_id = :library_id AND hidden AND merged_into IS NULL")


UNMEASURED = 0.5
AT_ONCE = 1000
"""So many items are held against a filter at a time, until enough fulfil it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """How well an item fits each way of finding: by labels, what is told of it, text in it, and its point."""

    item_id: int
    labels: dict[str, float]
    told: float
    read: float
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an item that may be a hit; `key` with the library's prefix, `cosine` None where unknown.

    `said_by` names the sources of `item_words` that have a word asked for.
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
    cosine: float | None = None
    people: tuple[str, ...] = ()


def fulfilling(connection: Connection, library_id: int, wanted: Filter, items: Sequence[int]) -> set[int]:
    """Those of these items that fulfil a filter."""
    left = set(items)
    if wanted.spans or wanted.since or wanted.until:
        spans = filters.spans_of(wanted)
        firsts, lasts = [first for first, _ in spans], [last for _, last in spans]
        left = set(
            _Asking(connection, library_id, sorted(left)).rows(TAKEN_WITHIN, firsts=firsts, lasts=lasts).scalars()
        )
    for question, values in ((PLACED, wanted.place_ids), (LIVING, [wanted.kind]), (KINDS, [wanted.picture_kind])):
        if any(values):
            told = _Asking(connection, library_id, sorted(left)).by_item(question)
            left = {item for item in left if told.get(item) in values}
    if wanted.person_ids:
        seen: dict[int, set[str]] = {}
        for row in _Asking(connection, library_id, sorted(left)).rows(WHO):
            seen.setdefault(row.item_id, set()).add(row.person_id)
        left = {item for item in left if set(wanted.person_ids) <= seen.get(item, set())}
    if wanted.camera:
        asked = item_words.query([wanted.camera], ["camera"])
        left = set(_Asking(connection, library_id, sorted(left)).by_item(TAKEN_WITH, camera=asked))
    return left


def filtered(connection: Connection, library_id: int, wanted: Filter, *, most: int) -> list[int]:
    """Items that fulfil a filter, the newest first.

    Of what is asked for, that which fewest have is held against the rest, the newest thousands of it.
    """
    looked, rest = filters.scarcest(connection, library_id, wanted)
    found: list[int] = []
    for first in range(0, len(looked), AT_ONCE):
        if len(found) >= most:
            break
        items = looked[first : first + AT_ONCE]
        fitting = fulfilling(connection, library_id, rest, items)
        living = _Asking(connection, library_id, sorted(fitting)).by_item(LIVING)
        found += [item for item in items if item in living]
    return found[:most]


def scored(
    connection: Connection,
    library_id: int,
    items: Sequence[int],
    *,
    words: Sequence[str],
    point: Any | None,
    scene: str,
    text_space: str,
) -> list[Scored]:
    """How well these items fit the words and the point of a question."""
    ask = _Asking(connection, library_id, items)
    labels, near = ask.labels(scene), ask.cosines(point, text_space)
    said = {row.item_id: row for row in ask.rows(SAID, **_queries(words))}
    return [
        Scored(
            item,
            labels.get(item, {}),
            told=said[item].told if item in said else 0.0,
            read=said[item].read if item in said else 0.0,
            cosine=near.get(item),
        )
        for item in items
    ]


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
    """What is known of these items, of those that are still there, against the words and the point of a question."""
    ask = _Asking(connection, library_id, items)
    labels, near = ask.labels(scene), ask.cosines(point, text_space)
    keys, taken, placed = ask.by_item(KEYS), ask.by_item(TAKEN), ask.by_item(PLACED)
    good, kinds = ask.by_item(GOOD), ask.by_item(KINDS)
    people: dict[int, list[str]] = {}
    for row in ask.rows(WHO):
        people.setdefault(row.item_id, []).append(row.person_id)
    said = {
        row.item_id: tuple(one for one in item_words.SOURCES if getattr(row, f"in_{one}"))
        for row in (ask.rows(SAID, **_queries(words)) if words else ())
    }
    return [
        Known(
            item_id=item,
            key=keys[item],
            kind=kind,
            taken_local=taken.get(item),
            place_id=placed.get(item),
            quality=good.get(item, UNMEASURED),
            picture_kind=kinds.get(item),
            labels=labels.get(item, {}),
            said_by=said.get(item, ()),
            cosine=near.get(item),
            people=tuple(people.get(item, ())),
        )
        for item, kind in ask.by_item(LIVING).items()
        if item in keys
    ]


class _Asking:
    """Small questions about the same items."""

    def __init__(self, connection: Connection, library_id: int, items: Sequence[int]) -> None:
        self._connection = connection
        self._scope = {"library_id": library_id, "items": list(items)}

    def rows(self, question: TextClause, **parameters: Any) -> CursorResult[Any]:
        return self._connection.execute(question, {**self._scope, **parameters})

    def by_item(self, question: TextClause, **parameters: Any) -> dict[int, Any]:
        rows: Iterable[Any] = self.rows(question, **parameters)
        return {row[0]: row[1] for row in rows}

    def labels(self, scene: str) -> dict[int, dict[str, float]]:
        rows = self.rows(SHOWS, scene=scene)
        return {row.item_id: dict(zip(row.labels, row.scores, strict=True)) for row in rows}

    def cosines(self, point: Any | None, text_space: str) -> dict[int, float]:
        if point is None:
            return {}
        return self.by_item(NEAR, point=HalfVector(point).to_text(), text_space=text_space)


def _queries(words: Sequence[str]) -> dict[str, str]:
    return {
        "about": item_words.query(words, item_words.ABOUT),
        **{source: item_words.query(words, [source]) for source in item_words.SOURCES},
    }


def hidden_people(connection: Connection, library_id: int) -> set[str]:
    """Whom no search shows."""
    return set(connection.execute(HIDDEN, {"library_id": library_id}).scalars())
