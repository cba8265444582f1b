"""What do sidecars say, and whose facts must be read again because of one?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from albumen.catalog import due, steps_by_kind


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The content of one sidecar: `xmp` or `takeout`, and its bytes."""

    kind: str
    content: bytes


ANY = text("SELECT EXISTS (SELECT FROM sidecars WHERE library_id = :library_id)")

AT = text("""
    SELECT o.key, s.kind, s.content
    FROM unnest(CAST(:keys AS text[])) AS p(key)
    JOIN originals o ON o.library_id = :library_id AND o.bucket = :bucket AND o.key = p.key AND o.vanished_at IS NULL
    JOIN sidecars s ON s.library_id = o.library_id AND s.item_id = o.item_id
""")

TOLD_OF = text("""
    SELECT o.original_id, o.item_id, o.kind, d.steps
    FROM libraries l
    CROSS JOIN unnest(CAST(:keys AS text[])) AS p(key)
    JOIN originals o ON o.library_id = l.library_id AND o.bucket = l.bucket AND o.key = p.key AND o.vanished_at IS NULL
    LEFT JOIN LATERAL (
        SELECT array_agg(step) AS steps FROM due
        WHERE due.library_id = l.library_id AND subject_id = o.original_id AND step = ANY(:steps)
          AND shard_id IS NOT NULL
    ) AS d ON o.item_id IS NULL
    WHERE l.library_id = :library_id
    ORDER BY o.original_id
""")


def beside(
    connection: Connection, library_id: int, bucket: str, candidates: Mapping[str, Sequence[str]]
) -> dict[str, list[Sidecar]]:
    """The sidecars that are known of some originals.

    Parameters
    ----------
    candidates : mapping of str to sequence of str
        An original's key to the keys its sidecars may have, the best first.

    Returns
    -------
    dict of str to list of Sidecar
        For originals that have one, the best first.
    """
    if not candidates or not connection.execute(ANY, {"library_id": library_id}).scalar_one():
        return {}
    due.lookups_only(connection)
    keys = sorted({key for some in candidates.values() for key in some})
    rows = connection.execute(AT, {"library_id": library_id, "bucket": bucket, "keys": keys})
    found = {row.key: Sidecar(row.kind, bytes(row.content)) for row in rows}
    told = {key: [found[one] for one in some if one in found] for key, some in candidates.items()}
    return {key: sidecars for key, sidecars in told.items() if sidecars}


def retell(connection: Connection, library_id: int, keys: Collection[str]) -> None:
    """Make the facts of the originals with these keys due; a result that is on its way is dropped."""
    if not keys:
        return
    due.lookups_only(connection)
    scope = {"library_id": library_id, "keys": sorted(keys), "steps": list(steps_by_kind.FACTS.values())}
    rows = connection.execute(TOLD_OF, scope).all()
    items = {
        row.item_id: steps_by_kind.FACTS[row.kind] for row in rows if row.item_id and row.kind in steps_by_kind.FACTS
    }
    due.enqueue(connection, library_id, items.items(), subject_kind="i", lane=due.Lane.FRESH)
    in_work = [(row.original_id, step) for row in rows for step in row.steps or ()]
    due.enqueue(connection, library_id, in_work, subject_kind="o", lane=due.Lane.FRESH)
