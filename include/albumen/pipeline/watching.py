"""What needs a person, and what that person does about it: every kind of alert, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from albumen.catalog import libraries, progress, slos, step_pauses
from albumen.catalog.alerts import Alert, Trouble
from albumen.pipeline import registry
from albumen.settings import SloSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alert: where its runbook entry is, and the exact next command (`{about}` is what it is about)."""

    runbook: str
    command: str


KINDS = {
    "step_stopped": Kind("docs/operations.md#a-step-is-stopped", "./albumen step list"),
    "lane_lags": Kind("docs/operations.md#nothing-moves", "./albumen doctor"),
    "worker_lost": Kind("docs/operations.md#a-worker-was-killed", "./albumen status"),
    "preview": Kind("docs/operations.md#previews-are-late", "./albumen status"),
    "quarantine": Kind("docs/operations.md#quarantine-grows", "./albumen quarantine list --library {about}"),
    "memories": Kind("docs/operations.md#todays-memory-is-missing", "./albumen memories list --library {about}"),
    "task_failed": Kind("docs/operations.md#a-task-failed", "./albumen doctor"),
}
WATCHED = tuple(kind for kind in KINDS if kind != "task_failed")
"""Kinds that `troubles` looks for itself: not found again, they are over."""

LOST = text("""
    SELECT pass_name, count(*) AS n FROM shards WHERE finished_at IS NULL AND leased_until < :before GROUP BY 1
""")


def troubles(connection: Connection, promised: SloSettings, now: datetime) -> list[Trouble]:
    """All that is wrong now; no question grows with a library."""
    found = [
        Trouble("step_stopped", name, f"{name} is {pause}")
        for name, pause in step_pauses.everyone(connection).items()
        if pause.breaker
    ]
    stale = now - timedelta(minutes=promised.lost_minutes)
    for row in connection.execute(LOST, {"before": stale}):
        words = f"{row.n} shards of the {row.pass_name} pass lost their worker and nobody took them over"
        found.append(Trouble("worker_lost", row.pass_name, words))
    steps = list(registry.steps())
    running = step_pauses.running(connection, steps)
    for library in libraries.everyone(connection):
        left = progress.left(connection, library.library_id, running)
        lag = (now - left.oldest).total_seconds() / 60 if left.oldest and not left.leased else 0.0
        if lag > promised.lag_minutes:
            found.append(Trouble("lane_lags", library.name, f"work of {library.name} has waited {lag:.0f} min: {left}"))
        for slo in slos.of_library(connection, library, steps, now, promised.model_dump()):
            if slo.kept is False:
                found.append(Trouble(slo.name, library.name, f"{library.name}: {slo.promise}; found: {slo.found}"))
    return found


def told(alerts: list[Alert]) -> str:
    """One message for all of them: what is wrong, since when, and the next command."""
    lines = []
    for alert in alerts:
        kind = KINDS[alert.kind]
        lines.append(f"{alert.summary} (since {alert.opened_at:%Y-%m-%d %H:%M} UTC)")
        lines.append(f"    next: {kind.command.format(about=alert.about)}")
        lines.append(f"    runbook: {kind.runbook}")
    return "\n".join(lines)
