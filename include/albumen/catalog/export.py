"""What does Albumen know? One record per living original, in the machine-readable contract.

Reads the whole library, in pages by key: bounded memory at any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import models_in_use, steps_by_kind
from albumen.catalog.libraries import Library

PAGE = 500
STATE_ORDER = ("quarantined", "due", "unseen", "done", "skipped")
"""`unseen`, told as `skipped`: nothing shows it, for no decoder reads it. Facts alone are no `done`."""

RECORDS = text("""
    WITH page AS (
        SELECT * FROM originals
        WHERE library_id = :library_id AND bucket = :bucket AND vanished_at IS NULL AND key > :after
          AND (CAST(:only AS text) IS NULL OR key = :only)
        ORDER BY key LIMIT :page
    )
    SELECT o.key, o.original_id, o.size, o.kind, o.mime, i.sha256, to_jsonb(f) AS facts, to_jsonb(v) AS video,
        half.key AS half_key, encode(mo.sha1, 'hex') AS motion_sha1, mo.bytes AS motion_bytes,
        first.key AS first_key, out.outcomes, d.due, r.renditions, fa.faces,
        q.score AS quality, q.reasons AS quality_reasons, pl.place, ev.event_id, ev.trip_id,
        sc.labels, sc.objects, dm.group_id, sf.score AS safety, pk.kind AS picture_kind, NULLIF(tx.text, '') AS text
    FROM page o
    LEFT JOIN items i ON i.library_id = o.library_id AND i.item_id = o.item_id
    LEFT JOIN facts f ON f.library_id = o.library_id AND f.item_id = o.item_id
    LEFT JOIN videos v ON v.library_id = o.library_id AND v.item_id = o.item_id
    LEFT JOIN motions mo ON mo.library_id = o.library_id AND mo.item_id = o.item_id
    LEFT JOIN LATERAL (
        SELECT c.key FROM pair_marks mine
        JOIN pair_marks theirs
            ON theirs.library_id = mine.library_id AND theirs.mark = mine.mark AND theirs.half <> mine.half
        JOIN originals c ON c.library_id = theirs.library_id AND c.item_id = theirs.item_id AND c.vanished_at IS NULL
        WHERE mine.library_id = o.library_id AND mine.item_id = o.item_id
        ORDER BY c.original_id LIMIT 1
    ) AS half ON true
    LEFT JOIN safety sf ON sf.library_id = o.library_id AND sf.item_id = o.item_id
    LEFT JOIN picture_kinds pk ON pk.library_id = o.library_id AND pk.item_id = o.item_id
    LEFT JOIN texts tx ON tx.library_id = o.library_id AND tx.item_id = o.item_id
    LEFT JOIN quality q ON q.library_id = o.library_id AND q.item_id = o.item_id
    LEFT JOIN item_events ev ON ev.library_id = o.library_id AND ev.item_id = o.item_id
    LEFT JOIN LATERAL (
        SELECT m.group_id FROM duplicate_members m
        JOIN duplicate_groups g ON g.library_id = m.library_id AND g.group_id = m.group_id
        WHERE m.library_id = o.library_id AND m.item_id = o.item_id AND m.kind = 'near'
          AND g.decision IS DISTINCT FROM 'different'
    ) AS dm ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_build_object('city', n.city, 'region', n.region, 'country', n.country, 'inferred', p.inferred)
            AS place
        FROM item_places p JOIN places n ON n.library_id = p.library_id AND n.place_id = p.place_id
        WHERE p.library_id = o.library_id AND p.item_id = o.item_id
    ) AS pl ON true
    LEFT JOIN LATERAL (
        SELECT key FROM originals c
        WHERE c.library_id = o.library_id AND c.item_id = o.item_id AND c.vanished_at IS NULL
        ORDER BY c.original_id LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(s.step, jsonb_build_object('version', s.version, 'state', s.state, 'reason', s.reason,
            'detail', s.detail, 'attempts', s.attempts)) AS outcomes
        FROM outcomes s WHERE s.library_id = o.library_id AND s.subject_id = COALESCE(o.item_id, o.original_id)
    ) AS out ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(e.step, CASE WHEN e.shard_id IS NULL THEN 'due' ELSE 'leased' END) AS due
        FROM due e WHERE e.library_id = o.library_id AND e.subject_id IN (o.original_id, o.item_id)
    ) AS d ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('name', n.name, 'key', n.key, 'mime', n.mime, 'width', n.width,
            'height', n.height, 'bytes', n.bytes) ORDER BY n.name) AS renditions
        FROM renditions n WHERE n.library_id = o.library_id AND n.item_id = o.item_id
    ) AS r ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('box', jsonb_build_array(f.x, f.y, f.width, f.height), 'score', f.score,
            'person', p.person_id) || CASE WHEN f.frame_s IS NULL THEN '{}'
                ELSE jsonb_build_object('frame_s', f.frame_s) END ORDER BY f.face_no) AS faces
        FROM faces f
        LEFT JOIN face_people p ON p.library_id = f.library_id AND p.item_id = f.item_id AND p.face_no = f.face_no
        WHERE f.library_id = o.library_id AND f.item_id = o.item_id
    ) AS fa ON true
    LEFT JOIN LATERAL (
        SELECT (
            SELECT jsonb_agg(jsonb_build_object('name', name, 'score', score) ORDER BY place)
            FROM unnest(s.labels, s.scores) WITH ORDINALITY AS l(name, score, place)
        ) AS labels, s.objects
        FROM scenes s WHERE s.library_id = o.library_id AND s.item_id = o.item_id AND s.model_id = :scene
    ) AS sc ON true
    ORDER BY o.key
