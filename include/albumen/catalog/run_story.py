"""What did one DAG run, or one of its tasks, do? Its shards, and what ended badly in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

MOST_SHARDS = 300
MOST_TROUBLES = 100

SHARDS = text("""
    SELECT s.shard_id, s.claim, l.name AS library, s.pass_name, s.lane, s.size, s.generation, s.started_at,
        s.finished_at, s.leased_until, s.summary
    FROM shards s LEFT JOIN libraries l USING (library_id)
    WHERE s.claim = :claim OR s.claim LIKE :below ORDER BY s.claim LIMIT :most
""")

TROUBLES = text("""
    SELECT h.at, l.name AS library, h.subject_id, h.step, h.state, h.reason, h.detail, h.task,
        COALESCE(o.key, '') AS key
    FROM outcome_history h JOIN libraries l USING (library_id)
    LEFT JOIN LATERAL (
        (SELECT key, original_id FROM originals WHERE library_id = h.library_id AND item_id = h.subject_id)
        UNION ALL
        (SELECT key, original_id FROM originals
         WHERE original_id = h.subject_id AND library_id = h.library_id)
        ORDER BY original_id LIMIT 1
    ) AS o ON true
    WHERE h.at >= :since AND h.at <= :until AND h.task LIKE :task AND h.state IN ('quarantined', 'retrying')
    ORDER BY h.at LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class ShardStory:
    """One shard, and what its worker summed up of it (None while it works, or if it was killed)."""

    shard_id: int
    claim: str
    library: str | None
    pass_name: str
    lane: int
    size: int
    generation: int
    started_at: datetime
    finished_at: datetime | None
    leased_until: datetime
    summary: dict[str, Any] | None

    @property
    def slot(self) -> str:
        """Which task of the run: its id and map index."""
        return "/".join(self.claim.rsplit("/", 2)[1:])

    @property
    def seconds(self) -> float | None:
        """How long it was worked on."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def outcomes(self) -> list[tuple[str, str, str, int]]:
        """(Step, state, reason, how many)."""
        return [tuple(one) for one in (self.summary or {}).get("outcomes", [])]


@dataclass(frozen=True, slots=True)
class RunStory:
    """All shards of a run or task, and what ended badly in them."""

    shards: list[ShardStory]
    troubles: list[Any]

    def totals(self) -> list[tuple[str, str, str, int]]:
        """Outcomes of all shards together."""
        found: Counter[tuple[str, str, str]] = Counter()
        for shard in self.shards:
            for step, state, reason, n in shard.outcomes():
                found[step, state, reason] += n
        return [(*group, n) for group, n in sorted(found.items())]

    def summed(self, name: str) -> float:
        """The sum of one figure of the summaries: `bytes_read`, `bytes_written`, `adopted`, or `cpu_s` of all steps."""
        values = [(shard.summary or {}).get(name, 0) for shard in self.shards]
        return float(sum(sum(value.values()) if isinstance(value, dict) else value for value in values))


def of_claim(connection: Connection, claim: str, now: datetime) -> RunStory:
    """What was done under a claim: `dag/run` or `dag/run/task/map index`."""
    below = _escaped(claim)
    rows = connection.execute(SHARDS, {"claim": claim, "below": f"{below}/%", "most": MOST_SHARDS}).mappings()
    shards = [ShardStory(**dict(row)) for row in rows]
    if not shards:
        return RunStory([], [])
    window = {
        "since": min(shard.started_at for shard in shards),
        "until": max(shard.finished_at or now for shard in shards),
    }
    asked = {**window, "task": f"{below}/%", "most": MOST_TROUBLES}
    return RunStory(shards, list(connection.execute(TROUBLES, asked).all()))


def _escaped(claim: str) -> str:
    return claim.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
