"""Which occasions and trips were there, and which items belong to them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

_EVENT = (
    "SELECT event_id, starts, ends, starts_at, ends_at, photos, place_id FROM events WHERE library_id = :library_id"
)

EVENTS = text(_EVENT + " AND ends >= :first AND starts < :last ORDER BY starts_at, event_id")

MEMBERS = text("""
    SELECT item_id, event_id FROM item_events
    WHERE library_id = :library_id AND item_id = ANY(:items) AND event_id IS NOT NULL
    UNION
    SELECT item_id, event_id FROM item_events WHERE library_id = :library_id AND event_id = ANY(:events)
""")
"""Two questions rather than one with OR, each of which has an index."""

EXISTING = text("SELECT event_id FROM events WHERE library_id = :library_id AND event_id = ANY(:events)")

JOIN = text("""
    INSERT INTO item_events (library_id, item_id, event_id)
    SELECT :library_id, p.item_id, p.event_id
    FROM unnest(CAST(:items AS bigint[]), CAST(:events AS text[])) AS p(item_id, event_id) ORDER BY 2
    ON CONFLICT (library_id, item_id) DO UPDATE SET event_id = excluded.event_id
""")

LEAVE = text("UPDATE item_events SET event_id = NULL WHERE library_id = :library_id AND event_id = ANY(:events)")

DROP = text("DELETE FROM events WHERE library_id = :library_id AND event_id = ANY(:events)")

STORE = text("""
    INSERT INTO events (library_id, event_id, starts, ends, starts_at, ends_at, photos, place_id)
    VALUES (:library_id, :event_id, :starts, :ends, :starts_at, :ends_at, :photos, :place_id)
""")

ALONE = text("""
    DELETE FROM item_events
    WHERE library_id = :library_id AND item_id = ANY(:items) AND event_id IS NULL AND trip_id IS NULL
""")


@dataclass(frozen=True, slots=True)
class Event:
    """One occasion: local wall times, the instants, how many photos, where most of them were taken."""

    event_id: str
    starts: datetime
    ends: datetime
    starts_at: datetime
    ends_at: datetime
    photos: int
    place_id: str | None


def between(connection: Connection, library_id: int, first: date, last: date) -> list[Event]:
    """The events that touch the local days from `first` to before `last`, oldest first."""
    rows = connection.execute(EVENTS, {"library_id": library_id, "first": first, "last": last}).mappings()
    return [Event(**row) for row in rows]


def members(
    connection: Connection, library_id: int, *, items: Sequence[int] = (), events: Sequence[str] = ()
) -> dict[int, str]:
    """The event of each of these items, and of all items of these events."""
    rows = connection.execute(MEMBERS, {"library_id": library_id, "items": list(items), "events": list(events)})
    return {row.item_id: row.event_id for row in rows}


def existing(connection: Connection, library_id: int, ids: Sequence[str]) -> set[str]:
    """Those of the ids that an event has."""
    return set(connection.execute(EXISTING, {"library_id": library_id, "events": list(ids)}).scalars())


def replace(
    connection: Connection, library_id: int, gone: Sequence[str], found: Sequence[tuple[Event, Sequence[int]]]
) -> None:
    """Put events with their items in the place of those that are `gone`."""
    scope = {"library_id": library_id, "events": list(gone)}
    left = list(members(connection, library_id, events=gone))
    connection.execute(LEAVE, scope)
    connection.execute(DROP, scope)
    if found:
        fields = ("event_id", "starts", "ends", "starts_at", "ends_at", "photos", "place_id")
        rows = [{"library_id": library_id, **{name: getattr(event, name) for name in fields}} for event, _ in found]
        connection.execute(STORE, rows)
        pairs = [(item, event.event_id) for event, items in found for item in items]
        parameters = {"items": [item for item, _ in pairs], "events": [event for _, event in pairs]}
        connection.execute(JOIN, {"library_id": library_id, **parameters})
    connection.execute(ALONE, {"library_id": library_id, "items": left})
