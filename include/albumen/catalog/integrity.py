"""Is what is stored what the catalog says? The rows that name objects, and how far the checks have come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import due, outcomes
from albumen.catalog.due import Lane


@dataclass(frozen=True, slots=True)
class NamedRendition:
    """A derived file that a row names.

    Attributes
    ----------
    etag : str or None
        What the store said when it was put; None where that is not known.
    """

    item_id: int
    name: str
    key: str
    bytes: int
    etag: str | None


@dataclass(frozen=True, slots=True)
class NamedOriginal:
    """An original as the catalog knows it, with the SHA-256 of its item."""

    original_id: int
    key: str
    etag: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk of one check over a library, as far as it has come."""

    check_id: int
    cursor: str
    started_at: datetime
    looked_at: datetime
    finished_at: datetime | None
    checked: int
    found: dict[str, Any]


CLOCK = text("SELECT now()")

ITEMS = text("""
    SELECT COALESCE(sum(n), 0)::bigint FROM tallies
    WHERE library_id = :library_id AND step IN ('renditions', 'poster') AND state = 'done'
""")

_RENDITIONS = """
    SELECT r.item_id, r.name, r.key, r.bytes, r.etag FROM fingerprints f JOIN renditions r USING (library_id, item_id)
    WHERE f.library_id = :library_id AND
"""

RENDITIONS_BETWEEN = text(f"{_RENDITIONS} f.sha256 BETWEEN :first AND :last")
RENDITIONS_OF = text(f"{_RENDITIONS} f.sha256 = ANY(:hashes)")

ORIGINALS_BETWEEN = text("""
    SELECT o.original_id, o.key, o.etag, o.size, f.sha256
    FROM fingerprints f JOIN originals o USING (library_id, item_id)
    WHERE f.library_id = :library_id AND f.sha256 BETWEEN :first AND :last AND o.vanished_at IS NULL
""")

SUPERSEDED_AMONG = text("SELECT key FROM superseded_objects WHERE library_id = :library_id AND key = ANY(:keys)")

SUPERSEDED = text("""
    SELECT key FROM superseded_objects
    WHERE library_id = :library_id AND key > :after AND superseded_at <= :before ORDER BY key LIMIT :most
""")

FORGET_SUPERSEDED = text("DELETE FROM superseded_objects WHERE library_id = :library_id AND key = ANY(:keys)")

PAGES = text("SELECT memory_id, page_key, told_on FROM memories WHERE library_id = :library_id")

UNTELL = text("UPDATE memories SET inputs_key = '' WHERE library_id = :library_id AND page_key = ANY(:keys)")

KEEP_ETAG = text(
    "UPDATE renditions SET etag = :etag WHERE library_id = :library_id AND item_id = :item_id AND key = :key"
)

MAKERS = text("""
    SELECT r.item_id, r.name, i.retired_at IS NOT NULL AS is_retired, o.step
    FROM unnest(CAST(:items AS bigint[]), CAST(:keys AS text[])) AS p(item_id, key)
    JOIN renditions r ON r.library_id = :library_id AND r.item_id = p.item_id AND r.key = p.key
    JOIN items i ON i.library_id = :library_id AND i.item_id = p.item_id
    LEFT JOIN outcomes o ON o.library_id = :library_id AND o.subject_id = p.item_id
        AND strpos(r.key, '-' || left(o.inputs_key, 8) || '.') > 0
""")
"""The step whose inputs key the object's key carries made it."""

DUE = text("SELECT subject_id, step FROM due WHERE library_id = :library_id AND subject_id = ANY(:items)")

DROP_RENDITIONS = text("""
    DELETE FROM renditions WHERE library_id = :library_id AND item_id = ANY(:items) AND key = ANY(:keys)
""")

CURRENT = text("""
    SELECT * FROM integrity_checks WHERE library_id = :library_id AND kind = :kind ORDER BY check_id DESC LIMIT 1
""")

START = text("""
    INSERT INTO integrity_checks (library_id, kind, cursor, found)
    VALUES (:library_id, :kind, :cursor, CAST(:found AS jsonb)) RETURNING *
""")

CHECKPOINT = text("""
    UPDATE integrity_checks
    SET cursor = :following, checked = checked + :checked, found = CAST(:found AS jsonb), looked_at = now(),
        finished_at = CASE WHEN :finished THEN now() END
    WHERE check_id = :check_id AND cursor = :cursor AND finished_at IS NULL
""")

NOTE = text("UPDATE integrity_checks SET found = CAST(:found AS jsonb) WHERE check_id = :check_id")

LAST = text("""
    SELECT DISTINCT ON (kind) * FROM integrity_checks WHERE library_id = :library_id ORDER BY kind, check_id DESC
""")


def clock(connection: Connection) -> datetime:
    """The catalog's time."""
    now: datetime = connection.execute(CLOCK).scalar_one()
    return now


def items_with_renditions(connection: Connection, library_id: int) -> int:
    """How many items have renditions, from the tallies."""
    return int(connection.execute(ITEMS, {"library_id": library_id}).scalar_one())


def renditions_between(connection: Connection, library_id: int, first: bytes, last: bytes) -> list[NamedRendition]:
    """The derived files of the content whose SHA-256 lies between two digests, both inclusive."""
    due.lookups_only(connection)
    scope = {"library_id": library_id, "first": first, "last": last}
    return [NamedRendition(**row) for row in connection.execute(RENDITIONS_BETWEEN, scope).mappings()]


def renditions_of(connection: Connection, library_id: int, hashes: Sequence[bytes]) -> list[NamedRendition]:
    """The derived files of some content."""
    due.lookups_only(connection)
    scope = {"library_id": library_id, "hashes": list(hashes)}
    return [NamedRendition(**row) for row in connection.execute(RENDITIONS_OF, scope).mappings()]


