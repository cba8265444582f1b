"""How did it end? Current outcomes, their history, and the tallies that make counting cheap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from albumen.catalog import hours_of_work

if TYPE_CHECKING:
    from albumen.catalog.results import StepOutcome

TALLY_SLICES = 16

_COLUMNS = (
    "library_id, subject_id, step, state, reason, detail, attempts, version, inputs_key, "
    "cpu_s, wall_s, bytes_read, bytes_written, task"
)
_ARRAYS = {
    "subjects": "bigint", "steps": "text", "states": "text", "reasons": "text", "details": "text", "attempts": "int",
    "versions": "int", "inputs": "text", "cpu": "real", "wall": "real", "read": "bigint", "written": "bigint",
}  # fmt: skip
_UNNEST = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _ARRAYS.items())
_SOURCE = f"SELECT :library_id, p.*, :task FROM unnest({_UNNEST}) AS p"  # noqa: S608

UPSERT = text(f"""
    INSERT INTO outcomes ({_COLUMNS}) {_SOURCE} ORDER BY 2, 3
    ON CONFLICT (library_id, subject_id, step) DO UPDATE SET
        state = excluded.state, reason = excluded.reason, detail = excluded.detail, attempts = excluded.attempts,
        version = excluded.version, inputs_key = excluded.inputs_key, cpu_s = excluded.cpu_s, wall_s = excluded.wall_s,
        bytes_read = excluded.bytes_read, bytes_written = excluded.bytes_written, task = excluded.task, at = now()
    RETURNING new.step, new.state, COALESCE(new.reason, '') AS reason,
        old.state AS old_state, COALESCE(old.reason, '') AS old_reason
""")

REMEMBER = text(f"INSERT INTO outcome_history ({_COLUMNS}) {_SOURCE}")

TALLY = text("""
    INSERT INTO tallies (library_id, step, state, reason, slice, n)
    SELECT :library_id, p.step, p.state, p.reason, :slice, p.n
    FROM unnest(CAST(:steps AS text[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:ns AS bigint[]))
        AS p(step, state, reason, n)
    ORDER BY 2, 3, 4
    ON CONFLICT (library_id, step, state, reason, slice) DO UPDATE SET n = tallies.n + excluded.n
""")

FORGET = text("""
    DELETE FROM outcomes
    WHERE library_id = :library_id AND subject_id = ANY(:subjects)
      AND (CAST(:states AS text[]) IS NULL OR state = ANY(:states))
    RETURNING step, state, COALESCE(reason, '') AS reason
""")

FORGET_RETRIES = text("""
    DELETE FROM outcomes USING unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
    WHERE outcomes.library_id = :library_id AND outcomes.subject_id = p.subject_id AND outcomes.step = p.step
      AND outcomes.state = 'retrying'
    RETURNING outcomes.step, outcomes.state, COALESCE(outcomes.reason, '') AS reason
""")


def write(
    connection: Connection,
    library_id: int,
    ended: Sequence[tuple[int, StepOutcome]],
    *,
    task: str,
    slice_no: int = 0,
) -> int:
    """Upsert the current outcomes, append them to the history and keep the tallies."""
    latest = {(subject, outcome.step): outcome for subject, outcome in ended}
    if not latest:
        return 0
    parameters = {
        "library_id": library_id,
        "task": task,
        "subjects": [subject for subject, _ in latest],
        "steps": [step for _, step in latest],
        "states": [outcome.state for outcome in latest.values()],
        "reasons": [outcome.reason for outcome in latest.values()],
        "details": [outcome.detail for outcome in latest.values()],
        "attempts": [outcome.attempts for outcome in latest.values()],
        "versions": [outcome.version for outcome in latest.values()],
        "inputs": [outcome.inputs_key for outcome in latest.values()],
        "cpu": [outcome.cpu_s for outcome in latest.values()],
        "wall": [outcome.wall_s for outcome in latest.values()],
        "read": [outcome.bytes_read for outcome in latest.values()],
        "written": [outcome.bytes_written for outcome in latest.values()],
    }
    changes: Counter[tuple[str, str, str]] = Counter()
    for row in connection.execute(UPSERT, parameters):
        changes[row.step, row.state, row.reason] += 1
        if row.old_state is not None:
            changes[row.step, row.old_state, row.old_reason] -= 1
    connection.execute(REMEMBER, parameters)
    hours_of_work.add(connection, library_id, latest.values(), slice_no=slice_no)
    tally(connection, library_id, changes, slice_no=slice_no)
    return len(latest)


def forget(
    connection: Connection,
    library_id: int,
    subjects: Sequence[int],
    *,
    states: Sequence[str] | None = None,
    slice_no: int = 0,
) -> int:
    """Drop the current outcomes, or those in some states, of subjects no longer worked on; their history stays."""
    changes: Counter[tuple[str, str, str]] = Counter()
    if subjects:
        scope = {"library_id": library_id, "subjects": list(subjects), "states": list(states) if states else None}
        for row in connection.execute(FORGET, scope):
            changes[row.step, row.state, row.reason] -= 1
        tally(connection, library_id, changes, slice_no=slice_no)
    return -changes.total()


def forget_retries(
    connection: Connection, library_id: int, pairs: Sequence[tuple[int, str]], *, slice_no: int = 0
) -> None:
    """Drop the outcomes of (subject, step) that were to be tried again and turned out not to apply."""
    changes: Counter[tuple[str, str, str]] = Counter()
    if pairs:
        scope = {"library_id": library_id, "subjects": [s for s, _ in pairs], "steps": [step for _, step in pairs]}
        for row in connection.execute(FORGET_RETRIES, scope):
            changes[row.step, row.state, row.reason] -= 1
        tally(connection, library_id, changes, slice_no=slice_no)


def tally(connection: Connection, library_id: int, changes: Counter[tuple[str, str, str]], *, slice_no: int) -> None:
    """Add changes of (step, state, reason) counts."""
    moved = {group: n for group, n in sorted(changes.items()) if n}
    if moved:
        parameters = {
            "library_id": library_id,
            "slice": slice_no,
            "steps": [group[0] for group in moved],
            "states": [group[1] for group in moved],
            "reasons": [group[2] for group in moved],
            "ns": list(moved.values()),
        }
        connection.execute(TALLY, parameters)
