"""What could not be done, and letting it be tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, text

from albumen.catalog import due, outcomes, pairs
from albumen.catalog.due import Lane


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One step on one subject that ended in quarantine; `key` is one of its originals'."""

    subject_id: int
    subject_kind: str
    key: str
    step: str
    reason: str
    detail: str
    attempts: int
    at: datetime


LIST = text("""
    SELECT s.subject_id, CASE WHEN i.item_id IS NULL THEN 'o' ELSE 'i' END AS subject_kind,
        COALESCE(o.key, '(no original left)') AS key, s.step, s.reason,
        COALESCE(s.detail, '') AS detail, s.attempts, s.at
    FROM outcomes s
    LEFT JOIN items i ON i.library_id = s.library_id AND i.item_id = s.subject_id
    LEFT JOIN LATERAL (
        (SELECT key, original_id FROM originals
         WHERE library_id = s.library_id AND item_id = s.subject_id AND vanished_at IS NULL)
        UNION ALL
        (SELECT key, original_id FROM originals WHERE original_id = s.subject_id AND library_id = s.library_id)
        ORDER BY original_id LIMIT 1
    ) AS o ON true
    WHERE s.library_id = :library_id AND s.state = 'quarantined' AND (:step = '' OR s.step = :step)
      AND (:reason = '' OR s.reason = :reason) AND (:prefix = '' OR starts_with(o.key, :prefix))
    ORDER BY key, s.step LIMIT :most
""")

OF_ITEMS = text("""
    SELECT subject_id, 'i' AS subject_kind, '' AS key, step, reason, COALESCE(detail, '') AS detail, attempts, at
    FROM outcomes WHERE library_id = :library_id AND subject_id = ANY(:items) AND state = 'quarantined'
""")

COUNT = text("""
    SELECT step, reason, sum(n)::bigint AS n FROM tallies
    WHERE library_id = :library_id AND state = 'quarantined' GROUP BY 1, 2 HAVING sum(n) > 0 ORDER BY 1, 2
""")

LET_GO = text("""
    DELETE FROM outcomes USING unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
    WHERE outcomes.library_id = :library_id AND outcomes.subject_id = p.subject_id AND outcomes.step = p.step
      AND outcomes.state = 'quarantined'
    RETURNING outcomes.step, outcomes.reason
""")

DISMISS = text("""
    UPDATE outcomes SET state = 'skipped', at = now(),
        detail = concat('dismissed by ', CAST(:by AS text), CAST(:why AS text), '; was: ', outcomes.detail)
    FROM unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
    WHERE outcomes.library_id = :library_id AND outcomes.subject_id = p.subject_id AND outcomes.step = p.step
      AND outcomes.state = 'quarantined'
    RETURNING outcomes.*
""")

REMEMBER_DISMISSED = text("""
    INSERT INTO outcome_history (library_id, subject_id, step, state, reason, detail, attempts, version, inputs_key,
        cpu_s, wall_s, bytes_read, bytes_written, task)
    SELECT library_id, subject_id, step, state, reason, detail, attempts, version, inputs_key, 0, 0, 0, 0, task
    FROM outcomes JOIN unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
        USING (subject_id, step)
    WHERE library_id = :library_id
""")


def listed(
    connection: Connection, library_id: int, *, step: str = "", reason: str = "", prefix: str = "", most: int = 1000
) -> list[Quarantined]:
    """What is in quarantine, by key; an empty filter means everything."""
    parameters = {"library_id": library_id, "step": step, "reason": reason, "prefix": prefix, "most": most}
    return [Quarantined(**dict(row)) for row in connection.execute(LIST, parameters).mappings()]


def counts(connection: Connection, library_id: int) -> dict[tuple[str, str], int]:
    """How many, by step and reason."""
    return {(row.step, row.reason): row.n for row in connection.execute(COUNT, {"library_id": library_id})}


class Held(Protocol):
    """One step on one subject, `o` or `i`."""

    @property
    def subject_id(self) -> int: ...  # noqa: D102

    @property
    def subject_kind(self) -> str: ...  # noqa: D102

    @property
    def step(self) -> str: ...  # noqa: D102


def release(connection: Connection, library_id: int, chosen: Sequence[Held]) -> int:
    """Make quarantined work due again, with fresh attempts, in the retry lane; what belongs to its other half, too."""
    if not chosen:
        return 0
    chosen = [*chosen, *_of_halves(connection, library_id, chosen)]
    parameters = {
        "library_id": library_id,
        "subjects": [one.subject_id for one in chosen],
        "steps": [one.step for one in chosen],
    }
    changes: Counter[tuple[str, str, str]] = Counter()
    for row in connection.execute(LET_GO, parameters):
        changes[row.step, "quarantined", row.reason or ""] -= 1
    outcomes.tally(connection, library_id, changes, slice_no=0)
    for kind in ("o", "i"):
        pairs = [(one.subject_id, one.step) for one in chosen if one.subject_kind == kind]
        due.enqueue(connection, library_id, pairs, subject_kind=kind, lane=Lane.RETRY)
    return -sum(changes.values())


def _of_halves(connection: Connection, library_id: int, chosen: Sequence[Held]) -> list[Quarantined]:
    """What is in quarantine of the other halves of these, and not among them."""
    halves = pairs.halves(connection, library_id, [one.subject_id for one in chosen if one.subject_kind == "i"])
    known = {(one.subject_id, one.step) for one in chosen}
    rows = connection.execute(OF_ITEMS, {"library_id": library_id, "items": halves}).mappings() if halves else ()
    return [row for row in (Quarantined(**row) for row in rows) if (row.subject_id, row.step) not in known]


def dismiss(connection: Connection, library_id: int, chosen: Sequence[Held], *, by: str, why: str = "") -> int:
    """Accept that quarantined work will not be done: it ends `skipped` and keeps its reason.

    A raised version or changed settings make it due again, as they do with everything.
    """
    scope = {
        "library_id": library_id,
        "subjects": [one.subject_id for one in chosen],
        "steps": [one.step for one in chosen],
    }
    rows = connection.execute(DISMISS, {**scope, "by": by, "why": f" ({why})" if why else ""}).all()
    changes: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        changes[row.step, "quarantined", row.reason or ""] -= 1
        changes[row.step, "skipped", row.reason or ""] += 1
    if rows:
        ended = {"subjects": [row.subject_id for row in rows], "steps": [row.step for row in rows]}
        connection.execute(REMEMBER_DISMISSED, {**scope, **ended})
        outcomes.tally(connection, library_id, changes, slice_no=0)
    return len(rows)
