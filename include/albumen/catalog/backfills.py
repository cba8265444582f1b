"""What must be done again? A step made due for a selection of items, walked by a cursor."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import due, parts
from albumen.catalog.due import Lane

READ_A_TURN = 2_000_000
"""So many items one `advance` reads, however few of them are selected: some seconds."""


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
    again_only : bool
        Only items that have an outcome of the step.
    keys : tuple of str
        The items of these originals. They go into the lane `fresh`: somebody waits for them.
    """

    prefix: str = ""
    reason: str = ""
    taken_from: date | None = None
    taken_to: date | None = None
    stale_only: bool = True
    again_only: bool = False
    keys: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the catalog."""
        dates = {"taken_from": self.taken_from, "taken_to": self.taken_to}
        return {
            "keys": list(self.keys),
            "prefix": self.prefix,
            "reason": self.reason,
            "stale_only": self.stale_only,
            "again_only": self.again_only,
            **{name: value.isoformat() if value else None for name, value in dates.items()},
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Selection:
        """The opposite of `as_dict`."""
        dates = {name: values[name] and date.fromisoformat(values[name]) for name in ("taken_from", "taken_to")}
        return Selection(**{**values, **dates, "keys": tuple(values.get("keys", ()))})


@dataclass(frozen=True, slots=True)
class StepScope:
    """What the catalog must know of a step to select for it."""

    name: str
    signature: str
    kinds: Sequence[str]
    needs_renditions: bool


_OF_KEYS = """
    (
        SELECT DISTINCT g.item_id FROM libraries l JOIN originals g USING (library_id, bucket)
        WHERE l.library_id = :library_id AND g.key = ANY(:keys) AND g.vanished_at IS NULL
    ) AS named JOIN items i USING (item_id)
"""

_SELECTED = """
    SELECT i.item_id FROM {items}
    LEFT JOIN outcomes o ON o.library_id = i.library_id AND o.subject_id = i.item_id AND o.step = :step {part_of_o}
    LEFT JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id {part_of_f}
    WHERE i.library_id = :library_id AND i.item_id > :after AND i.retired_at IS NULL AND i.kind = ANY(:kinds)
      {part_of_i}
      AND (NOT :again_only OR o.inputs_key IS NOT NULL)
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


def _part(column: str) -> str:
    return f"AND {column} > :after AND {column} <= :until"


_SELECTED_OF_LIBRARY = _SELECTED.format(
    items="items i",
    part_of_i=_part("i.item_id"),
    part_of_o=_part("o.subject_id"),
    part_of_f=_part("f.item_id"),
)
"""Each joined table is told the part that is read: the planner does not conclude it, and reads all the outcomes there
are. What is looked up item by item is not told: the planner would read the part's renditions once for every partition.
"""

_SELECTED_OF_KEYS = _SELECTED.format(items=_OF_KEYS, **{f"part_of_{table}": "" for table in "iof"})

MEASURE = text(f"SELECT count(*) FROM ({_SELECTED_OF_LIBRARY}) AS selected")  # noqa: S608
MEASURE_OF_KEYS = text(f"SELECT count(*) FROM ({_SELECTED_OF_KEYS}) AS selected")  # noqa: S608

NEXT = text(f"{_SELECTED_OF_LIBRARY} ORDER BY i.item_id LIMIT :most")
NEXT_OF_KEYS = text(f"{_SELECTED_OF_KEYS} ORDER BY i.item_id LIMIT :most")
"""Keys are a statement of their own: as one more condition they would be looked up for every item of the library."""

UNKNOWN_KEYS = text("""
    SELECT p.key FROM unnest(CAST(:keys AS text[])) AS p(key)
    WHERE NOT EXISTS (
        SELECT FROM libraries l JOIN originals g USING (library_id, bucket)
        WHERE l.library_id = :library_id AND g.key = p.key AND g.vanished_at IS NULL)
""")

CREATE = text("""
    INSERT INTO backfills (library_id, step, selection) VALUES (:library_id, :step, CAST(:selection AS jsonb))
    RETURNING backfill_id
""")

OPEN = text("SELECT * FROM backfills WHERE finished_at IS NULL ORDER BY backfill_id FOR UPDATE SKIP LOCKED")

ONE = text("SELECT * FROM backfills WHERE backfill_id = :backfill_id")

LATEST = text("""
    SELECT backfill_id, step, selection, enqueued, created_at, finished_at FROM backfills
    WHERE library_id = :library_id ORDER BY backfill_id DESC LIMIT :most
""")

PENDING = text("SELECT EXISTS (SELECT FROM due WHERE library_id = :library_id AND step = :step)")

