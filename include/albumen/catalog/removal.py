"""What goes with erased content? Every row that tells of it, whichever table a step keeps it in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table, text

from albumen.catalog import changes, highlights, memories, outcomes
from albumen.catalog.models import Base
from albumen.catalog.results import StepOutcome

NO_RESULTS = {"fingerprints", "originals", "tombstones"}
"""They name items, but are looked after one by one."""
OUTLIVE_A_LIBRARY = {"erasures", "libraries"}

DETACH = text("""
    UPDATE originals SET item_id = NULL WHERE library_id = :library_id AND item_id = ANY(:items) RETURNING original_id
""")

FORGET_DUE = text("DELETE FROM due WHERE library_id = :library_id AND subject_id = ANY(:subjects)")

FORGET_HISTORY = text("DELETE FROM outcome_history WHERE library_id = :library_id AND subject_id = ANY(:subjects)")

FORGET_FINGERPRINTS = text("DELETE FROM fingerprints WHERE library_id = :library_id AND sha256 = ANY(:hashes)")

FORGET_SUPERSEDED = text("""
    DELETE FROM superseded_objects WHERE library_id = :library_id AND split_part(key, '/', 4) = ANY(:digests)
""")
"""Grows with what the library has of superseded objects, which is kept for a grace period only."""

FORGET_CHECKS = text("""
    DELETE FROM integrity_checks c WHERE c.library_id = :library_id AND EXISTS (
        SELECT FROM unnest(CAST(:digests AS text[])) AS p(digest)
        WHERE strpos(c.cursor, p.digest) > 0 OR strpos(CAST(c.found AS text), p.digest) > 0)
""")
"""A check that names an erased object is made anew."""

SHARDS_OF = text("UPDATE shards SET finished_at = now() WHERE library_id = :library_id AND finished_at IS NULL")

LISTED_OF = text("""
    DELETE FROM listed_keys USING listings l WHERE listed_keys.listing_id = l.listing_id AND l.library_id = :library_id
""")

NEXT_ITEMS = text("""
    SELECT item_id, sha256 FROM items
    WHERE library_id = :library_id AND item_id > :after ORDER BY item_id LIMIT :most
""")

NEXT_ORIGINALS = text("""
    SELECT original_id, key FROM originals
    WHERE library_id = :library_id AND bucket = :bucket AND key > :after ORDER BY key LIMIT :most
""")

DROP_ORIGINALS = text("DELETE FROM originals WHERE library_id = :library_id AND original_id = ANY(:originals)")

LEAVES = text("SELECT CAST(relid AS text) FROM pg_partition_tree(CAST(:name AS regclass)) WHERE isleaf")

IN_FLIGHT = text("""
    SELECT COALESCE(EXTRACT(epoch FROM max(leased_until) - now()), 0) FROM shards
    WHERE library_id = :library_id AND started_at <= :closed_at AND leased_until > now()
      AND (finished_at IS NULL OR finished_at = :closed_at)
""")
"""What the closing finished itself may have a worker still, until its next heartbeat."""


@dataclass(slots=True)
class Gone:
    """What was taken out: rows by table, and the memories that showed it."""

    counts: Counter[str] = field(default_factory=Counter)
    memories: list[str] = field(default_factory=list)


def forget_items(
    connection: Connection, library_id: int, items: Mapping[bytes, int], ended: Sequence[StepOutcome], *, task: str
) -> Gone:
    """Take items (by SHA-256) out of a closed library; their originals stay, and end as `ended` says.

    An original that is due stays due: its object changed, and what it is now is not known yet.
    """
    gone = Gone()
    ids = list(items.values())
    scope = {"library_id": library_id, "items": ids}
    changes.mark(connection, library_id, ids)
    highlights.leave_out(connection, library_id, ids)
    originals = list(connection.execute(DETACH, scope).scalars())
    gone.counts["originals"] = len(originals)
    gone.counts["due"] = connection.execute(FORGET_DUE, {**scope, "subjects": ids}).rowcount
    shown = memories.showing(connection, library_id, ids)
    gone.memories = [memory.memory_id for memory in memories.withdraw(connection, shown)]
    gone.counts["memories"] = len(gone.memories)
    subjects = [*ids, *originals]
    gone.counts["outcomes"] = outcomes.forget(connection, library_id, subjects)
    gone.counts["outcome_history"] = forget_history(connection, library_id, subjects)
    digests = [sha256.hex() for sha256 in items]
    gone.counts["superseded_objects"] = connection.execute(FORGET_SUPERSEDED, {**scope, "digests": digests}).rowcount
    connection.execute(FORGET_CHECKS, {**scope, "digests": digests})
    gone.counts += _drop_results(connection, library_id, items)
    _end(connection, library_id, originals, ended, task=task)
    return gone


def forget_unread(
    connection: Connection, library_id: int, originals: Sequence[int], ended: Sequence[StepOutcome], *, task: str
) -> Counter[str]:
    """Forget all that is known of originals that are no item, and end them as `ended` says."""
    scope = {"library_id": library_id, "subjects": list(originals)}
    counts = Counter(
        originals=len(originals),
        due=connection.execute(FORGET_DUE, scope).rowcount,
        outcomes=outcomes.forget(connection, library_id, originals),
        outcome_history=forget_history(connection, library_id, originals),
    )
    _end(connection, library_id, originals, ended, task=task)
    return counts


def forget_history(connection: Connection, library_id: int, subjects: Sequence[int]) -> int:
    """Delete all past outcomes of these originals and items; how many."""
    return connection.execute(FORGET_HISTORY, {"library_id": library_id, "subjects": list(subjects)}).rowcount


def close_library(connection: Connection, library_id: int) -> Counter[str]:
    """Take a library from the list of libraries, with all that hangs on it there, and stop all work on it.

    Its items, originals and objects are taken by batches afterwards; nothing can come in any more.
    """
    scope = {"library_id": library_id}
    memories.withdraw(connection, memories.borrowing(connection, library_id))
    connection.execute(SHARDS_OF, scope)
    connection.execute(LISTED_OF, scope)
    counts: Counter[str] = Counter()
    libraries = Base.metadata.tables["libraries"]
    for table in reversed(Base.metadata.sorted_tables):
        if any(key.column.table is libraries for key in table.foreign_keys):
            counts[table.name] = connection.execute(table.delete().where(table.c.library_id == library_id)).rowcount
    connection.execute(libraries.delete().where(libraries.c.library_id == library_id))
    return counts


def drop_items(connection: Connection, library_id: int, *, after: int, most: int) -> tuple[Counter[str], int | None]:
    """Delete the next items of a closed library and all that is known of them; the last one's id, None at the end."""
    rows = connection.execute(NEXT_ITEMS, {"library_id": library_id, "after": after, "most": most}).all()
    if not rows:
        return Counter(), None
    items = {bytes(row.sha256): row.item_id for row in rows}
    counts = _drop_subjects(connection, library_id, list(items.values()))
    return counts + _drop_results(connection, library_id, items), rows[-1].item_id


