"""What must be done again? A step made due for a selection of items, walked by a cursor."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import due
from albumen.catalog.due import Lane


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items a backfill is for; an empty field selects everything.

    Attributes
    ----------
    prefix : str
        Keys beginning so.
    reason : str
        Items on which the step ended with this reason.
    taken_from, taken_to : date or None
        Local dates, inclusive.
    stale_only : bool
        Only items whose outcome is of another version, model or setting than today's, or that have none.
    """

    prefix: str = ""
    reason: str = ""
    taken_from: date | None = None
    taken_to: date | None = None
    stale_only: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the catalog."""
        dates = {"taken_from": self.taken_from, "taken_to": self.taken_to}
        return {
            "prefix": self.prefix,
            "reason": self.reason,
            "stale_only": self.stale_only,
            **{name: value.isoformat() if value else None for name, value in dates.items()},
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Selection:
        """The opposite of `as_dict`."""
        dates = {
            name: date.fromisoformat(values[name]) if values[name] else None for name in ("taken_from", "taken_to")
        }
        return Selection(values["prefix"], values["reason"], **dates, stale_only=values["stale_only"])


@dataclass(frozen=True, slots=True)
class StepScope:
    """What the catalog must know of a step to select for it."""

    name: str
    signature: str
    kinds: Sequence[str]
    needs_renditions: bool


_SELECTED = """
    SELECT i.item_id FROM items i
    LEFT JOIN outcomes o ON o.library_id = i.library_id AND o.subject_id = i.item_id AND o.step = :step
    LEFT JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id
    WHERE i.library_id = :library_id AND i.item_id > :after AND i.retired_at IS NULL AND i.kind = ANY(:kinds)
      AND (NOT :stale_only OR o.inputs_key IS NULL OR left(o.inputs_key, 16) <> :signature)
      AND (o.state IS DISTINCT FROM 'skipped' OR o.reason IS DISTINCT FROM 'erased')
      AND (:reason = '' OR o.reason = :reason)
      AND (CAST(:taken_from AS date) IS NULL OR f.taken_local >= CAST(:taken_from AS date))
      AND (CAST(:taken_to AS date) IS NULL OR f.taken_local < CAST(:taken_to AS date) + 1)
      AND (:prefix = '' OR EXISTS (
          SELECT FROM originals g WHERE g.library_id = i.library_id AND g.item_id = i.item_id
            AND g.vanished_at IS NULL AND starts_with(g.key, :prefix)))
      AND (NOT :needs_renditions OR EXISTS (
          SELECT FROM renditions r WHERE r.library_id = i.library_id AND r.item_id = i.item_id AND r.name = 'preview'))
"""

MEASURE = text(f"SELECT count(*) FROM ({_SELECTED}) AS selected")  # noqa: S608

NEXT = text(f"{_SELECTED} ORDER BY i.item_id LIMIT :most")

CREATE = text("""
    INSERT INTO backfills (library_id, step, selection) VALUES (:library_id, :step, CAST(:selection AS jsonb))
    RETURNING backfill_id
""")

OPEN = text("SELECT * FROM backfills WHERE finished_at IS NULL ORDER BY backfill_id FOR UPDATE SKIP LOCKED")

ADVANCE = text("""
    UPDATE backfills SET cursor = :cursor, enqueued = enqueued + :enqueued,
        finished_at = CASE WHEN :finished THEN now() END
    WHERE backfill_id = :backfill_id
""")

SIGNATURE = text("""
    INSERT INTO steps (step, signature, version) VALUES (:step, :signature, :version)
    ON CONFLICT (step) DO UPDATE SET signature = excluded.signature, version = excluded.version
    WHERE steps.signature <> excluded.signature
    RETURNING step
""")


def measure(connection: Connection, library_id: int, scope: StepScope, selection: Selection) -> int:
    """How many items a backfill would make due. Grows with the library: it reads the selection."""
    return int(connection.execute(MEASURE, _parameters(library_id, scope, selection, after=0)).scalar_one())


def create(connection: Connection, library_id: int, step: str, selection: Selection) -> int:
    """Record a backfill; `advance` puts its work into the backfill lane."""
    values = {"library_id": library_id, "step": step, "selection": json.dumps(selection.as_dict())}
    return int(connection.execute(CREATE, values).scalar_one())


def advance(connection: Connection, scopes: Mapping[str, StepScope], *, most: int) -> int:
    """Put the next `most` items of the open backfills of these steps into the backfill lane."""
    enqueued = 0
    for row in connection.execute(OPEN).mappings().all():
        if row["step"] not in scopes or enqueued >= most:
            continue
        scope, room = scopes[row["step"]], most - enqueued
        parameters = _parameters(row["library_id"], scope, Selection.from_dict(row["selection"]), after=row["cursor"])
        items = connection.execute(NEXT, {**parameters, "most": room}).scalars().all()
        pairs = [(item, scope.name) for item in items]
        due.enqueue(connection, row["library_id"], pairs, subject_kind="i", lane=Lane.BACKFILL)
        state = {
            "backfill_id": row["backfill_id"],
            "cursor": items[-1] if items else row["cursor"],
            "enqueued": len(items),
            "finished": len(items) < room,
        }
        connection.execute(ADVANCE, state)
        enqueued += len(items)
    return enqueued


def notice_change(connection: Connection, step: str, signature: str, version: int) -> bool:
    """Remember a step's signature; True when it is new or differs from the one remembered before."""
    row = connection.execute(SIGNATURE, {"step": step, "signature": signature, "version": version}).one_or_none()
    return row is not None


def _parameters(library_id: int, scope: StepScope, selection: Selection, *, after: int) -> dict[str, Any]:
    return {
        "library_id": library_id,
        "after": after,
        "step": scope.name,
        "signature": scope.signature,
        "kinds": list(scope.kinds),
        "needs_renditions": scope.needs_renditions,
        "stale_only": selection.stale_only,
        "reason": selection.reason,
        "prefix": selection.prefix,
        "taken_from": selection.taken_from,
        "taken_to": selection.taken_to,
    }
