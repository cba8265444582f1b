"""Which steps are stopped, by whom and why? A stopped step keeps its due work; nobody leases it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import due, quarantine

BREAKER_REASONS = ("bug", "timed_out")
"""How outcomes end that a breaker counts; what ended so since it tripped is tried again with the step."""


@dataclass(frozen=True, slots=True)
class StepPause:
    """A stopped step.

    Attributes
    ----------
    breaker : bool
        Whether the step stopped itself; otherwise a person did.
    since : datetime
        Of a breaker: when the shard began that tripped it.
    sample : dict or None
        Of a breaker: how many of how many failed (`failed`, `of`), and a few `faults`.
    """

    step: str
    breaker: bool
    reason: str
    by: str
    since: datetime
    paused_at: datetime
    sample: dict[str, Any] | None

    def __str__(self) -> str:
        who = "its breaker" if self.breaker else self.by
        return f"stopped by {who} at {self.paused_at:%Y-%m-%d %H:%M} UTC: {self.reason}"


ALL = text("SELECT * FROM step_pauses ORDER BY step")

NAMES = text("SELECT step FROM step_pauses")

PAUSE = text("""
    INSERT INTO step_pauses (step, breaker, reason, by, since, sample)
    VALUES (:step, :breaker, :reason, :by, COALESCE(CAST(:since AS timestamptz), now()), CAST(:sample AS jsonb))
    ON CONFLICT (step) DO NOTHING RETURNING step
""")

OPEN_SINCE = text("SELECT min(started_at) FROM shards WHERE pass_name = :pass_name AND finished_at IS NULL")

RESUME = text("DELETE FROM step_pauses WHERE step = :step RETURNING *")

HELD = text("""
    SELECT s.library_id, s.subject_id, s.step, CASE WHEN i.item_id IS NULL THEN 'o' ELSE 'i' END AS subject_kind
    FROM outcomes s LEFT JOIN items i ON i.library_id = s.library_id AND i.item_id = s.subject_id
    WHERE s.step = :step AND s.state = 'quarantined' AND s.reason = ANY(:reasons) AND s.at >= :since
    ORDER BY s.library_id, s.subject_id
""")
"""Grows with what is in quarantine: its index is read through."""

FRESH_ATTEMPTS = text("""
    UPDATE due SET attempts = 0, not_before = now(), failing_since = NULL
    FROM outcomes o
    WHERE due.step = :step AND due.lane = 1 AND due.shard_id IS NULL
      AND o.library_id = due.library_id AND o.subject_id = due.subject_id AND o.step = due.step
      AND o.state = 'retrying' AND o.reason = ANY(:reasons) AND o.at >= :since
""")


def everyone(connection: Connection) -> dict[str, StepPause]:
    """The stopped steps by name."""
    return {row["step"]: StepPause(**row) for row in connection.execute(ALL).mappings()}


def names(connection: Connection) -> frozenset[str]:
    """The names of the stopped steps."""
    return frozenset(connection.execute(NAMES).scalars())


def running(connection: Connection, steps: Sequence[str]) -> list[str]:
    """Those of the steps that are not stopped."""
    stopped = names(connection)
    return [step for step in steps if step not in stopped]


def pause(
    connection: Connection,
    step: str,
    *,
    reason: str,
    by: str,
    breaker: bool = False,
    since: datetime | None = None,
    sample: Mapping[str, Any] | None = None,
) -> bool:
    """Stop a step; False when it is stopped already, which stays as it is."""
    values = {
        "step": step,
        "breaker": breaker,
        "reason": reason,
        "by": by,
        "since": since,
        "sample": None if sample is None else json.dumps(sample),
    }
    return connection.execute(PAUSE, values).one_or_none() is not None


def trip(connection: Connection, pass_name: str, step: str, reason: str, sample: Mapping[str, Any]) -> bool:
    """Stop a step that fails because of itself, and remember since when; False when it is stopped already."""
    since = connection.execute(OPEN_SINCE, {"pass_name": pass_name}).scalar_one()
    return pause(connection, step, reason=reason, by="breaker", breaker=True, since=since, sample=sample)


def resume(connection: Connection, step: str) -> int | None:
    """Let a step go on; what its breaker held is tried again with fresh attempts.

    Returns
    -------
    int or None
        How many (subject, step) pairs left quarantine or wait no longer; None when the step is not stopped.
    """
    row = connection.execute(RESUME, {"step": step}).mappings().one_or_none()
    if row is None:
        return None
    if not row["breaker"]:
        return 0
    scope = {"step": step, "since": row["since"], "reasons": list(BREAKER_REASONS)}
    held = connection.execute(HELD, scope).all()
    released = sum(
        quarantine.release(connection, library_id, list(group))
        for library_id, group in groupby(held, key=lambda one: int(one.library_id))
    )
    due.lookups_only(connection)
    return released + connection.execute(FRESH_ATTEMPTS, scope).rowcount