def drop_originals(
    connection: Connection, library_id: int, bucket: str, *, after: str, most: int
) -> tuple[Counter[str], str | None]:
    """Delete the next originals of a closed library and all that is known of them; the last key, None at the end."""
    scope = {"library_id": library_id, "bucket": bucket, "after": after, "most": most}
    rows = connection.execute(NEXT_ORIGINALS, scope).all()
    if not rows:
        return Counter(), None
    originals = [row.original_id for row in rows]
    counts = _drop_subjects(connection, library_id, originals)
    parameters = {"library_id": library_id, "originals": originals}
    counts["originals"] = connection.execute(DROP_ORIGINALS, parameters).rowcount
    return counts, rows[-1].key


def drop_rest(connection: Connection, library_id: int, *, most: int) -> Counter[str]:
    """Delete at most so many rows of any table that are left of a closed library; nothing counted: nothing is left."""
    for table in reversed(Base.metadata.sorted_tables):
        if "library_id" in table.c and table.name not in OUTLIVE_A_LIBRARY:
            for leaf in connection.execute(LEAVES, {"name": table.name}).scalars().all() or [table.name]:
                dropped = drop_some(connection, leaf, library_id, most=most)
                if dropped:
                    return Counter({table.name: dropped})
    return Counter()


def drop_some(connection: Connection, table: str, library_id: int, *, most: int) -> int:
    """Delete at most so many rows of a library from one table that has no partitions."""
    statement = text(f"""
        DELETE FROM {table} WHERE ctid = ANY(
            ARRAY(SELECT ctid FROM {table} WHERE library_id = :library_id LIMIT :most))
    """)  # noqa: S608
    return connection.execute(statement, {"library_id": library_id, "most": most}).rowcount


def in_flight_seconds(connection: Connection, library_id: int, closed_at: datetime) -> float:
    """How long workers that began before `closed_at` may still store objects; 0: none can."""
    parameters = {"library_id": library_id, "closed_at": closed_at}
    return float(connection.execute(IN_FLIGHT, parameters).scalar_one())


def item_tables() -> list[Table]:
    """Where something is known of items: the tables with their key, of whichever step and package."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if {"library_id", "item_id"} <= set(table.c.keys()) and table.name not in NO_RESULTS
    ]


def _drop_results(connection: Connection, library_id: int, items: Mapping[bytes, int]) -> Counter[str]:
    ids, counts = list(items.values()), Counter[str]()
    for table in item_tables():
        gone = table.delete().where(table.c.library_id == library_id, table.c.item_id.in_(ids))
        counts[table.name] = connection.execute(gone).rowcount
    connection.execute(FORGET_FINGERPRINTS, {"library_id": library_id, "hashes": list(items)})
    return counts


def _drop_subjects(connection: Connection, library_id: int, subjects: Sequence[int]) -> Counter[str]:
    outcome = Base.metadata.tables["outcomes"]
    gone = outcome.delete().where(outcome.c.library_id == library_id, outcome.c.subject_id.in_(subjects))
    return Counter(
        outcomes=connection.execute(gone).rowcount,
        outcome_history=forget_history(connection, library_id, subjects),
    )


def _end(
    connection: Connection, library_id: int, originals: Sequence[int], ended: Sequence[StepOutcome], *, task: str
) -> None:
    outcomes.write(connection, library_id, [(one, outcome) for one in originals for outcome in ended], task=task)