def originals_between(connection: Connection, library_id: int, first: bytes, last: bytes) -> list[NamedOriginal]:
    """The living originals of the content whose SHA-256 lies between two digests, both inclusive."""
    due.lookups_only(connection)
    scope = {"library_id": library_id, "first": first, "last": last}
    rows = connection.execute(ORIGINALS_BETWEEN, scope).mappings()
    return [NamedOriginal(**{**row, "sha256": bytes(row["sha256"])}) for row in rows]


def superseded_among(connection: Connection, library_id: int, keys: Sequence[str]) -> set[str]:
    """Those of the keys that wait for their deletion."""
    return set(connection.execute(SUPERSEDED_AMONG, {"library_id": library_id, "keys": list(keys)}).scalars())


def superseded(connection: Connection, library_id: int, *, after: str, before: datetime, most: int) -> list[str]:
    """Keys superseded before a time, by key, from behind `after` on."""
    scope = {"library_id": library_id, "after": after, "before": before, "most": most}
    return list(connection.execute(SUPERSEDED, scope).scalars())


def forget_superseded(connection: Connection, library_id: int, keys: Sequence[str]) -> None:
    """Forget superseded keys whose objects are gone."""
    connection.execute(FORGET_SUPERSEDED, {"library_id": library_id, "keys": list(keys)})


def pages(connection: Connection, library_id: int) -> dict[str, tuple[str, date]]:
    """Memory id → key of its page, and the day it is told on."""
    rows = connection.execute(PAGES, {"library_id": library_id})
    return {row.memory_id: (row.page_key, row.told_on) for row in rows}


def untell(connection: Connection, library_id: int, page_keys: Sequence[str]) -> None:
    """Forget what memories were made from, so that they are made again when their day is told."""
    connection.execute(UNTELL, {"library_id": library_id, "keys": list(page_keys)})


def keep_etag(connection: Connection, library_id: int, rendition: NamedRendition, etag: str) -> None:
    """Remember another ETag of the same bytes."""
    scope = {"library_id": library_id, "item_id": rendition.item_id, "key": rendition.key}
    connection.execute(KEEP_ETAG, {**scope, "etag": etag})


def make_again(connection: Connection, library_id: int, lost: Mapping[str, int], *, makers: Mapping[str, str]) -> int:
    """Make the steps due again that made derived files (key → item id); return how many, a step of an item each.

    What is due already stays as it is.

    A retired item has no original to make them from: what it had done is forgotten instead, so that
    content that comes back is worked on anew.

    Parameters
    ----------
    makers : mapping of rendition name to step
        For files whose step's outcome has moved on meanwhile; those of other names stay as they are.
    """
    parameters = {"library_id": library_id, "items": list(lost.values()), "keys": list(lost)}
    rows = connection.execute(MAKERS, parameters).all()
    retired = sorted({row.item_id for row in rows if row.is_retired})
    if retired:
        scope = {"library_id": library_id, "items": retired, "keys": list(lost)}
        connection.execute(DROP_RENDITIONS, scope)
        outcomes.forget(connection, library_id, retired)
    made = {(row.item_id, row.step or makers.get(row.name, "")) for row in rows if not row.is_retired}
    waiting = {tuple(row) for row in connection.execute(DUE, parameters)}
    pairs = sorted((item, step) for item, step in made - waiting if step)
    due.enqueue(connection, library_id, pairs, subject_kind="i", lane=Lane.RETRY)
    return len(pairs) + len(retired)


def read_again(connection: Connection, library_id: int, original_ids: Sequence[int], *, steps: Sequence[str]) -> int:
    """Make originals due again from their first step on."""
    pairs = [(original_id, step) for original_id in original_ids for step in steps]
    due.enqueue(connection, library_id, pairs, subject_kind="o", lane=Lane.RETRY)
    return len(original_ids)


def current(connection: Connection, library_id: int, kind: str) -> Walk | None:
    """The last walk of a check; it may have finished."""
    row = connection.execute(CURRENT, {"library_id": library_id, "kind": kind}).mappings().one_or_none()
    return None if row is None else _walk(row)


def start(connection: Connection, library_id: int, kind: str, cursor: str, found: Mapping[str, Any]) -> Walk:
    """Begin a walk."""
    values = {"library_id": library_id, "kind": kind, "cursor": cursor, "found": json.dumps(found)}
    return _walk(connection.execute(START, values).mappings().one())


def checkpoint(
    connection: Connection, walk: Walk, following: str | None, *, checked: int, found: Mapping[str, Any]
) -> bool:
    """Remember that a piece was looked at; None ends the walk. False if another run has done so already."""
    values = {
        "check_id": walk.check_id,
        "cursor": walk.cursor,
        "following": following if following is not None else walk.cursor,
        "finished": following is None,
        "checked": checked,
        "found": json.dumps(found),
    }
    return connection.execute(CHECKPOINT, values).rowcount > 0


def note(connection: Connection, walk: Walk, found: Mapping[str, Any]) -> None:
    """Remember what is about to be done, before it is done."""
    connection.execute(NOTE, {"check_id": walk.check_id, "found": json.dumps(found)})


def last(connection: Connection, library_id: int) -> dict[str, Walk]:
    """The last walk of every check."""
    rows = connection.execute(LAST, {"library_id": library_id}).mappings()
    return {row["kind"]: _walk(row) for row in rows}


def _walk(row: Mapping[Any, Any]) -> Walk:
    return Walk(**{name: row[name] for name in Walk.__dataclass_fields__})