PENDING_OF_KEYS = text("""
    SELECT EXISTS (
        SELECT FROM libraries l JOIN originals g USING (library_id, bucket)
        JOIN due d ON d.library_id = l.library_id AND d.subject_id = g.item_id AND d.step = :step
        WHERE l.library_id = :library_id AND g.key = ANY(:keys))
""")

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
    """How many items a backfill would make due. Without keys it grows with the library, which it reads in parts."""
    parameters = _parameters(library_id, scope, selection)
    if selection.keys:
        return int(connection.execute(MEASURE_OF_KEYS, {**parameters, "after": 0}).scalar_one())
    return sum(
        int(connection.execute(MEASURE, {**parameters, "after": after, "until": until}).scalar_one())
        for after, until in parts.of_items(connection, library_id)
    )


def unknown_keys(connection: Connection, library_id: int, keys: Sequence[str]) -> list[str]:
    """Those of the keys that no living original of the library has."""
    if not keys:
        return []
    return list(connection.execute(UNKNOWN_KEYS, {"library_id": library_id, "keys": list(keys)}).scalars())


def create(connection: Connection, library_id: int, step: str, selection: Selection) -> int:
    """Record a backfill; `advance` makes its work due."""
    values = {"library_id": library_id, "step": step, "selection": json.dumps(selection.as_dict())}
    return int(connection.execute(CREATE, values).scalar_one())


def advance(connection: Connection, scopes: Mapping[str, StepScope], *, most: int) -> int:
    """Make the next `most` of the open backfills of these steps due: in the lane `backfill`, named ones in `fresh`.

    Fewer, too, where a large library has few that are selected: the next call goes on behind them.
    """
    enqueued = 0
    for row in connection.execute(OPEN).mappings().all():
        if row["step"] not in scopes or enqueued >= most:
            continue
        scope, selection = scopes[row["step"]], Selection.from_dict(row["selection"])
        lane = Lane.FRESH if selection.keys else Lane.BACKFILL
        items, cursor = _next(connection, row["library_id"], scope, selection, row["cursor"], most - enqueued)
        pairs = [(item, scope.name) for item in items]
        due.enqueue(connection, row["library_id"], pairs, subject_kind="i", lane=lane)
        state = {
            "backfill_id": row["backfill_id"],
            "cursor": row["cursor"] if cursor is None else cursor,
            "enqueued": len(items),
            "finished": cursor is None,
        }
        connection.execute(ADVANCE, state)
        enqueued += len(items)
    return enqueued


def _next(
    connection: Connection, library_id: int, scope: StepScope, selection: Selection, after: int, most: int
) -> tuple[list[int], int | None]:
    """Selected items behind a cursor, and where to go on; None at the end."""
    parameters = _parameters(library_id, scope, selection)
    if selection.keys:
        named = connection.execute(NEXT_OF_KEYS, {**parameters, "after": after, "most": most}).scalars().all()
        return list(named), named[-1] if len(named) == most else None
    items: list[int] = []
    left = parts.of_items(connection, library_id, after=after)
    for begin, until in islice(left, READ_A_TURN // parts.READ_AT_ONCE):
        room = {"after": begin, "until": until, "most": most - len(items)}
        items += connection.execute(NEXT, {**parameters, **room}).scalars()
        if len(items) == most:
            return items, items[-1]
        after = until
    return items, after if next(left, None) else None


@dataclass(frozen=True, slots=True)
class Started:
    """A backfill: what it is for, how many items it has made due so far, and when it had made all of them due."""

    backfill_id: int
    step: str
    selection: Mapping[str, Any]
    enqueued: int
    created_at: datetime
    finished_at: datetime | None


def latest(connection: Connection, library_id: int, *, most: int) -> list[Started]:
    """The latest backfills of a library, newest first."""
    rows = connection.execute(LATEST, {"library_id": library_id, "most": most}).mappings()
    return [Started(**dict(row)) for row in rows]


def is_pending(connection: Connection, backfill_id: int) -> bool:
    """Whether something of a backfill has not ended; without keys, whether any work of its step has not."""
    row = connection.execute(ONE, {"backfill_id": backfill_id}).mappings().one()
    if row["finished_at"] is None:
        return True
    keys = list(Selection.from_dict(row["selection"]).keys)
    parameters = {"library_id": row["library_id"], "step": row["step"], "keys": keys}
    return bool(connection.execute(PENDING_OF_KEYS if keys else PENDING, parameters).scalar_one())


def notice_change(connection: Connection, step: str, signature: str, version: int) -> bool:
    """Remember a step's signature; True when it is new or differs from the one remembered before."""
    row = connection.execute(SIGNATURE, {"step": step, "signature": signature, "version": version}).one_or_none()
    return row is not None


def _parameters(library_id: int, scope: StepScope, selection: Selection) -> dict[str, Any]:
    return {
        "library_id": library_id,
        "step": scope.name,
        "signature": scope.signature,
        "kinds": list(scope.kinds),
        "needs_renditions": scope.needs_renditions,
        "stale_only": selection.stale_only,
        "again_only": selection.again_only,
        "keys": list(selection.keys),
        "reason": selection.reason,
        "prefix": selection.prefix,
        "taken_from": selection.taken_from,
        "taken_to": selection.taken_to,
    }
