"""Which cameras' clocks are off? What was found is offered; only what somebody applies moves a date, and it moves back.

A corrected date keeps what the file said in `facts.extra['clock']`, and its source begins with `clock:`. Its offset is
the phones', so that no zone is known of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import changes

APPLIED, DISMISSED = "applied", "dismissed"
AGREE_MINUTES = 10

TICKS = text("""
    SELECT concat_ws(' ', f.make, f.model) AS camera, f.taken_local,
        CASE WHEN f.zone_source IN ('gps', 'tag') THEN f.taken_offset_minutes END AS utc_minutes
    FROM facts f
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
    WHERE f.library_id = :library_id AND f.taken_local >= :first AND f.taken_local < :last
      AND f.taken_confidence IN ('high', 'medium') AND f.taken_source NOT LIKE 'clock:%'
    ORDER BY f.taken_local, f.item_id
""")

FORGET = text("""
    DELETE FROM camera_clocks WHERE library_id = :library_id AND decision IS NULL AND first <= :last AND last >= :first
""")

KNOWN = text("""
    SELECT EXISTS (SELECT FROM camera_clocks WHERE library_id = :library_id AND camera = :camera
        AND decision IS NOT NULL AND first <= :last AND last >= :first AND abs(ahead - :ahead) <= :agree)
""")

OFFER = text("""
    INSERT INTO camera_clocks (library_id, camera, first, last, ahead, utc_minutes, matches, days)
    VALUES (:library_id, :camera, :first, :last, :ahead, :utc_minutes, :matches, :days)
    RETURNING clock_id
""")

_CLOCK = "SELECT clock_id, camera, first, last, ahead, utc_minutes, matches, days, decision, by FROM camera_clocks"

LISTED = text(_CLOCK + " WHERE library_id = :library_id AND (:all OR decision IS NULL) ORDER BY first, camera")

ONE = text(_CLOCK + " WHERE library_id = :library_id AND clock_id = :clock_id")

DECIDE = text("""
    UPDATE camera_clocks SET decision = :decision, by = :by, decided_at = now()
    WHERE library_id = :library_id AND clock_id = :clock_id
""")

_MOVED = """
    UPDATE facts f SET taken_local = f.taken_local - make_interval(mins => c.ahead),
        taken_utc = (f.taken_local - make_interval(mins => c.ahead + c.utc_minutes)) AT TIME ZONE 'UTC',
        taken_offset_minutes = c.utc_minutes, taken_source = 'clock:' || f.taken_source, taken_confidence = 'medium',
        taken_zone = NULL, zone_source = 'clock',
        extra = f.extra || jsonb_build_object('clock', jsonb_build_object('id', c.clock_id, 'local', f.taken_local,
            'utc', f.taken_utc, 'offset', f.taken_offset_minutes, 'source', f.taken_source,
            'confidence', f.taken_confidence, 'zone', f.taken_zone, 'zone_source', f.zone_source))
    FROM camera_clocks c
    WHERE f.library_id = :library_id AND c.library_id = f.library_id AND c.decision = 'applied'
      AND c.camera = concat_ws(' ', f.make, f.model) AND f.taken_local BETWEEN c.first AND c.last
      AND f.taken_source NOT LIKE 'clock:%' AND f.zone_source IS DISTINCT FROM 'gps'
      AND f.taken_confidence IN ('high', 'medium') AND {which}
    RETURNING f.item_id
"""
APPLY, KEEP_RIGHT = (
    text(_MOVED.format(which="c.clock_id = :clock_id")),
    text(_MOVED.format(which="f.item_id = ANY(:items)")),
)

TAKE_BACK = text("""
    UPDATE facts f SET taken_local = CAST(f.extra -> 'clock' ->> 'local' AS timestamp),
        taken_utc = CAST(f.extra -> 'clock' ->> 'utc' AS timestamptz),
        taken_offset_minutes = CAST(f.extra -> 'clock' ->> 'offset' AS int),
        taken_source = f.extra -> 'clock' ->> 'source', taken_confidence = f.extra -> 'clock' ->> 'confidence',
        taken_zone = f.extra -> 'clock' ->> 'zone', zone_source = f.extra -> 'clock' ->> 'zone_source',
        extra = f.extra - 'clock'
    WHERE f.library_id = :library_id AND CAST(f.extra -> 'clock' ->> 'id' AS bigint) = :clock_id
      AND f.taken_local BETWEEN :first AND :last
    RETURNING f.item_id
