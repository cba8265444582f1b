"""What did a step find? Writing the results of a shard, fenced, in bulk, idempotently.

One transaction takes a handful of subjects: it holds the lease, takes the due rows it ends (a row
that was taken back meanwhile drops its result), and writes content, rows, renditions, outcomes,
history, tallies and the work that follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from albumen.catalog import changes, content, due, leases, outcomes, pairs, sidecars, tombstones
from albumen.catalog.due import Lane
from albumen.catalog.models import Base


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How one step ended on one subject; `retry_at` set means it is tried again."""

    step: str
    state: str
    reason: str | None
    detail: str | None
    attempts: int
    version: int
    inputs_key: str
    cpu_s: float = 0.0
    wall_s: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The fingerprint of what was read."""

    sha256: bytes
    size: int
    kind: str
    mime: str


@dataclass(slots=True)
class SubjectResult:
    """All that one attempt on one subject gives.

    Attributes
    ----------
    content : Content or None
        Set when an original was read whole: it becomes, or joins, an item.
    etag, last_modified :
        Of the bytes that were read, set with `content`.
    released : sequence of str
        Due steps that end without an outcome of their own, since the content had them already.
    moot : sequence of str
        Those of them that turned out not to apply: their retries are forgotten.
    rows : mapping of table to rows
        They replace the item's rows of those tables; where the model is in the table's key, that model's.
    renditions : sequence of mapping
        Rows of `renditions`, already stored.
    follow : mapping of step to inputs key
        Steps that become due on the item unless they ended with the same inputs key.
    handed_over : sequence of str
        Steps of another pass that become due on the original itself.
    retold : sequence of str
        Keys of originals whose facts are read again, because this is a sidecar of theirs.
    """

    subject_id: int
    subject_kind: str
    original_id: int
    item_id: int | None = None
    content: Content | None = None
    etag: str | None = None
    last_modified: datetime | None = None
    kind: str | None = None
    mime: str | None = None
    outcomes: Sequence[StepOutcome] = ()
    released: Sequence[str] = ()
    moot: Sequence[str] = ()
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    renditions: list[dict[str, Any]] = field(default_factory=list)
    follow: dict[str, str] = field(default_factory=dict)
    handed_over: Sequence[str] = ()
    retold: Sequence[str] = ()


END = text("""
    DELETE FROM due USING unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
    WHERE due.library_id = :library_id AND due.subject_id = p.subject_id AND due.step = p.step
      AND due.shard_id = :shard_id
    RETURNING due.subject_id, due.step
""")

RETRY = text("""
    UPDATE due SET shard_id = NULL, lane = GREATEST(lane, 1), attempts = p.attempts, not_before = p.retry_at,
        failing_since = COALESCE(due.failing_since, now())
    FROM unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[]), CAST(:attempts AS int[]),
        CAST(:times AS timestamptz[])) AS p(subject_id, step, attempts, retry_at)
    WHERE due.library_id = :library_id AND due.subject_id = p.subject_id AND due.step = p.step
      AND due.shard_id = :shard_id
    RETURNING due.subject_id, due.step
""")

MOVE_RETRIES = text("""
    UPDATE due SET subject_id = moving.item_id, subject_kind = 'i'
    FROM (
        SELECT DISTINCT ON (p.item_id, d.step) p.item_id, d.step, d.subject_id
        FROM unnest(CAST(:originals AS bigint[]), CAST(:items AS bigint[])) AS p(original_id, item_id)
        JOIN due d ON d.library_id = :library_id AND d.subject_id = p.original_id
        ORDER BY p.item_id, d.step, d.attempts DESC, d.subject_id
    ) AS moving
    WHERE due.library_id = :library_id AND due.subject_id = moving.subject_id AND due.step = moving.step
      AND NOT EXISTS (
          SELECT FROM due d WHERE d.library_id = :library_id AND d.subject_id = moving.item_id AND d.step = due.step
      )
""")
"""Copies share one row: several originals may become the same item in one transaction."""

DROP_MOVED = text("DELETE FROM due WHERE library_id = :library_id AND subject_id = ANY(:originals)")

FOLLOW = text("""
    INSERT INTO due (library_id, subject_id, step, subject_kind, lane)
    SELECT :library_id, p.item_id, p.step, 'i', :lane
    FROM unnest(CAST(:items AS bigint[]), CAST(:steps AS text[]), CAST(:inputs AS text[]))
        AS p(item_id, step, inputs_key)
    WHERE NOT EXISTS (
        SELECT FROM outcomes o
        WHERE o.library_id = :library_id AND o.subject_id = p.item_id AND o.step = p.step
          AND o.inputs_key = p.inputs_key AND o.state <> 'retrying'
    )
    ORDER BY 2, 3
    ON CONFLICT (library_id, subject_id, step) DO UPDATE
    SET lane = LEAST(due.lane, excluded.lane), shard_id = NULL, not_before = now()
