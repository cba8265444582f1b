"""What is wrong now, and of what was nobody told yet? An alert is told once, however often it is seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong: of which kind, about what (a step, a library, a task), in words."""

    kind: str
    about: str
    summary: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble since it was first seen; `told_at` is None while nobody was told, for want of time or by a silence."""

    alert_id: int
    kind: str
    about: str
    summary: str
    opened_at: datetime
    seen_at: datetime
    told_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of such alerts until `ends_at`."""

    silence_id: int
    kind: str
    about: str
    reason: str
    by: str
    created_at: datetime
    ends_at: datetime


SEE = text("""
    INSERT INTO alerts (kind, about, summary)
    SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:abouts AS text[]), CAST(:summaries AS text[]))
    ON CONFLICT (kind, about) WHERE resolved_at IS NULL DO UPDATE SET summary = excluded.summary, seen_at = now()
""")

RESOLVE = text("""
    UPDATE alerts SET resolved_at = now()
    WHERE resolved_at IS NULL AND kind = ANY(:kinds) AND NOT EXISTS (
        SELECT FROM unnest(CAST(:seen_kinds AS text[]), CAST(:abouts AS text[])) AS p(kind, about)
        WHERE p.kind = alerts.kind AND p.about = alerts.about)
    RETURNING *
""")

QUIET = text("UPDATE alerts SET resolved_at = now() WHERE resolved_at IS NULL AND kind = :kind AND seen_at < :before")

UNTOLD = text("""
    UPDATE alerts SET told_at = now()
    WHERE resolved_at IS NULL AND told_at IS NULL AND NOT EXISTS (
        SELECT FROM silences s
        WHERE s.ends_at > now() AND s.kind IN ('', alerts.kind) AND s.about IN ('', alerts.about))
    RETURNING *
""")

OPEN = text("SELECT * FROM alerts WHERE resolved_at IS NULL ORDER BY opened_at, alert_id LIMIT 200")

PAST = text("SELECT * FROM alerts WHERE resolved_at IS NOT NULL ORDER BY opened_at DESC LIMIT :most")

SILENCES = text("SELECT * FROM silences WHERE ends_at > now() ORDER BY ends_at")

SILENCE = text("""
    INSERT INTO silences (kind, about, reason, by, ends_at) VALUES (:kind, :about, :reason, :by, :ends_at)
    RETURNING silence_id
""")

END_SILENCE = text("UPDATE silences SET ends_at = now() WHERE silence_id = :silence_id AND ends_at > now()")


def see(connection: Connection, found: Sequence[Trouble]) -> None:
    """Open alerts for what is wrong; one that is open already only gets its newest words."""
    latest = {(one.kind, one.about): one.summary for one in found}
    kinds, abouts = [kind for kind, _ in latest], [about for _, about in latest]
    connection.execute(SEE, {"kinds": kinds, "abouts": abouts, "summaries": list(latest.values())})


def settle(connection: Connection, found: Sequence[Trouble], *, watched: Collection[str]) -> list[Alert]:
    """Open alerts for what is wrong and resolve those of the watched kinds that are not; the resolved ones."""
    see(connection, found)
    parameters = {
        "kinds": list(watched),
        "seen_kinds": [one.kind for one in found],
        "abouts": [one.about for one in found],
    }
    return [Alert(**dict(row)) for row in connection.execute(RESOLVE, parameters).mappings()]


def forget_quiet(connection: Connection, kind: str, before: datetime) -> int:
    """Resolve alerts of a kind that nobody watches once they were not seen again since a time."""
    return connection.execute(QUIET, {"kind": kind, "before": before}).rowcount


def take_untold(connection: Connection) -> list[Alert]:
    """The open alerts that nobody was told of and that no silence covers; once committed, they count as told."""
    return sorted((Alert(**dict(row)) for row in connection.execute(UNTOLD).mappings()), key=lambda one: one.alert_id)


def open_ones(connection: Connection) -> list[Alert]:
    """What is wrong now, the oldest first."""
    return [Alert(**dict(row)) for row in connection.execute(OPEN).mappings()]


def past(connection: Connection, *, most: int) -> list[Alert]:
    """The latest alerts that are over."""
    return [Alert(**dict(row)) for row in connection.execute(PAST, {"most": most}).mappings()]


def silences(connection: Connection) -> list[Silence]:
    """The silences in force."""
    return [Silence(**dict(row)) for row in connection.execute(SILENCES).mappings()]


def silence(connection: Connection, *, kind: str, about: str, reason: str, by: str, ends_at: datetime) -> int:
    """Tell nobody of such alerts until a time; the id of the silence. What is still open then is told."""
    values = {"kind": kind, "about": about, "reason": reason, "by": by, "ends_at": ends_at}
    return int(connection.execute(SILENCE, values).scalar_one())


def end_silence(connection: Connection, silence_id: int) -> bool:
    """End a silence before its time; False when it has ended."""
    return bool(connection.execute(END_SILENCE, {"silence_id": silence_id}).rowcount)