""")

MARK_DAYS = text("""
    INSERT INTO dirty_days (library_id, day) SELECT :library_id, unnest(CAST(:days AS date[]))
    ON CONFLICT (library_id, day) DO UPDATE SET since = now()
""")

DAYS = text("""
    SELECT DISTINCT CAST(taken_local AS date) FROM facts
    WHERE library_id = :library_id AND item_id = ANY(:items) AND taken_local IS NOT NULL
""")

ITEMS_OF = text("""
    SELECT f.item_id FROM facts f JOIN camera_clocks c ON c.library_id = f.library_id AND c.clock_id = :clock_id
    WHERE f.library_id = :library_id AND c.camera = concat_ws(' ', f.make, f.model)
      AND f.taken_local BETWEEN c.first - interval '1 day' AND c.last + interval '1 day'
""")


EXAMPLES = text("""
    SELECT f.item_id, f.taken_local AS local FROM facts f
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
    WHERE f.library_id = :library_id AND f.taken_local BETWEEN :first AND :last
      AND concat_ws(' ', f.make, f.model) = :camera AND f.taken_source NOT LIKE 'clock:%'
    ORDER BY f.taken_local, f.item_id LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Tick:
    """One photo as clocks are judged by.

    Attributes
    ----------
    local : datetime
        What the camera's clock showed, naive.
    utc_minutes : int or None
        The offset from UTC where the file or its position tells one, minutes east.
    """

    camera: str
    local: datetime
    utc_minutes: int | None


@dataclass(frozen=True, slots=True)
class Drift:
    """A clock that is off.

    Attributes
    ----------
    ahead : int
        Minutes that it shows too much.
    utc_minutes : int
        The phones' offset from UTC then.
    first, last : datetime
        The photos that this was seen of, by the camera's clock.
    matches, days : int
        How many occasions, on how many days, fall together once it is set right.
    """

    camera: str
    ahead: int
    utc_minutes: int
    first: datetime
    last: datetime
    matches: int
    days: int


class ClockError(ValueError):
    """There is no such clock, or it is not in the state that this needs."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that was found to be off; minutes, and times by that clock. `decision`: applied, dismissed or None."""

    clock_id: int
    camera: str
    first: datetime
    last: datetime
    ahead: int
    utc_minutes: int
    matches: int
    days: int
    decision: str | None
    by: str | None

    @property
    def told(self) -> str:
        """How far it is off, in words."""
        hours, minutes = divmod(abs(self.ahead), 60)
        return f"{hours} h {minutes:02} min {'ahead' if self.ahead > 0 else 'behind'}"


@dataclass(frozen=True, slots=True)
class Example:
    """A photo by a clock, and the local time by it."""

    item_id: int
    local: datetime


def ticks(connection: Connection, library_id: int, first: datetime, last: datetime) -> list[Tick]:
    """The photos of this span, local wall times, as clocks are judged by; what was corrected is left out."""
    rows = connection.execute(TICKS, {"library_id": library_id, "first": first, "last": last})
    return [Tick(row.camera, row.taken_local, row.utc_minutes) for row in rows]


def offer(connection: Connection, library_id: int, found: Sequence[Drift], first: datetime, last: datetime) -> None:
    """Replace what was offered for a span; what somebody decided is not offered again."""
    scope: dict[str, Any] = {"library_id": library_id}
    connection.execute(FORGET, {**scope, "first": first, "last": last})
    for one in found:
        row = {**scope, "camera": one.camera, "first": one.first, "last": one.last, "ahead": one.ahead}
        if not connection.execute(KNOWN, {**row, "agree": AGREE_MINUTES}).scalar_one():
            told = {"utc_minutes": one.utc_minutes, "matches": one.matches, "days": one.days}
            connection.execute(OFFER, {**row, **told})


