"""What changed since a library was last organised? Items, and the local days they are and were on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

DIRTY_DAYS = text("""
    INSERT INTO dirty_days (library_id, day)
    SELECT DISTINCT library_id, CAST(taken_local AS date) FROM facts
    WHERE library_id = :library_id AND item_id = ANY(:items) AND taken_local IS NOT NULL
    ORDER BY 1, 2
    ON CONFLICT (library_id, day) DO UPDATE SET since = now()
""")

DIRTY_ITEMS = text("""
    INSERT INTO dirty_items (library_id, item_id) SELECT :library_id, unnest(CAST(:items AS bigint[])) ORDER BY 2
    ON CONFLICT (library_id, item_id) DO UPDATE SET since = now()
""")

DIRTY_SPAN = text("""
    INSERT INTO dirty_days (library_id, day)
    SELECT DISTINCT library_id, day FROM visits WHERE library_id = :library_id AND day BETWEEN :first AND :last
    ORDER BY 1, 2
    ON CONFLICT (library_id, day) DO UPDATE SET since = now()
""")

WAITING = text("""
    SELECT library_id, sum(days)::bigint AS days, sum(items)::bigint AS items FROM (
        SELECT library_id, count(*) AS days, 0 AS items FROM dirty_days GROUP BY 1
        UNION ALL SELECT library_id, 0, count(*) FROM dirty_items GROUP BY 1
    ) AS both_of GROUP BY 1 ORDER BY 1
""")
"""Grows with what waits, not with the libraries."""

LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('albumen organise'), :library_id)")

WAIT = text("SELECT pg_advisory_xact_lock(hashtext('albumen organise'), :library_id)")

NO_SCANS = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)"
)

TAKE_DAYS = text("""
    DELETE FROM dirty_days WHERE (library_id, day) IN (
        SELECT library_id, day FROM dirty_days WHERE library_id = :library_id ORDER BY day LIMIT :most
    ) RETURNING day
""")

TAKE_ITEMS = text("""
    DELETE FROM dirty_items WHERE (library_id, item_id) IN (
        SELECT library_id, item_id FROM dirty_items WHERE library_id = :library_id ORDER BY item_id LIMIT :most
    ) RETURNING item_id
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A library with something to organise."""

    library_id: int
    days: int
    items: int


def mark(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Have these items, and the days they are on now, organised anew."""
    if items:
        parameters = {"library_id": library_id, "items": list(items)}
        connection.execute(DIRTY_DAYS, parameters)
        connection.execute(DIRTY_ITEMS, parameters)


def mark_days_of(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Have the days these items are on organised anew, and not the items."""
    connection.execute(DIRTY_DAYS, {"library_id": library_id, "items": list(items)})


def mark_days(connection: Connection, library_id: int, first: date, last: date) -> None:
    """Have the days from first to last on which someone was somewhere organised anew."""
    connection.execute(DIRTY_SPAN, {"library_id": library_id, "first": first, "last": last})


def waiting(connection: Connection) -> list[Waiting]:
    """The libraries in which something changed."""
    return [Waiting(row.library_id, row.days, row.items) for row in connection.execute(WAITING)]


def wait(connection: Connection, library_id: int) -> None:
    """Wait until no worker organises a library, and let none begin before this transaction ends."""
    connection.execute(WAIT, {"library_id": library_id})


def look_up_only(connection: Connection) -> None:
    """For the rest of the transaction, have no table read from end to end that has an index for what is asked.

    The tables of a library grow from nothing to millions between two ANALYZE; until then the planner takes them for
    small, and would read all of one for a day's photos. A plan for any days whatsoever would read more than one for
    those that are meant.
    """
    connection.execute(NO_SCANS)


def hold(connection: Connection, library_id: int) -> bool:
    """Take a library for this transaction; False when another worker has it. The lock goes with its holder."""
    return bool(connection.execute(LOCK, {"library_id": library_id}).scalar_one())


def take_days(connection: Connection, library_id: int, *, most: int) -> list[date]:
    """The oldest changed days, taken off the list; they are back if the transaction fails."""
    return sorted(connection.execute(TAKE_DAYS, {"library_id": library_id, "most": most}).scalars())


def take_items(connection: Connection, library_id: int, *, most: int) -> list[int]:
    """The next changed items, taken off the list; they are back if the transaction fails."""
    return sorted(connection.execute(TAKE_ITEMS, {"library_id": library_id, "most": most}).scalars())
