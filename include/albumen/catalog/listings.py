"""How far has a listing come? Full listings, cut by prefix, with a checkpoint per page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

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
COMPLETE = text("""
    UPDATE listings l SET finished_at = now(), keys = s.keys
    FROM (SELECT COALESCE(sum(keys), 0) AS keys, bool_and(finished_at IS NOT NULL) AS whole
          FROM listing_shards WHERE listing_id = :listing_id) AS s
    WHERE l.listing_id = :listing_id AND s.whole AND l.finished_at IS NULL
      AND s.keys = (SELECT count(*) FROM listed_keys WHERE listing_id = :listing_id)
    RETURNING l.keys
""")
RESTART = text("UPDATE listing_shards SET token = '', keys = 0, finished_at = NULL WHERE listing_id = :listing_id")
FORGET_KEYS = text("DELETE FROM listed_keys WHERE listing_id = :listing_id")
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
    """List everything again, because the store forgot a token or the catalog lost keys."""
    connection.execute(RESTART, {"listing_id": listing_id})
    connection.execute(FORGET_KEYS, {"listing_id": listing_id})


def complete(connection: Connection, listing_id: int) -> int | None:
    """End a listing that is whole; None, and everything to be listed again, when keys were lost meanwhile.

    `listed_keys` is unlogged: a crash of the server empties it, and a listing that lost keys may
    not be believed about what is missing.
    """
    keys = connection.execute(COMPLETE, {"listing_id": listing_id}).scalar_one_or_none()
    if keys is None:
        restart(connection, listing_id)
        return None
    return int(keys)


def forget_keys(connection: Connection, listing_id: int) -> None:
    """Drop the remembered keys of an ended listing."""
    connection.execute(FORGET_KEYS, {"listing_id": listing_id})


def expected_keys(connection: Connection, library_id: int) -> int | None:
    """How many keys the last full listing found; None if there was none."""
    found: int | None = connection.execute(EXPECTED, {"library_id": library_id}).scalar_one_or_none()
    return found


def last_finished(connection: Connection, library_id: int) -> datetime | None:
    """When the last full listing ended."""
    found: datetime | None = connection.execute(LAST, {"library_id": library_id}).scalar_one()
    return found