def listed(connection: Connection, library_id: int, *, everything: bool = False) -> list[Clock]:
    """Clocks that wait for an answer, or all that were found."""
    rows = connection.execute(LISTED, {"library_id": library_id, "all": everything}).mappings()
    return [Clock(**row) for row in rows]


def examples(connection: Connection, library_id: int, clock: Clock, *, most: int = 4) -> list[Example]:
    """The first photos that a clock's correction would move."""
    scope = {"library_id": library_id, "camera": clock.camera, "first": clock.first, "last": clock.last, "most": most}
    return [Example(**row) for row in connection.execute(EXAMPLES, scope).mappings()]


def apply(connection: Connection, library_id: int, clock_id: int, *, by: str) -> int:
    """Set the dates of a camera's photos right; how many were. `undo` takes it back.

    Raises
    ------
    ClockError
        If there is no such clock, or it was applied before.
    """
    if _one(connection, library_id, clock_id).decision == APPLIED:
        raise ClockError(f"clock {clock_id} is applied already; `albumen clocks undo {clock_id}` takes it back")
    _decide(connection, library_id, clock_id, APPLIED, by)
    return _move(connection, library_id, APPLY, {"clock_id": clock_id})


def dismiss(connection: Connection, library_id: int, clock_id: int, *, by: str) -> None:
    """The clock was right; it is not offered again.

    Raises
    ------
    ClockError
        If there is no such clock, or it is applied.
    """
    if _one(connection, library_id, clock_id).decision == APPLIED:
        raise ClockError(f"clock {clock_id} is applied; `albumen clocks undo {clock_id}` takes it back first")
    _decide(connection, library_id, clock_id, DISMISSED, by)


def undo(connection: Connection, library_id: int, clock_id: int, *, by: str) -> int:
    """Give the photos the dates that their files tell, or offer again what was dismissed; how many dates moved.

    Raises
    ------
    ClockError
        If there is no such clock, or nothing was decided.
    """
    clock = _one(connection, library_id, clock_id)
    if clock.decision is None:
        raise ClockError(f"clock {clock_id} waits for an answer: there is nothing to take back")
    _decide(connection, library_id, clock_id, None, by)
    shift = timedelta(minutes=clock.ahead)
    return _move(
        connection, library_id, TAKE_BACK,
        {"clock_id": clock_id, "first": clock.first - shift, "last": clock.last - shift},
    )  # fmt: skip


def keep_right(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Correct those of these items whose facts were read anew, by what was applied before."""
    _move(connection, library_id, KEEP_RIGHT, {"items": list(items)})


def _move(connection: Connection, library_id: int, statement: Any, which: dict[str, Any]) -> int:
    """Move dates; the days that the photos leave and those they come to are organised anew."""
    items = which.get("items") or _items_of(connection, library_id, which)
    if not items:
        return 0
    days = _days(connection, library_id, items)
    moved = list(connection.execute(statement, {"library_id": library_id, **which}).scalars())
    if moved:
        connection.execute(MARK_DAYS, {"library_id": library_id, "days": days})
        changes.mark(connection, library_id, moved)
    return len(moved)


def _items_of(connection: Connection, library_id: int, which: dict[str, Any]) -> list[int]:
    parameters = {"library_id": library_id, "clock_id": which["clock_id"]}
    return list(connection.execute(ITEMS_OF, parameters).scalars())


def _days(connection: Connection, library_id: int, items: Sequence[int]) -> list[Any]:
    return list(connection.execute(DAYS, {"library_id": library_id, "items": list(items)}).scalars())


def _one(connection: Connection, library_id: int, clock_id: int) -> Clock:
    row = connection.execute(ONE, {"library_id": library_id, "clock_id": clock_id}).mappings().one_or_none()
    if row is None:
        raise ClockError(f"there is no clock {clock_id}; `albumen clocks list` shows those there are")
    return Clock(**row)


def _decide(connection: Connection, library_id: int, clock_id: int, decision: str | None, by: str) -> None:
    parameters = {"library_id": library_id, "clock_id": clock_id, "decision": decision, "by": by}
    connection.execute(DECIDE, parameters)
