"""Which memories are there? Stored stories and whose turn it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import memory_events, suppressions, tombstones


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """A memory as stored.

    Attributes
    ----------
    state : str
        `published`, `review` while a person is asked, or `declined`.
    files : mapping of str to str
        Keys of its files in the library bucket: `page`, `story` and what else was rendered.
    items : sequence of (item id, object key, reason)
        In the order of the story.
    videos : int
        How many of them are videos.
    lent : mapping of int to int
        The library of every item that another one lent.
    """

    memory_id: str
    kind: str
    key: str
    told_on: date
    title: str
    reason: str
    strength: float
    inputs_key: str
    page_key: str
    state: str
    files: Mapping[str, str]
    why: Mapping[str, Any]
    items: Sequence[tuple[int, str, str]]
    videos: int
    lent: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class StoryTold:
    """A story that was told on a day, and the items it showed."""

    kind: str
    key: str
    told_on: date
    items: frozenset[int]
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A story of a library that is told no more."""

    memory_id: str
    library_id: int
    told_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a memory before it is made anew: what it was made from, when it was told, its state."""

    inputs_key: str
    told_on: date
    state: str


STANDING = text("SELECT inputs_key, told_on, state FROM memories WHERE memory_id = :memory_id")

STORE = text("""
    INSERT INTO memories (memory_id, library_id, kind, key, told_on, title, reason, strength, cover_item_id, inputs_key,
        page_key, state, files, why)
    VALUES (:memory_id, :library_id, :kind, :key, :told_on, :title, :reason, :strength, :cover_item_id, :inputs_key,
        :page_key, :state, CAST(:files AS jsonb), CAST(:why AS jsonb))
    ON CONFLICT (memory_id) DO UPDATE SET told_on = excluded.told_on, title = excluded.title, reason = excluded.reason,
        strength = excluded.strength, cover_item_id = excluded.cover_item_id, inputs_key = excluded.inputs_key,
        page_key = excluded.page_key, state = excluded.state, files = excluded.files, why = excluded.why,
        asked_at = NULL, updated_at = now()
""")

WEIGH = text("UPDATE memories SET strength = :strength, why = CAST(:why AS jsonb) WHERE memory_id = :memory_id")

THERE = text("""
    SELECT count(*) FROM (
        SELECT DISTINCT p.library_id, p.item_id
        FROM unnest(CAST(:libraries AS int[]), CAST(:items AS bigint[])) AS p(library_id, item_id)
        JOIN libraries l ON l.library_id = p.library_id AND (
            l.library_id = :library_id OR 'family' = ANY(l.consents) AND EXISTS (
                SELECT FROM libraries WHERE library_id = :library_id AND 'family' = ANY(consents)))
        JOIN items i ON i.library_id = p.library_id AND i.item_id = p.item_id
    ) AS found
""")
"""Of another library's items those alone whose owner consents, and is asked by one who does."""

CLEAR_ITEMS = text("DELETE FROM memory_items WHERE memory_id = :memory_id")

ADD_ITEMS = text("""
    INSERT INTO memory_items (memory_id, position, item_id, reason, library_id)
    SELECT :memory_id, p.* FROM unnest(CAST(:positions AS int[]), CAST(:items AS bigint[]),
        CAST(:reasons AS text[]), CAST(:lenders AS int[])) AS p
""")

SHOWING = text("""
    SELECT m.memory_id FROM memory_items i JOIN memories m USING (memory_id)
    WHERE m.library_id = :library_id AND i.item_id = ANY(:items)
    UNION SELECT memory_id FROM memory_items WHERE library_id = :library_id AND item_id = ANY(:items)
""")

BORROWING = text("""
    SELECT memory_id FROM memory_items WHERE library_id = :library_id
    UNION SELECT i.memory_id FROM memory_items i JOIN memories m USING (memory_id)
    WHERE m.library_id = :library_id AND i.library_id IS NOT NULL
""")

WITHDRAW = text("DELETE FROM memories WHERE memory_id = ANY(:memories) RETURNING memory_id, library_id, told_on")

