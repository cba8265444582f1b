"""How is a library, in one look? Every part is kept or bounded: none grows with the library."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import hours_of_work, progress, step_pauses
from albumen.catalog.hours_of_work import Work
from albumen.catalog.libraries import Library
from albumen.catalog.progress import NOTHING, Left
from albumen.catalog.status import TALLIES
from albumen.catalog.step_pauses import StepPause

MOST_COUNTED = 5000
"""Pending work is counted so far, per step and lane."""
RATE_WINDOW = timedelta(minutes=5)

RECENT = text("""
    SELECT step, count(*) AS n FROM outcome_history WHERE library_id = :library_id AND at > :since GROUP BY 1
""")

LAST_LISTING = text("""
    SELECT keys, finished_at FROM listings WHERE library_id = :library_id AND finished_at IS NOT NULL
    ORDER BY listing_id DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class StepOverview:
    """One step in one library.

    Attributes
    ----------
    done, skipped, quarantined : int
        Subjects on which it has ended.
    left : Left
        What has not ended, counted up to `MOST_COUNTED` a lane.
    rate : float
        Outcomes a second over the last five minutes.
    today, last_week : int
        Outcomes since midnight UTC, and in the same whole hours a week ago.
    """

    name: str
    done: int
    skipped: int
    quarantined: int
    left: Left
    rate: float
    today: int
    last_week: int
    stopped: StepPause | None

    @property
    def is_more(self) -> bool:
        """Whether more is due than was counted."""
        return max(self.left.due, self.left.retrying) >= MOST_COUNTED

    @property
    def pending(self) -> int:
        """What has not ended, as far as it was counted."""
        return self.left.due + self.left.leased + self.left.retrying

    @property
    def eta_s(self) -> float | None:
        """Seconds until nothing is left at the present rate, at least; None when nothing is left or nothing moves."""
        return self.pending / self.rate if self.pending and self.rate > 0 else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        return {
            "done": self.done,
            "skipped": self.skipped,
            "quarantined": self.quarantined,
            "due": self.left.due,
            "leased": self.left.leased,
            "retrying": self.left.retrying,
            "is_more": self.is_more,
            "oldest_due": self.left.oldest.isoformat() if self.left.oldest else None,
            "rate_per_s": round(self.rate, 3),
            "eta_s": None if self.eta_s is None else round(self.eta_s, 1),
            "today": self.today,
            "last_week": self.last_week,
            "stopped": self.stopped.reason if self.stopped else None,
        }


@dataclass(frozen=True, slots=True)
class LibraryOverview:
    """One library: its steps, and how much its source held at the last full listing."""

    library: Library
    steps: list[StepOverview]
    work_today: list[Work] = field(default_factory=list)
    listed: int | None = None
    listed_at: datetime | None = None

    @property
    def oldest_due(self) -> datetime | None:
        """Since when the oldest work has been due that somebody may do."""
        return min((step.left.oldest for step in self.steps if step.left.oldest and not step.stopped), default=None)

    @property
    def quarantined(self) -> int:
        """(Subject, step) pairs in quarantine."""
        return sum(step.quarantined for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        return {
            "library": self.library.name,
            "listed": self.listed,
            "listed_at": self.listed_at.isoformat() if self.listed_at else None,
            "oldest_due": self.oldest_due.isoformat() if self.oldest_due else None,
            "quarantined": self.quarantined,
            "steps": {step.name: step.as_dict() for step in self.steps},
        }


def of_library(connection: Connection, library: Library, steps: Collection[str], now: datetime) -> LibraryOverview:
    """One library, with every one of `steps` of which there is anything to tell."""
    scope = {"library_id": library.library_id}
    ended: dict[str, dict[str, int]] = {}
    for row in connection.execute(TALLIES, scope):
        ended.setdefault(row.step, {})[row.state] = row.n
    left = progress.left_by_step(connection, library.library_id, list(steps), most=MOST_COUNTED)
    recent = {row.step: row.n for row in connection.execute(RECENT, {**scope, "since": now - RATE_WINDOW})}
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week = timedelta(days=7)
    today = hours_of_work.between(connection, [library.library_id], midnight, now)
    before = hours_of_work.between(connection, [library.library_id], midnight - week, now - week)
    stopped = step_pauses.everyone(connection)
    listing = connection.execute(LAST_LISTING, scope).one_or_none()
    shown = [name for name in steps if name in ended or name in left or name in stopped]
    return LibraryOverview(
        library=library,
        steps=[
            StepOverview(
                name=name,
                **{state: ended.get(name, {}).get(state, 0) for state in ("done", "skipped", "quarantined")},
                left=left.get(name, NOTHING),
                rate=recent.get(name, 0) / RATE_WINDOW.total_seconds(),
                today=_outcomes(today, name),
                last_week=_outcomes(before, name),
                stopped=stopped.get(name),
            )
            for name in shown
        ],
        work_today=today,
        listed=listing.keys if listing else None,
        listed_at=listing.finished_at if listing else None,
    )


def _outcomes(work: list[Work], step: str) -> int:
    return sum(one.n for one in work if one.step == step)
