"""Numbers for metrics: what is counted since a time, and what is now. No question grows with a library.

What is counted grows with the hours and the shards since that time, as long as these are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from albumen.catalog import alerts, hours_of_work, libraries, progress, slos, step_pauses
from albumen.catalog.due import Lane

SUBJECTS = text("""
    SELECT library_id, step, state, reason, sum(n)::bigint AS n FROM tallies GROUP BY 1, 2, 3, 4 HAVING sum(n) > 0
""")

SHARDS = text("""
    SELECT pass_name, count(*) AS n, sum(EXTRACT(epoch FROM finished_at - started_at))::float8 AS seconds
    FROM shards WHERE finished_at >= :since GROUP BY 1
""")

LOADS = text("""
    SELECT step, sum(seconds::float8) AS seconds
    FROM shards CROSS JOIN LATERAL jsonb_each_text(summary -> 'load_s') AS one(step, seconds)
    WHERE finished_at >= :since GROUP BY 1
""")

OLDEST = text("""
    SELECT lanes.lane, min(waiting.due_since) AS since
    FROM unnest(CAST(:steps AS text[])) AS s(step) CROSS JOIN generate_series(0, 2) AS lanes(lane)
    CROSS JOIN LATERAL (
        SELECT due_since FROM due d WHERE d.step = s.step AND d.lane = lanes.lane AND d.library_id = :library_id
          AND d.shard_id IS NULL ORDER BY d.seq LIMIT 100
    ) AS waiting GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class Number:
    """One value of a metric, with its labels."""

    metric: str
    value: float
    labels: dict[str, str]


def read(
    connection: Connection, steps: Sequence[str], promised: dict[str, float], *, since: datetime, now: datetime
) -> list[Number]:
    """Everything; counters count from the hour of `since` on."""
    names = {one.library_id: one for one in libraries.everyone(connection)}
    found: list[Number] = []
    for work in hours_of_work.between(connection, list(names), since, now):
        labels = {"library": names[work.library_id].name, "step": work.step}
        found.append(Number("outcomes", work.n, {**labels, "state": work.state, "reason": work.reason}))
        found.append(Number("step.cpu", work.cpu_s, {**labels, "state": work.state, "reason": work.reason}))
        for direction, count in (("read", work.bytes_read), ("written", work.bytes_written)):
            part = {**labels, "state": work.state, "reason": work.reason, "direction": direction}
            found.append(Number("step.io", count, part))
    for row in connection.execute(SUBJECTS):
        if row.library_id in names and row.state != "retrying":
            labels = {"library": names[row.library_id].name, "step": row.step}
            found.append(Number("subjects", row.n, {**labels, "state": row.state, "reason": row.reason}))
    for row in connection.execute(SHARDS, {"since": since}):
        found.append(Number("shards", row.n, {"pass": row.pass_name}))
        found.append(Number("shard.time", row.seconds, {"pass": row.pass_name}))
    for row in connection.execute(LOADS, {"since": since}):
        found.append(Number("model.load", row.seconds, {"step": row.step}))
    stopped = step_pauses.everyone(connection)
    found += [Number("step.stopped", float(step in stopped), {"step": step}) for step in steps]
    running = [step for step in steps if step not in stopped]
    for library in names.values():
        for step, left in progress.left_by_step(connection, library.library_id, steps).items():
            for state in ("due", "leased", "retrying"):
                labels = {"library": library.name, "step": step, "state": state}
                found.append(Number("pending", getattr(left, state), labels))
        oldest = {
            row.lane: row.since
            for row in connection.execute(OLDEST, {"steps": running, "library_id": library.library_id})
        }
        for lane in Lane:
            lag = (now - oldest[lane]).total_seconds() if lane in oldest else 0.0
            found.append(Number("oldest_due", max(0.0, lag), {"library": library.name, "lane": lane.name.lower()}))
        for slo in slos.of_library(connection, library, list(steps), now, promised):
            if slo.kept is not None:
                found.append(Number("slo.kept", float(slo.kept), {"library": library.name, "slo": slo.name}))
    found.append(Number("alerts", len(alerts.open_ones(connection)), {}))
    return found
