"""What is in a leased shard, and what is already known of the content it meets?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from albumen.catalog import due, tombstones
from albumen.catalog.leases import Lease


@dataclass(frozen=True, slots=True)
class Subject:
    """One original or item of a shard, with the steps due on it.

    Attributes
    ----------
    subject_kind : str
        `o` for an original, `i` for an item.
    original_id, bucket, key, etag, size, last_modified :
        The original itself, or the item's lowest living original that the last listing saw, if it saw one.
    sha256, kind, mime, preview_key, frames_key, camera, renditions_inputs :
        Of the item, None for an original not yet fingerprinted.
    attempts : dict of step to int
        The due steps and the item-fault attempts each has had.
    """

    subject_id: int
    subject_kind: str
    original_id: int
    bucket: str
    key: str
    etag: str
    size: int
    last_modified: datetime
    item_id: int | None
    sha256: bytes | None
    kind: str | None
    mime: str | None
    preview_key: str | None
    frames_key: str | None
    camera: str | None
    renditions_inputs: str | None
    failing_since: datetime | None
    attempts: dict[str, int]


SUBJECTS = text("""
    WITH work AS (
        SELECT library_id, subject_id, subject_kind, min(seq) AS seq, min(failing_since) AS failing_since,
            jsonb_object_agg(step, attempts) AS attempts
        FROM due WHERE shard_id = :shard_id GROUP BY 1, 2, 3
    )
    SELECT w.subject_id, w.subject_kind, o.original_id, o.bucket, o.key, o.etag, o.size, o.last_modified,
        i.item_id, i.sha256, COALESCE(i.kind, o.kind) AS kind, COALESCE(i.mime, o.mime) AS mime,
        r.key AS preview_key, v.key AS frames_key, concat_ws(' ', f.make, f.model) AS camera,
        s.inputs_key AS renditions_inputs, w.failing_since, w.attempts
    FROM work w
    CROSS JOIN LATERAL (
        (SELECT * FROM originals WHERE w.subject_kind = 'o' AND original_id = w.subject_id AND vanished_at IS NULL)
        UNION ALL
        (SELECT * FROM originals
         WHERE w.subject_kind = 'i' AND library_id = w.library_id AND item_id = w.subject_id AND vanished_at IS NULL
         ORDER BY missed_listing IS NOT NULL, original_id LIMIT 1)
    ) AS o
    LEFT JOIN items i ON w.subject_kind = 'i' AND i.library_id = w.library_id AND i.item_id = w.subject_id
    LEFT JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id
    LEFT JOIN renditions r ON r.library_id = i.library_id AND r.item_id = i.item_id AND r.name = 'preview'
    LEFT JOIN renditions v ON i.kind = 'video' AND v.library_id = i.library_id AND v.item_id = i.item_id
        AND v.name = 'frames'
    LEFT JOIN outcomes s ON s.library_id = i.library_id AND s.subject_id = i.item_id
        AND s.step = CASE i.kind WHEN 'video' THEN 'poster' ELSE 'renditions' END
    ORDER BY w.seq
""")

ELSEWHERE = text("""
    SELECT original_id, bucket, key, etag, size, last_modified FROM originals
    WHERE library_id = :library_id AND item_id = :item_id AND vanished_at IS NULL AND original_id <> :original_id
    ORDER BY missed_listing IS NOT NULL, original_id LIMIT :most
""")

MOST_ELSEWHERE = 8

MET = text("SELECT sha256 FROM fingerprints WHERE library_id = :library_id AND sha256 = ANY(:hashes)")
"""Most content is new: asking that first spares the planner all partitions of what `KNOWN` joins."""

KNOWN = text("""
    SELECT f.sha256, f.item_id,
        CASE WHEN fa.original_id IS NOT NULL AND h.original_id IS NULL THEN 9223372036854775807
            ELSE COALESCE(fa.original_id, 0) END AS facts_original,
        COALESCE(
            jsonb_object_agg(s.step, s.inputs_key) FILTER (WHERE s.state <> 'retrying' OR d.step IS NOT NULL), '{}'
        ) AS inputs,
        COALESCE(bool_or(i.retired_at IS NOT NULL), false) AS is_retired, max(i.kind) AS kind
    FROM fingerprints f
    LEFT JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id
    LEFT JOIN facts fa ON fa.library_id = f.library_id AND fa.item_id = f.item_id
    LEFT JOIN originals h ON h.library_id = fa.library_id AND h.original_id = fa.original_id AND h.item_id = fa.item_id
        AND h.vanished_at IS NULL
    LEFT JOIN outcomes s ON s.library_id = f.library_id AND s.subject_id = f.item_id
    LEFT JOIN due d ON d.library_id = s.library_id AND d.subject_id = s.subject_id AND d.step = s.step
    WHERE f.library_id = :library_id AND f.sha256 = ANY(:hashes)
    GROUP BY 1, 2, 3
""")


@dataclass(frozen=True, slots=True)
class KnownContent:
    """Content met before.

    Attributes
    ----------
    facts_original : int
        Whose facts the item has; 0: it has none; beyond every id: those of an original that left it.
    inputs : dict of step to inputs key
        Of the steps that ended, or wait for another try, on it.
    is_retired : bool
        No original has it at the moment.
    is_erased : bool
        It was erased and may not come back; nothing else is known of it.
    """

    item_id: int
    facts_original: int
    inputs: dict[str, str]
    is_retired: bool
    is_erased: bool = False
    kind: str | None = None


def subjects(connection: Connection, lease: Lease) -> list[Subject]:
    """The unfinished part of a shard, in order of arrival."""
    due.lookups_only(connection)
    rows = connection.execute(SUBJECTS, {"shard_id": lease.shard_id}).mappings()
    return [Subject(**dict(row)) for row in rows]


def elsewhere(connection: Connection, library_id: int, subject: Subject) -> list[Subject]:
    """An item with its other living originals, `MOST_ELSEWHERE` at most, in the order in which they are read from."""
    if subject.subject_kind != "i":
        return []
    scope = {"library_id": library_id, "item_id": subject.subject_id, "original_id": subject.original_id}
    rows = connection.execute(ELSEWHERE, {**scope, "most": MOST_ELSEWHERE}).mappings()
    return [replace(subject, **dict(row)) for row in rows]


def known_contents(connection: Connection, library_id: int, hashes: Sequence[bytes]) -> dict[bytes, KnownContent]:
    """What the library already has of these SHA-256 digests."""
    if not hashes:
        return {}
    due.lookups_only(connection)
    scope = {"library_id": library_id, "hashes": list(hashes)}
    erased = tombstones.among(connection, library_id, hashes)
    found = {sha256: KnownContent(0, 0, {}, is_retired=False, is_erased=True) for sha256 in erased}
    met = {bytes(sha256) for sha256 in connection.execute(MET, scope).scalars()} - erased
    if not met:
        return found
    rows = connection.execute(KNOWN, {**scope, "hashes": sorted(met)})
    return found | {
        bytes(row.sha256): KnownContent(row.item_id, row.facts_original, row.inputs, row.is_retired, kind=row.kind)
        for row in rows
    }
