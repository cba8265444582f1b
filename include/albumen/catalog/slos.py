"""Is what was promised kept? Measured on a bounded sample of the latest work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from albumen.catalog import progress
from albumen.catalog.libraries import Library

SAMPLE = 500
"""Latest previews that are looked at."""
DAY = timedelta(days=1)
WINDOWS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), DAY)
"""Looked through in turn until the sample is full: a day of much work is not read to its beginning."""

PREVIEWS = text("""
    WITH latest AS MATERIALIZED (
        SELECT subject_id, at FROM outcome_history
        WHERE library_id = :library_id AND step = 'renditions' AND state = 'done' AND at > :window
        ORDER BY at DESC LIMIT :most
    ), firsts AS (
        SELECT l.at, o.discovered_at FROM latest l CROSS JOIN LATERAL (
            (SELECT discovered_at, original_id FROM originals
             WHERE library_id = :library_id AND item_id = l.subject_id ORDER BY original_id LIMIT 1)
            UNION ALL
            (SELECT discovered_at, original_id FROM originals
             WHERE library_id = :library_id AND original_id = l.subject_id)
            ORDER BY original_id LIMIT 1
        ) AS o WHERE o.discovered_at > :since
    ), waiting AS (
        SELECT due_since FROM due
        WHERE library_id = :library_id AND step = 'renditions' AND lane = 0 AND due_since <= :late LIMIT :most
    )
    SELECT (SELECT count(*) FROM latest) AS looked_at, (SELECT count(*) FROM firsts) AS made,
        (SELECT count(*) FROM firsts WHERE at <= discovered_at + make_interval(secs => :seconds)) AS in_time,
        (SELECT count(*) FROM waiting) AS late
""")
"""A preview of a photo that was found before the day is a backfill's, and promised to nobody."""

TURN = text("SELECT day FROM memory_turns WHERE library_id = :library_id")


@dataclass(frozen=True, slots=True)
class Slo:
    """One promise to one library.

    Attributes
    ----------
    name : str
        `preview`, `quarantine` or `memories`.
    promise, found : str
        In words.
    kept : bool or None
        None: there was nothing to measure.
    """

    name: str
    promise: str
    found: str
    kept: bool | None


def preview(connection: Connection, library: Library, now: datetime, *, minutes: float, share: float) -> Slo:
    """A preview within so many minutes of being found, for a share of the last day's photos.

    What waits longer already counts as late.
    """
    parameters = {
        "library_id": library.library_id,
        "since": now - DAY,
        "late": now - timedelta(minutes=minutes),
        "seconds": minutes * 60,
        "most": SAMPLE,
    }
    for window in WINDOWS:
        row = connection.execute(PREVIEWS, {**parameters, "window": now - window}).one()
        if row.looked_at == SAMPLE:
            break
    promise = f"{share:.0%} of new photos have a preview within {minutes:.0f} min"
    if not row.made + row.late:
        return Slo("preview", promise, "nothing new in a day", None)
    kept = row.in_time / (row.made + row.late)
    found = f"{kept:.1%} of the latest {row.made + row.late:,}" + (f"; {row.late:,} wait longer" if row.late else "")
    return Slo("preview", promise, found, kept >= share)


def quarantine(connection: Connection, library: Library, steps: list[str], *, share: float) -> Slo:
    """At most a share of what was tried is in quarantine."""
    ended = progress.ended(connection, library.library_id, steps)
    promise = f"at most {share:.1%} of what was tried is in quarantine"
    if not ended.tried:
        return Slo("quarantine", promise, "nothing was tried", None)
    found = f"{ended.percent:.2f}%: {ended.quarantined:,} of {ended.tried:,}"
    return Slo("quarantine", promise, found, ended.percent <= 100 * share)


def memories(connection: Connection, library: Library, now: datetime, *, by_hour: int) -> Slo:
    """The day's memories are made by an hour, where the library is at home."""
    local = now.astimezone(ZoneInfo(library.home_zone))
    turn: date | None = connection.execute(TURN, {"library_id": library.library_id}).scalar_one_or_none()
    promise = f"the day's memories by {by_hour:02}:00 in {library.home_zone}"
    wanted = local.date() if local.hour >= by_hour else local.date() - DAY
    if turn is None:
        return Slo("memories", promise, "never made yet", None)
    return Slo("memories", promise, f"last made for {turn}", turn >= wanted)


def of_library(
    connection: Connection, library: Library, steps: list[str], now: datetime, promised: Mapping[str, float]
) -> list[Slo]:
    """All promises to a library.

    Parameters
    ----------
    promised : mapping
        `preview_minutes`, `preview_share`, `quarantine_share`, `memories_hour`, as in the settings.
    """
    return [
        preview(connection, library, now, minutes=promised["preview_minutes"], share=promised["preview_share"]),
        quarantine(connection, library, steps, share=promised["quarantine_share"]),
        memories(connection, library, now, by_hour=int(promised["memories_hour"])),
    ]
