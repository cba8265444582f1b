"""What needs a person, and what that person does about it: every kind of alert, as data."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from albumen.catalog import item_story, libraries, progress, quarantine, slos, step_pauses
from albumen.catalog.alerts import Alert, Trouble
from albumen.catalog.libraries import Library
from albumen.catalog.step_pauses import StepPause
from albumen.pipeline import registry
from albumen.settings import SloSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alert: its runbook entry, what to run next where nothing better is known, and once it is mended."""

    runbook: str
    command: str
    then: str = ""

    def mended(self, about: str) -> str:
        """What to run once it is mended; empty: nothing."""
        return self.then.format(about=shlex.quote(about))


KINDS = {
    "step_stopped": Kind(
        "docs/operations.md#a-step-is-stopped", "./albumen step list", then="./albumen step resume {about}"
    ),
    "lane_lags": Kind("docs/operations.md#nothing-moves", "./albumen doctor"),
    "worker_lost": Kind("docs/operations.md#a-worker-was-killed", "./albumen doctor"),
    "preview": Kind("docs/operations.md#previews-are-late", "./albumen status"),
    "quarantine": Kind("docs/operations.md#quarantine-grows", "./albumen quarantine list --library {about}"),
    "memories": Kind("docs/operations.md#todays-memory-is-missing", "./albumen memories list --library {about}"),
    "task_failed": Kind("docs/operations.md#a-task-failed", "./albumen doctor"),
}
WATCHED = tuple(kind for kind in KINDS if kind != "task_failed")
"""Kinds that `troubles` looks for itself: not found again, they are over."""

AFTER_A_FAILURE = {
    "enrich_items/process": "./albumen models verify",
    "erase_content/": "./albumen erase status",
    "generate_memories/announce": "./albumen memories announce",
    "maintain_library/maintain": "./albumen maintain --dry-run",
}
"""By how `dag/task` begins: tasks whose failures have a better next look than `doctor`."""

DAGS = {"original": "transcode_originals", "preview": "enrich_items", "video": "transcode_videos"}
"""Which DAG works on a pass."""

LOST = text("""
    SELECT pass_name, count(*) AS n FROM shards WHERE finished_at IS NULL AND leased_until < :before GROUP BY 1
""")


def troubles(connection: Connection, promised: SloSettings, now: datetime) -> list[Trouble]:
    """All that is wrong now; no question grows with a library."""
    everyone = libraries.everyone(connection)
    found = [
        Trouble("step_stopped", name, f"{name} is {pause}", _look_at_a_fault(connection, everyone, pause))
        for name, pause in step_pauses.everyone(connection).items()
        if pause.breaker
    ]
    stale = now - timedelta(minutes=promised.lost_minutes)
    for row in connection.execute(LOST, {"before": stale}):
        words = f"{row.n} shards of {DAGS[row.pass_name]} lost their worker and nobody took them over"
        found.append(Trouble("worker_lost", row.pass_name, words, KINDS["worker_lost"].command))
    steps = list(registry.steps())
    running = step_pauses.running(connection, steps)
    for library in everyone:
        found += _lag(connection, library, running, promised, now)
        for slo in slos.of_library(connection, library, steps, now, promised.model_dump()):
            if slo.kept is False:
                words = f"{library.name}: {slo.promise}; found: {slo.found}"
                found.append(Trouble(slo.name, library.name, words, _look_at_a_promise(connection, library, slo.name)))
    return found


def failure(task: str, words: str) -> Trouble:
    """A task (`dag/task`) that failed after its last retry."""
    better = [command for begins, command in AFTER_A_FAILURE.items() if task.startswith(begins)]
    return Trouble("task_failed", task, words, (better or [KINDS["task_failed"].command])[0])


def told(alerts: Sequence[Alert]) -> str:
    """One message for all of them: what is wrong, since when, and the next command."""
    lines = []
    for alert in alerts:
        kind = KINDS[alert.kind]
        lines.append(f"{alert.summary} (since {alert.opened_at:%Y-%m-%d %H:%M} UTC)")
        lines.append(f"    next: {alert.command}")
        if kind.then:
            lines.append(f"    when it is mended: {kind.mended(alert.about)}")
        lines.append(f"    runbook: {kind.runbook}")
    return "\n".join(lines)


def _lag(
    connection: Connection, library: Library, steps: Sequence[str], promised: SloSettings, now: datetime
) -> list[Trouble]:
    """Work that waits for too long while nobody works, by the step that waits longest."""
    by_step = progress.left_by_step(connection, library.library_id, steps)
    left = sum(by_step.values(), progress.NOTHING)
    if not left.oldest or left.leased or (now - left.oldest) <= timedelta(minutes=promised.lag_minutes):
        return []
    oldest = next(name for name, one in by_step.items() if one.oldest == left.oldest)
    dag = DAGS[registry.steps()[oldest].reads]
    words = (
        f"{oldest} of {library.name} has waited {(now - left.oldest).total_seconds() / 60:.0f} min "
        f"and {dag} does not work on it: {left}"
    )
    return [Trouble("lane_lags", library.name, words, KINDS["lane_lags"].command)]


def _look_at_a_fault(connection: Connection, everyone: Sequence[Library], pause: StepPause) -> str:
    """The story of the first file that a step failed on before its breaker stopped it."""
    for fault in (pause.sample or {}).get("faults", []):
        for library in everyone:
            key = item_story.key_of(connection, library.library_id, fault["subject_id"])
            if key is not None:
                return _command("why", key.removeprefix(library.prefix), "--library", library.name)
    return KINDS["step_stopped"].command


def _look_at_a_promise(connection: Connection, library: Library, name: str) -> str:
    """The list of what is wrong; of a quarantine its largest part."""
    counts = quarantine.counts(connection, library.library_id) if name == "quarantine" else {}
    if counts:
        step, reason = max(counts, key=lambda part: counts[part])
        options = ["--library", library.name, "--step", step, "--reason", reason]
        return _command("quarantine", "list", *options)
    return KINDS[name].command.format(about=shlex.quote(library.name))


def _command(*words: str) -> str:
    return shlex.join(["./albumen", *words])
