"""How far has a listing come? Full listings, cut by prefix, with a checkpoint per page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from albumen.catalog import due

OPEN = text(
    "SELECT listing_id FROM listings WHERE library_id = :library_id AND finished_at IS NULL ORDER BY 1 DESC LIMIT 1"
)
START = text("INSERT INTO listings (library_id) VALUES (:library_id) RETURNING listing_id")
ADD_SHARD = text("""
    INSERT INTO listing_shards (listing_id, prefix, direct)
    SELECT :listing_id, p.* FROM unnest(CAST(:prefixes AS text[]), CAST(:direct AS bool[])) AS p(prefix, direct)
""")
SHARDS = text(
    "SELECT prefix, direct, token, keys, finished_at FROM listing_shards WHERE listing_id = :listing_id ORDER BY prefix"
)
CHECKPOINT = text("""
    UPDATE listing_shards SET token = :token, keys = keys + :keys, finished_at = CASE WHEN :finished THEN now() END
    WHERE listing_id = :listing_id AND prefix = :prefix
""")
WHOLE = text("""
    SELECT COALESCE(sum(s.keys), 0)::bigint AS keys,
        bool_and(s.finished_at IS NOT NULL)
            AND EXISTS (SELECT FROM listed_keys WHERE listing_id = :listing_id AND key = '') AS whole
    FROM listing_shards s WHERE s.listing_id = :listing_id
""")
BEGIN_KEYS = text("INSERT INTO listed_keys (listing_id, key) VALUES (:listing_id, '') ON CONFLICT DO NOTHING")
"""No object has an empty key: the row tells whether the table is still the one that the listing began to fill."""

COMPLETE = text("UPDATE listings SET finished_at = now(), keys = :keys WHERE listing_id = :listing_id")
RESTART = text("UPDATE listing_shards SET token = '', keys = 0, finished_at = NULL WHERE listing_id = :listing_id")
FORGET_KEYS = text("""
    WITH gone AS (
        DELETE FROM listed_keys WHERE listing_id = :listing_id AND key IN (
            SELECT key FROM listed_keys WHERE listing_id = :listing_id AND key >= :first ORDER BY key LIMIT :most
        ) RETURNING key
    )
    SELECT max(key) FROM gone
""")
EXPECTED = text("""
    SELECT keys FROM listings WHERE library_id = :library_id AND finished_at IS NOT NULL
    ORDER BY listing_id DESC LIMIT 1
""")
LAST = text("SELECT max(finished_at) FROM listings WHERE library_id = :library_id")


@dataclass(frozen=True, slots=True)
class ListingShard:
    """One prefix of a listing and how far it has come; `direct`: only what lies directly in it."""

    prefix: str
    direct: bool
    token: str
    keys: int
    finished: bool


def open_listing(connection: Connection, library_id: int) -> int | None:
    """The library's unfinished listing, to be resumed."""
    found = connection.execute(OPEN, {"library_id": library_id}).scalar_one_or_none()
    return None if found is None else int(found)


def start(connection: Connection, library_id: int, prefixes: Sequence[tuple[str, bool]]) -> int:
    """Begin a full listing cut into (prefix, only what lies directly in it)."""
    listing_id = int(connection.execute(START, {"library_id": library_id}).scalar_one())
    connection.execute(
        ADD_SHARD,
        {
            "listing_id": listing_id,
            "prefixes": [prefix for prefix, _ in prefixes],
            "direct": [direct for _, direct in prefixes],
        },
    )
    connection.execute(BEGIN_KEYS, {"listing_id": listing_id})
    return listing_id


def shards(connection: Connection, listing_id: int) -> list[ListingShard]:
    """The listing's prefixes and their checkpoints."""
    rows = connection.execute(SHARDS, {"listing_id": listing_id})
    return [ListingShard(row.prefix, row.direct, row.token, row.keys, row.finished_at is not None) for row in rows]


def checkpoint(connection: Connection, listing_id: int, prefix: str, *, token: str, keys: int) -> None:
    """Remember that a page is registered; an empty token ends the prefix."""
    values = {"listing_id": listing_id, "prefix": prefix, "token": token, "keys": keys, "finished": not token}
    connection.execute(CHECKPOINT, values)


def restart(connection: Connection, listing_id: int) -> None:
    """List everything again, because the catalog lost keys; those it still has are to be forgotten before."""
    connection.execute(RESTART, {"listing_id": listing_id})
    connection.execute(BEGIN_KEYS, {"listing_id": listing_id})


def whole(connection: Connection, listing_id: int) -> int | None:
    """How many keys a listing found; None when it is not through, or its keys were lost meanwhile.

    `listed_keys` is unlogged: a crash of the server empties it, and a listing that lost keys may
    not be believed about what is missing.
    """
    found = connection.execute(WHOLE, {"listing_id": listing_id}).one()
    return int(found.keys) if found.whole else None


def complete(connection: Connection, listing_id: int, keys: int) -> None:
    """End a listing."""
    connection.execute(COMPLETE, {"listing_id": listing_id, "keys": keys})


def forget_keys(connection: Connection, listing_id: int, *, first: str = "", most: int) -> str | None:
    """Drop remembered keys from one on, as many as a statement should; the last of them, None when there is none."""
    due.lookups_only(connection)
    parameters = {"listing_id": listing_id, "first": first, "most": most}
    last: str | None = connection.execute(FORGET_KEYS, parameters).scalar_one()
    return last


def expected_keys(connection: Connection, library_id: int) -> int | None:
    """How many keys the last full listing found; None if there was none."""
    found: int | None = connection.execute(EXPECTED, {"library_id": library_id}).scalar_one_or_none()
    return found


def last_finished(connection: Connection, library_id: int) -> datetime | None:
    """When the last full listing ended."""
    found: datetime | None = connection.execute(LAST, {"library_id": library_id}).scalar_one()
    return found
