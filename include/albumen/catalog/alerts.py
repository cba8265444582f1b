"""What is wrong now, and of what was nobody told yet? An alert is told once, however often it is seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong: of which kind, about what (a step, a library, a task), in words, and what to run next."""

    kind: str
    about: str
    summary: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble since it was first seen.

    Attributes
    ----------
    told_at, noticed_at : datetime or None
        When somebody was paged; when it went to who reads tomorrow, since somebody was paged already.
    """

    alert_id: int
    kind: str
    about: str
    summary: str
    command: str
    opened_at: datetime
    seen_at: datetime
    told_at: datetime | None
    noticed_at: datetime | None
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
    INSERT INTO alerts (kind, about, summary, command)
    SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:abouts AS text[]), CAST(:summaries AS text[]),
        CAST(:commands AS text[]))
    ON CONFLICT (kind, about) WHERE resolved_at IS NULL
    DO UPDATE SET summary = excluded.summary, command = excluded.command, seen_at = now()
""")

RESOLVE = text("""
    UPDATE alerts SET resolved_at = now()
    WHERE resolved_at IS NULL AND kind = ANY(:kinds) AND NOT EXISTS (
        SELECT FROM unnest(CAST(:seen_kinds AS text[]), CAST(:abouts AS text[])) AS p(kind, about)
        WHERE p.kind = alerts.kind AND p.about = alerts.about)
    RETURNING *
""")

QUIET = text("UPDATE alerts SET resolved_at = now() WHERE resolved_at IS NULL AND kind = :kind AND seen_at < :before")

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('albumen alerts'))")

_HEARD = """
    resolved_at IS NULL AND told_at IS NULL AND NOT EXISTS (
        SELECT FROM silences s
        WHERE s.ends_at > now() AND s.kind IN ('', alerts.kind) AND s.about IN ('', alerts.about))
"""

UNTOLD = text(f"""
    UPDATE alerts SET told_at = now()
    WHERE {_HEARD} AND NOT EXISTS (
        SELECT FROM alerts t
        WHERE t.told_at > now() - make_interval(secs => :quiet_s)
          AND (t.resolved_at IS NULL OR (t.kind, t.about) = (alerts.kind, alerts.about)))
    RETURNING *
""")  # noqa: S608
"""While somebody is at it, or has just been told of the same, nobody is paged again."""

UNNOTICED = text(f"UPDATE alerts SET noticed_at = now() WHERE {_HEARD} AND noticed_at IS NULL RETURNING *")  # noqa: S608

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
    latest = list({(one.kind, one.about): one for one in found}.values())
    parameters = {
        "kinds": [one.kind for one in latest],
        "abouts": [one.about for one in latest],
        "summaries": [one.summary for one in latest],
        "commands": [one.command for one in latest],
    }
    connection.execute(SEE, parameters)


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


def take_untold(connection: Connection, *, quiet: timedelta) -> list[Alert]:
    """The open alerts to page somebody for; once committed, they count as told.

    Not those that a silence covers; nor, for so long after a page, any while what was told then is still wrong, or one
    that has only come back. Who takes them waits for who took them before to commit.
    """
    connection.execute(ONE_AT_A_TIME)
    return _by_age(connection.execute(UNTOLD, {"quiet_s": quiet.total_seconds()}).mappings())


def take_unnoticed(connection: Connection) -> list[Alert]:
    """Those that nobody is paged for now, since somebody was; once committed, they count as noticed."""
    return _by_age(connection.execute(UNNOTICED).mappings())


def _by_age(rows: Iterable[Mapping[Any, Any]]) -> list[Alert]:
    return sorted((Alert(**dict(row)) for row in rows), key=lambda one: one.alert_id)


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
