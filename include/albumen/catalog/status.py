"""How far is it? Counts per library and step from the tallies and the due work: what has ended costs the same at any
size, what is originals or pending is counted and grows with its number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from albumen.catalog import integrity, step_pauses
from albumen.catalog.integrity import Walk
from albumen.catalog.step_pauses import StepPause

TALLIES = text("""
    SELECT step, state, sum(n)::bigint AS n FROM tallies WHERE library_id = :library_id GROUP BY 1, 2 HAVING sum(n) > 0
""")

PENDING = text("""
    SELECT step, shard_id IS NOT NULL AS leased, lane, count(*) AS n, min(due_since) AS since
    FROM due WHERE library_id = :library_id GROUP BY 1, 2, 3
""")

ORIGINALS = text("SELECT count(*) FROM originals WHERE library_id = :library_id AND vanished_at IS NULL")

ENDED_SINCE = text("""
    SELECT count(*) FROM outcome_history WHERE library_id = :library_id AND at > now() - make_interval(secs => :seconds)
""")

UNFINISHED = text("SELECT EXISTS (SELECT FROM due WHERE library_id = :library_id)")

UNLISTED = text("""
    SELECT NOT EXISTS (SELECT FROM listings WHERE library_id = :library_id AND finished_at IS NOT NULL)
""")


@dataclass(slots=True)
class StepStatus:
    """Counts of one step in one library."""

    counts: dict[str, int] = field(default_factory=dict)
    oldest_due: datetime | None = None
    stopped: StepPause | None = None

    @property
    def pending(self) -> int:
        """Subjects on which it has not ended."""
        return sum(self.counts.get(state, 0) for state in ("due", "leased", "retrying"))


@dataclass(slots=True)
class LibraryStatus:
    """Counts of one library; `originals` is counted, the rest is kept.

    Attributes
    ----------
    rate : float
        Step outcomes a second over the last minute.
    pending : int
        (subject, step) pairs due, leased or retrying.
    checks : dict
        The last walk of every check of what is stored, by its name.
    """

    name: str
    originals: int
    steps: dict[str, StepStatus]
    rate: float
    listed: bool
    checks: dict[str, Walk] = field(default_factory=dict)

    @property
    def pending(self) -> int:
        """(Subject, step) pairs that have not ended."""
        return sum(step.pending for step in self.steps.values())

    @property
    def held_by(self) -> list[str]:
        """The stopped steps, where nothing but them is pending."""
        waiting = {name: step.stopped for name, step in self.steps.items() if step.pending}
        return sorted(waiting) if all(waiting.values()) else []

    @property
    def quarantined(self) -> int:
        """(Subject, step) pairs in quarantine."""
        return sum(step.counts.get("quarantined", 0) for step in self.steps.values())

    @property
    def eta_s(self) -> float | None:
        """Seconds until nothing is pending at the present rate; None when nothing moves."""
        return self.pending / self.rate if self.rate > 0 else None


RATE_WINDOW_S = 60


def of_library(connection: Connection, library_id: int, name: str) -> LibraryStatus:
    """The status of one library."""
    scope = {"library_id": library_id}
    steps: dict[str, StepStatus] = {}
    for row in connection.execute(TALLIES, scope):
        if row.state != "retrying":
            steps.setdefault(row.step, StepStatus()).counts[row.state] = row.n
    for row in connection.execute(PENDING, scope):
        step = steps.setdefault(row.step, StepStatus())
        state = "leased" if row.leased else "retrying" if row.lane == 1 else "due"
        step.counts[state] = step.counts.get(state, 0) + row.n
        step.oldest_due = min(filter(None, (step.oldest_due, row.since)), default=None)
    for step_name, pause in step_pauses.everyone(connection).items():
        steps.setdefault(step_name, StepStatus()).stopped = pause
    ended = connection.execute(ENDED_SINCE, {**scope, "seconds": RATE_WINDOW_S}).scalar_one()
    return LibraryStatus(
        name=name,
        originals=connection.execute(ORIGINALS, scope).scalar_one(),
        steps=steps,
        rate=ended / RATE_WINDOW_S,
        listed=not connection.execute(UNLISTED, scope).scalar_one(),
        checks=integrity.last(connection, library_id),
    )


def is_settled(connection: Connection, library_id: int) -> bool:
    """Whether nothing of the library is due, leased or retrying."""
    return not connection.execute(UNFINISHED, {"library_id": library_id}).scalar_one()