""")


def records(connection: Connection, library: Library, *, key: str | None = None) -> Iterator[dict[str, Any]]:
    """Records of all originals in key order, or of the one with that key (with the library's prefix)."""
    after, scene = "", models_in_use.model_ids(connection)[models_in_use.SCENE]
    while True:
        parameters = {
            "library_id": library.library_id,
            "bucket": library.bucket,
            "after": after,
            "only": key,
            "page": PAGE,
            "scene": scene,
        }
        rows = connection.execute(RECORDS, parameters).mappings().all()
        for row in rows:
            yield record(dict(row), library.prefix)
        if len(rows) < PAGE or key is not None:
            return
        after = rows[-1]["key"]


def record(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """One original in the shape of the contract; absent facts are null."""
    facts: Mapping[str, Any] = row["facts"] or {}
    video: Mapping[str, Any] = row["video"] or {}
    steps = _steps(row["outcomes"] or {}, row["due"] or {})
    state, reason, detail = _state(steps, steps_by_kind.SHOWS.get(row["kind"] or "photo"))
    first = row["first_key"]
    return {
        "key": row["key"].removeprefix(prefix),
        "sha256": row["sha256"].hex() if row["sha256"] else None,
        "bytes": row["size"],
        "state": state,
        "reason": reason,
        "detail": detail,
        "kind": row["kind"],
        "mime": row["mime"],
        "width": facts.get("width"),
        "height": facts.get("height"),
        "orientation": facts.get("orientation"),
        "taken": _taken(facts),
        "gps": _gps(facts),
        "refused": facts.get("refused") or {},
        "camera": {name: facts.get(name) for name in ("make", "model", "lens")},
        "duration_s": video.get("duration_s"),
        "rotation": video.get("rotation"),
        "codec": video.get("video_codec"),
        "live_photo": row["half_key"].removeprefix(prefix) if row["half_key"] else None,
        "motion": {"sha1": row["motion_sha1"], "bytes": row["motion_bytes"]} if row["motion_sha1"] else None,
        "duplicate_of": first.removeprefix(prefix) if first and first != row["key"] else None,
        "renditions": row["renditions"] or [],
        "faces": row["faces"] or [],
        "labels": row["labels"] or [],
        "objects": row["objects"] or [],
        "text": row["text"],
        "safety": row["safety"],
        "picture_kind": row["picture_kind"],
        "quality": {"score": row["quality"], "reasons": row["quality_reasons"]} if row["quality"] is not None else None,
        "place": row["place"],
        "event": row["event_id"],
        "trip": row["trip_id"],
        "near_duplicates": row["group_id"],
        "steps": {name: {k: v for k, v in step.items() if k != "detail"} for name, step in steps.items()},
    }


def _steps(outcomes: Mapping[str, dict[str, Any]], due: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    steps = {name: dict(outcome) for name, outcome in sorted(outcomes.items())}
    for name, state in due.items():
        step = steps.setdefault(name, {"version": None, "reason": None, "detail": None, "attempts": 0})
        step["state"] = "retrying" if step.get("state") == "retrying" else state
    return steps


def _state(steps: Mapping[str, Mapping[str, Any]], shows: str | None) -> tuple[str, str | None, str | None]:
    """An original's state from its steps', by `STATE_ORDER`; without the step that `shows` it nobody can look at it."""
    coarse = {"leased": "due", "retrying": "due"}
    for wanted in STATE_ORDER:
        for name, step in steps.items():
            is_unseen = name == shows and step["state"] == "skipped"
            if wanted == ("unseen" if is_unseen else coarse.get(step["state"], step["state"])):
                return "skipped" if is_unseen else wanted, step["reason"], step["detail"]
    return "due", None, None


def _taken(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    if not facts.get("taken_local"):
        return None
    minutes = facts["taken_offset_minutes"]
    utc = facts["taken_utc"]
    return {
        "local": _trimmed(datetime.fromisoformat(facts["taken_local"])),
        "offset": None
        if minutes is None
        else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}",
        "utc": None
        if utc is None
        else _trimmed(datetime.fromisoformat(utc).astimezone(UTC).replace(tzinfo=None)) + "Z",
        "zone": facts["taken_zone"],
        "source": facts["taken_source"],
        "zone_source": facts["zone_source"],
        "confidence": facts["taken_confidence"],
    }


def _trimmed(moment: datetime) -> str:
    """ISO text with as many sub-second digits as mean something."""
    return moment.isoformat(timespec="microseconds").rstrip("0").rstrip(".")


def _gps(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    if facts.get("gps_lat") is None:
        return None
    return {
        "lat": facts["gps_lat"],
        "lon": facts["gps_lon"],
        "alt": facts["gps_alt"],
        "source": facts["gps_source"],
    }