TELL_AGAIN = text("""
    DELETE FROM memory_turns t USING unnest(CAST(:libraries AS int[]), CAST(:days AS date[])) AS p(library_id, day)
    WHERE t.library_id = p.library_id AND t.day = p.day
""")

LIST = text("""
    SELECT m.*, COALESCE(i.items, '[]') AS items, i.videos, COALESCE(i.lent, '[]') AS lent FROM memories m
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(mi.item_id, o.key, mi.reason) ORDER BY mi.position) AS items,
            count(*) FILTER (WHERE it.kind = 'video') AS videos,
            jsonb_agg(jsonb_build_array(mi.item_id, mi.library_id)) FILTER (WHERE mi.library_id IS NOT NULL) AS lent
        FROM memory_items mi
        LEFT JOIN items it ON it.library_id = COALESCE(mi.library_id, m.library_id) AND it.item_id = mi.item_id
        LEFT JOIN LATERAL (
            SELECT key FROM originals
            WHERE library_id = COALESCE(mi.library_id, m.library_id) AND item_id = mi.item_id AND vanished_at IS NULL
            ORDER BY original_id LIMIT 1
        ) AS o ON true
        WHERE mi.memory_id = m.memory_id
    ) AS i ON true
    WHERE m.library_id = :library_id AND (CAST(:day AS date) IS NULL OR m.told_on = :day)
        AND (CAST(:memory_id AS text) IS NULL OR m.memory_id = :memory_id)
        AND (CAST(:state AS text) IS NULL OR m.state = :state)
        AND (CAST(:before AS date) IS NULL OR m.told_on < :before)
    ORDER BY m.told_on DESC, m.strength DESC, m.memory_id LIMIT :most
""")

TOLD = text("""
    SELECT m.kind, m.key, m.told_on, COALESCE(m.why -> 'features', '{}') AS features,
        ARRAY(SELECT item_id FROM memory_items WHERE memory_id = m.memory_id) AS items
    FROM memories m WHERE m.library_id = :library_id AND m.told_on >= :since AND m.told_on < :before
    ORDER BY m.told_on DESC, m.memory_id
""")

TURNS = text("SELECT library_id, day FROM memory_turns")

TAKE_TURN = text("""
    INSERT INTO memory_turns (library_id, day) VALUES (:library_id, :day)
    ON CONFLICT (library_id) DO UPDATE SET day = GREATEST(memory_turns.day, excluded.day), at = now()
""")


def standing(connection: Connection, memory_id: str) -> Standing | None:
    """What is known of a stored memory; None if there is none."""
    row = connection.execute(STANDING, {"memory_id": memory_id}).mappings().one_or_none()
    return Standing(**row) if row else None


def store(
    connection: Connection,
    memory: dict[str, Any],
    items: Sequence[tuple[int, str]],
    *,
    hidden_to: int,
    lent: Mapping[int, int] | None = None,
) -> bool:
    """Insert or replace a memory and its (item id, reason) in order, and have it told of where it is published.

    Parameters
    ----------
    hidden_to : int
        The newest suppression of all these libraries that was known when the items were chosen.
    lent : mapping of int to int, optional
        The library of every item that is another one's.

    Returns
    -------
    bool
        False if one of the items was erased, something was hidden or a consent withdrawn meanwhile: nothing is stored
        then.
    """
    library_id, lent = memory["library_id"], lent or {}
    libraries = sorted({library_id, *lent.values()})
    for each in libraries:
        tombstones.hold(connection, each)
    ids = [item for item, _ in items]
    asked = {"library_id": library_id, "items": ids, "libraries": [lent.get(item, library_id) for item in ids]}
    if connection.execute(THERE, asked).scalar_one() < len(set(ids)):
        return False
    if suppressions.latest(connection, libraries) > hidden_to:
        return False
    if memory["state"] != "published":
        # An edition that a person has to see first takes the place of one that was out.
        memory_events.note(connection, memory_events.WITHDRAWN, [memory["memory_id"]])
    described = {name: json.dumps(memory[name]) for name in ("files", "why")}
    connection.execute(STORE, {**memory, **described})
    connection.execute(CLEAR_ITEMS, {"memory_id": memory["memory_id"]})
    parameters = {
        "memory_id": memory["memory_id"],
        "positions": list(range(len(items))),
        "items": ids,
        "reasons": [reason for _, reason in items],
        "lenders": [lent.get(item) for item in ids],
    }
    connection.execute(ADD_ITEMS, parameters)
    memory_events.note(connection, memory_events.PUBLISHED, [memory["memory_id"]])
    return True


