"""How far is it? Counts per library and step from the tallies and the due work, at the same cost at any size: what has
ended is kept, and what is originals or pending is counted up to a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from albumen.catalog import integrity, listings, progress, step_pauses
from albumen.catalog.integrity import Walk
from albumen.catalog.step_pauses import StepPause

TALLIES = text("""
    SELECT step, state, sum(n)::bigint AS n FROM tallies WHERE library_id = :library_id GROUP BY 1, 2 HAVING sum(n) > 0
""")

ORIGINALS = text("""
    SELECT count(*) FROM (
        SELECT FROM originals WHERE library_id = :library_id AND vanished_at IS NULL LIMIT :most
    ) AS counted
""")

ENDED_SINCE = text("""
    SELECT count(*) FROM outcome_history WHERE library_id = :library_id AND at > now() - make_interval(secs => :seconds)
""")

MOST_COUNTED = 10_000
"""Pending work is counted so far, per step and lane."""

MOST_ORIGINALS = 100_000
"""Originals are counted so far; of more, the last listing's number is told."""


@dataclass(slots=True)
class StepStatus:
    """Counts of one step in one library, of what has not ended up to `MOST_COUNTED` a lane."""

    counts: dict[str, int] = field(default_factory=dict)
    oldest_due: datetime | None = None
    stopped: StepPause | None = None

    @property
    def pending(self) -> int:
        """Subjects on which it has not ended, as far as they were counted."""
        return sum(self.counts.get(state, 0) for state in ("due", "leased", "retrying"))

    def is_more(self, state: str) -> bool:
        """Whether there are more in a state than were counted."""
        return state in ("due", "retrying") and self.counts.get(state, 0) >= MOST_COUNTED


@dataclass(slots=True)
class LibraryStatus:
    """Counts of one library.

    Attributes
    ----------
    originals : int
        Those that did not vanish; from `MOST_ORIGINALS` on, those that the last listing saw.
    counted : bool
        Whether `originals` was counted.
    rate : float
        Step outcomes a second over the last minute.
    checks : dict
        The last walk of every check of what is stored, by its name.
    """

    name: str
    originals: int
    counted: bool
    steps: dict[str, StepStatus]
    rate: float
    listed: bool
    checks: dict[str, Walk] = field(default_factory=dict)

    @property
    def pending(self) -> int:
        """(Subject, step) pairs that have not ended, as far as they were counted."""
        return sum(step.pending for step in self.steps.values())

    @property
    def is_more(self) -> bool:
        """Whether more is pending than was counted."""
        return any(step.is_more(state) for step in self.steps.values() for state in step.counts)

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
        """Seconds until nothing is pending at the present rate; None where nothing moves, or not all was counted."""
        return self.pending / self.rate if self.rate > 0 and not self.is_more else None


RATE_WINDOW_S = 60


def of_library(connection: Connection, library_id: int, name: str) -> LibraryStatus:
    """The status of one library."""
    scope = {"library_id": library_id}
    originals = connection.execute(ORIGINALS, {**scope, "most": MOST_ORIGINALS}).scalar_one()
    steps: dict[str, StepStatus] = {}
    for row in connection.execute(TALLIES, scope):
        if row.state != "retrying":
            steps.setdefault(row.step, StepStatus()).counts[row.state] = row.n
    for step_name, left in progress.left_by_step(connection, library_id, None, most=MOST_COUNTED).items():
        step = steps.setdefault(step_name, StepStatus())
        counts = {"due": left.due, "leased": left.leased, "retrying": left.retrying}
        step.counts.update({state: n for state, n in counts.items() if n})
        step.oldest_due = left.oldest
    for step_name, pause in step_pauses.everyone(connection).items():
        steps.setdefault(step_name, StepStatus()).stopped = pause
    ended = connection.execute(ENDED_SINCE, {**scope, "seconds": RATE_WINDOW_S}).scalar_one()
    listed = listings.expected_keys(connection, library_id)
    counted = originals < MOST_ORIGINALS
    return LibraryStatus(
        name=name,
        originals=originals if counted else max(originals, listed or 0),
        counted=counted,
        steps=steps,
        rate=ended / RATE_WINDOW_S,
        listed=listed is not None,
        checks=integrity.last(connection, library_id),
    )


def is_settled(connection: Connection, library_id: int) -> bool:
    """Whether nothing of the library is due, leased or retrying."""
    return not progress.left_by_step(connection, library_id, None, most=1)