""")

SUPERSEDE = text("""
    INSERT INTO superseded_objects (library_id, key)
    SELECT r.library_id, r.key FROM renditions r
    JOIN unnest(CAST(:items AS bigint[]), CAST(:names AS text[]), CAST(:keys AS text[])) AS p(item_id, name, key)
      ON r.library_id = :library_id AND r.item_id = p.item_id AND r.name = p.name AND r.key <> p.key
    ON CONFLICT DO NOTHING
""")

CURRENT_AGAIN = text("DELETE FROM superseded_objects WHERE library_id = :library_id AND key = ANY(:keys)")

FACTS_HOLDERS = text("""
    SELECT f.item_id, f.original_id FROM facts f
    JOIN originals o ON o.library_id = f.library_id AND o.original_id = f.original_id AND o.item_id = f.item_id
    WHERE f.library_id = :library_id AND f.item_id = ANY(:items) AND o.vanished_at IS NULL
""")


def write(connection: Connection, lease: leases.Lease, results: Sequence[SubjectResult], *, task: str) -> int:
    """Write results in the caller's transaction.

    Returns
    -------
    int
        How many step outcomes were taken; the rest had moved meanwhile and was dropped.

    Raises
    ------
    albumen.catalog.leases.LeaseLost
        If the shard is somebody else's by now: nothing is written.
    """
    due.lookups_only(connection)
    tombstones.hold(connection, lease.library_id)
    leases.fence(connection, lease)
    results = _without_erased(connection, lease.library_id, results)
    taken = _take_due_rows(connection, lease, results)
    kept = [result for result in results if any(subject == result.subject_id for subject, _ in taken)]
    items = content.attach(connection, lease.library_id, kept)
    _become_items(connection, lease, kept, items)
    ended, slice_no = _kept_outcomes(kept, taken, items), lease.shard_id % outcomes.TALLY_SLICES
    written = outcomes.write(connection, lease.library_id, ended, task=task, slice_no=slice_no)
    moot = [(items.get(r.subject_id, r.subject_id), step) for r in kept for step in r.moot]
    outcomes.forget_retries(connection, lease.library_id, moot, slice_no=slice_no)
    before = _items_of(kept, items)
    _mark_dirty(connection, lease.library_id, kept, before)
    _replace_rows(connection, lease.library_id, kept, items)
    _switch_renditions(connection, lease.library_id, kept, items)
    _follow(connection, lease, kept, items)
    _hand_over(connection, lease, kept)
    sidecars.retell(connection, lease.library_id, {key for result in kept for key in result.retold})
    _mark_dirty(connection, lease.library_id, kept, before)
    return written


def _without_erased(
    connection: Connection, library_id: int, results: Sequence[SubjectResult]
) -> Sequence[SubjectResult]:
    """Content that was erased while it was worked on stays due: read again, it is met as erased."""
    found = {result.content.sha256 for result in results if result.content is not None}
    erased = tombstones.among(connection, library_id, found)
    if not erased:
        return results
    return [result for result in results if result.content is None or result.content.sha256 not in erased]


def _take_due_rows(
    connection: Connection, lease: leases.Lease, results: Sequence[SubjectResult]
) -> set[tuple[int, str]]:
    scope = {"library_id": lease.library_id, "shard_id": lease.shard_id}
    ended = [(r.subject_id, o.step) for r in results for o in r.outcomes if o.retry_at is None]
    ended += [(r.subject_id, step) for r in results for step in r.released]
    retried = [(r.subject_id, o) for r in results for o in r.outcomes if o.retry_at is not None]
    taken: set[tuple[int, str]] = set()
    if ended:
        parameters = {**scope, "subjects": [s for s, _ in ended], "steps": [step for _, step in ended]}
        taken |= {(row.subject_id, row.step) for row in connection.execute(END, parameters)}
    if retried:
        parameters = {
            **scope,
            "subjects": [subject for subject, _ in retried],
            "steps": [outcome.step for _, outcome in retried],
            "attempts": [outcome.attempts for _, outcome in retried],
            "times": [outcome.retry_at for _, outcome in retried],
        }
        taken |= {(row.subject_id, row.step) for row in connection.execute(RETRY, parameters)}
    return taken


def _become_items(
    connection: Connection, lease: leases.Lease, results: Sequence[SubjectResult], items: Mapping[int, int]
) -> None:
    """What is due and known of an original that has become an item belongs to the item from now on."""
    moved = [r.subject_id for r in results if r.subject_kind == "o" and r.content is not None]
    if moved:
        parameters = {
            "library_id": lease.library_id,
            "originals": moved,
            "items": [items[subject] for subject in moved],
        }
        connection.execute(MOVE_RETRIES, parameters)
        connection.execute(DROP_MOVED, parameters)
        outcomes.forget(connection, lease.library_id, moved, slice_no=lease.shard_id % outcomes.TALLY_SLICES)


def _kept_outcomes(
    results: Iterable[SubjectResult], taken: set[tuple[int, str]], items: Mapping[int, int]
) -> list[tuple[int, StepOutcome]]:
    return [
        (items.get(result.subject_id, result.subject_id), outcome)
        for result in results
        for outcome in result.outcomes
        if (result.subject_id, outcome.step) in taken
    ]


def _items_of(results: Iterable[SubjectResult], items: Mapping[int, int]) -> list[int]:
    return sorted({items[result.subject_id] for result in results if result.subject_id in items})


def _replace_rows(
    connection: Connection, library_id: int, results: Sequence[SubjectResult], items: Mapping[int, int]
) -> None:
    tables = sorted({table for result in results for table in result.rows})
    for name in tables:
        owners = [result for result in results if name in result.rows and result.subject_id in items]
        if name == "facts":
            owners = _lowest_originals(connection, library_id, owners, items)
        table = Base.metadata.tables[name]
        ids = sorted({items[result.subject_id] for result in owners})
        earlier = table.delete().where(table.c.library_id == library_id, table.c.item_id.in_(ids))
        by_item = {items[result.subject_id]: result.rows[name] for result in owners}
        if "model_id" in table.primary_key.columns:
            # What other models say of the items stands beside it.
            models = sorted({row["model_id"] for rows_of_item in by_item.values() for row in rows_of_item})
            earlier = earlier.where(table.c.model_id.in_(models))
        connection.execute(earlier)
        keys = {"library_id": library_id}
        rows = [{**row, **keys, "item_id": item} for item, item_rows in by_item.items() for row in item_rows]
        unknown = {column for row in rows for column in row} - set(table.c.keys())
        if unknown:  # an insert of many would leave them out without a word
            raise ValueError(f"{name} has no column {', '.join(sorted(unknown))}")
        for alike in _by_columns(rows):
            connection.execute(table.insert(), alike)


def _by_columns(rows: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Rows that set the same columns: an insert of many takes the columns of its first row for all."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(sorted(row)), []).append(row)
    return alike.values()


def _lowest_originals(
    connection: Connection, library_id: int, owners: Sequence[SubjectResult], items: Mapping[int, int]
) -> list[SubjectResult]:
    """An item takes its facts from its lowest living original: leave the rows of a lower one alone."""
    scope = {"library_id": library_id, "items": [items[owner.subject_id] for owner in owners]}
    held = {row.item_id: row.original_id for row in connection.execute(FACTS_HOLDERS, scope)}
    kept = []
    for owner in sorted(owners, key=lambda owner: owner.original_id, reverse=True):
        holder = held.get(items[owner.subject_id])
        if holder is None or owner.original_id <= holder:
            for row in owner.rows["facts"]:
                row["original_id"] = owner.original_id
            kept.append(owner)
    return kept


def _switch_renditions(
    connection: Connection, library_id: int, results: Sequence[SubjectResult], items: Mapping[int, int]
) -> None:
    rows = {
        (items[result.subject_id], row["name"]): {"library_id": library_id, "item_id": items[result.subject_id], **row}
        for result in results
        for row in result.renditions
    }
    if not rows:
        return
    table = Base.metadata.tables["renditions"]
    parameters = {
        "library_id": library_id,
        "items": [item for item, _ in rows],
        "names": [name for _, name in rows],
        "keys": [row["key"] for row in rows.values()],
    }
    connection.execute(SUPERSEDE, parameters)
    connection.execute(CURRENT_AGAIN, parameters)
    switch = insert(table)
    moved = {column.name: switch.excluded[column.name] for column in table.columns if not column.primary_key}
    upsert = switch.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=moved)
    connection.execute(upsert, list(rows.values()))


def _follow(
    connection: Connection, lease: leases.Lease, results: Sequence[SubjectResult], items: Mapping[int, int]
) -> None:
    follows = sorted({(items[r.subject_id], step, inputs) for r in results for step, inputs in r.follow.items()})
    if follows:
        parameters = {
            "library_id": lease.library_id,
            "lane": int(_lane_of_followers(lease)),
            "items": [item for item, _, _ in follows],
            "steps": [step for _, step, _ in follows],
            "inputs": [inputs for _, _, inputs in follows],
        }
        connection.execute(FOLLOW, parameters)


def _hand_over(connection: Connection, lease: leases.Lease, results: Sequence[SubjectResult]) -> None:
    pairs = [(r.original_id, step) for r in results for step in r.handed_over]
    due.enqueue(connection, lease.library_id, pairs, subject_kind="o", lane=_lane_of_followers(lease))


def _lane_of_followers(lease: leases.Lease) -> Lane:
    return Lane.BACKFILL if lease.lane is Lane.BACKFILL else Lane.FRESH


def _mark_dirty(
    connection: Connection, library_id: int, results: Sequence[SubjectResult], items: Sequence[int]
) -> None:
    """The days an item was on and is on now are organised anew; where pairs may change, also the other half."""
    if any("pair_marks" in result.rows for result in results):
        items = sorted({*items, *pairs.halves(connection, library_id, items)})
    if any(result.rows or result.released for result in results):
        changes.mark(connection, library_id, items)