def weigh(connection: Connection, memory_id: str, strength: float, why: Mapping[str, Any]) -> None:
    """Keep how strong a memory is for its owner now; what it tells stays."""
    connection.execute(WEIGH, {"memory_id": memory_id, "strength": strength, "why": json.dumps(dict(why))})


def showing(connection: Connection, library_id: int, items: Sequence[int]) -> list[str]:
    """Ids of the memories, of other libraries, too, that show any of these items."""
    return sorted(connection.execute(SHOWING, {"library_id": library_id, "items": list(items)}).scalars())


def borrowing(connection: Connection, library_id: int) -> list[str]:
    """Ids of the memories in which this library's pictures stand beside another's, whoever of them tells it."""
    return sorted(connection.execute(BORROWING, {"library_id": library_id}).scalars())


def withdraw(connection: Connection, memory_ids: Sequence[str]) -> list[Withdrawn]:
    """Delete stories, have it told of, and give their days another turn."""
    memory_events.note(connection, memory_events.WITHDRAWN, memory_ids)
    gone = [Withdrawn(**row) for row in connection.execute(WITHDRAW, {"memories": list(memory_ids)}).mappings()]
    if gone:
        days = {"libraries": [each.library_id for each in gone], "days": [each.told_on for each in gone]}
        connection.execute(TELL_AGAIN, days)
    return sorted(gone, key=lambda each: each.memory_id)


def stored(
    connection: Connection,
    library_id: int,
    day: date | None = None,
    *,
    state: str | None = None,
    before: date | None = None,
    most: int | None = None,
) -> list[StoredMemory]:
    """The memories of a library, latest first, and of a day the strongest first.

    Parameters
    ----------
    day : date, optional
        Only those told on it.
    state : str, optional
        Only those in this state.
    before : date, optional
        Only those told on earlier days.
    most : int, optional
        No more than so many.
    """
    wanted = {"day": day, "memory_id": None, "state": state, "before": before, "most": most}
    return [_stored(dict(row)) for row in connection.execute(LIST, {"library_id": library_id, **wanted}).mappings()]


def one(connection: Connection, library_id: int, memory_id: str) -> StoredMemory | None:
    """One memory of a library; None if there is none of that id."""
    wanted = {"day": None, "memory_id": memory_id, "state": None, "before": None, "most": 1}
    row = connection.execute(LIST, {"library_id": library_id, **wanted}).mappings().one_or_none()
    return _stored(dict(row)) if row else None


def _stored(row: Mapping[str, Any]) -> StoredMemory:
    fields = {
        each.name: row[each.name] for each in dataclass_fields(StoredMemory) if each.name not in ("items", "lent")
    }
    items = [(item, key, reason) for item, key, reason in row["items"]]
    return StoredMemory(**fields, items=items, lent=dict(row["lent"]))


def told(connection: Connection, library_id: int, *, since: date, before: date) -> list[StoryTold]:
    """The stories told from `since` until the day before `before`, the latest first."""
    rows = connection.execute(TOLD, {"library_id": library_id, "since": since, "before": before})
    return [StoryTold(row.kind, row.key, row.told_on, frozenset(row.items), row.features) for row in rows]


def turns(connection: Connection) -> dict[int, date]:
    """The last local day each library's memories were made for."""
    return {row.library_id: row.day for row in connection.execute(TURNS)}


def take_turn(connection: Connection, library_id: int, day: date) -> None:
    """Remember that a library's memories of a local day are made."""
    connection.execute(TAKE_TURN, {"library_id": library_id, "day": day})
