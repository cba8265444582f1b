"""The quarantine, part by part: filtered, in the order of its subjects, each part as quick as the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

EXAMINED = 1000
"""How many are looked at for one part where a filter needs their keys or cameras."""

NEXT = text("""
    SELECT subject_id, step FROM outcomes
    WHERE library_id = :library_id AND state = 'quarantined' AND (:step = '' OR step = :step)
      AND (:reason = '' OR reason = :reason)
      AND (subject_id, step) > (CAST(:after_subject AS bigint), CAST(:after_step AS text))
    ORDER BY subject_id, step LIMIT :most
""")

SHOWN = text("""
    SELECT s.subject_id, CASE WHEN i.item_id IS NULL THEN 'o' ELSE 'i' END AS subject_kind,
        COALESCE(o.key, '') AS key, o.size, COALESCE(o.mime, i.mime) AS mime, s.step, s.reason,
        COALESCE(s.detail, '') AS detail, s.attempts, s.at, s.task,
        NULLIF(concat_ws(' ', f.make, f.model), '') AS camera, r.key AS thumb
    FROM unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
    JOIN outcomes s ON s.library_id = :library_id AND s.subject_id = p.subject_id AND s.step = p.step
    LEFT JOIN items i ON i.library_id = s.library_id AND i.item_id = s.subject_id
    LEFT JOIN facts f ON f.library_id = s.library_id AND f.item_id = s.subject_id
    LEFT JOIN renditions r ON r.library_id = s.library_id AND r.item_id = s.subject_id AND r.name = 'thumb'
    LEFT JOIN LATERAL (
        (SELECT key, original_id, size, mime FROM originals
         WHERE library_id = s.library_id AND item_id = s.subject_id AND vanished_at IS NULL)
        UNION ALL
        (SELECT key, original_id, size, mime FROM originals
         WHERE original_id = s.subject_id AND library_id = s.library_id)
        ORDER BY original_id LIMIT 1
    ) AS o ON true
    WHERE s.state = 'quarantined' AND (:prefix = '' OR starts_with(o.key, :prefix))
      AND (:camera = '' OR strpos(lower(concat_ws(' ', f.make, f.model)), lower(:camera)) > 0)
    ORDER BY s.subject_id, s.step LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of the quarantine; an empty field selects everything. `prefix` is of whole keys, `camera` any part."""

    step: str = ""
    reason: str = ""
    prefix: str = ""
    camera: str = ""

    @property
    def needs_facts(self) -> bool:
        """Whether rows have to be looked at one by one."""
        return bool(self.prefix or self.camera)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part ends, and the next begins."""

    subject_id: int = 0
    step: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One step on one subject in quarantine.

    Attributes
    ----------
    key : str
        Of its first living original; empty when none is left.
    thumb : str or None
        Key of a rendition of ours, made when the step went well or by another step: safe to show.
    """

    subject_id: int
    subject_kind: str
    key: str
    size: int | None
    mime: str | None
    step: str
    reason: str
    detail: str
    attempts: int
    at: datetime
    task: str
    camera: str | None
    thumb: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """Rows, and where to go on; `after` is None at the end. Fewer rows than asked for do not mean the end."""

    rows: list[Held]
    after: Place | None


def part(connection: Connection, library_id: int, chosen: Filter, after: Place, *, most: int) -> Part:
    """The next rows behind a place, at most so many."""
    looked = max(EXAMINED, most) if chosen.needs_facts else most
    scope: dict[str, Any] = {"library_id": library_id, "step": chosen.step, "reason": chosen.reason}
    place = {"after_subject": after.subject_id, "after_step": after.step, "most": looked}
    found = connection.execute(NEXT, {**scope, **place}).all()
    shown = {
        "library_id": library_id,
        "subjects": [row.subject_id for row in found],
        "steps": [row.step for row in found],
        "prefix": chosen.prefix,
        "camera": chosen.camera,
        "most": most,
    }
    rows = [Held(**dict(row)) for row in connection.execute(SHOWN, shown).mappings()] if found else []
    if len(rows) == most and chosen.needs_facts:
        return Part(rows, Place(rows[-1].subject_id, rows[-1].step))
    return Part(rows, Place(found[-1].subject_id, found[-1].step) if len(found) == looked else None)


def every(connection: Connection, library_id: int, chosen: Filter, *, most: int) -> Iterator[list[Held]]:
    """All rows that a filter selects, part by part, at most `most` of them."""
    place: Place | None = Place()
    left = most
    while place is not None and left > 0:
        found = part(connection, library_id, chosen, place, most=min(left, EXAMINED))
        left -= len(found.rows)
        place = found.after
        if found.rows:
            yield found.rows


def named(connection: Connection, library_id: int, pairs: Sequence[tuple[int, str]]) -> list[Held]:
    """Those of (subject, step) pairs that are in quarantine."""
    shown = {
        "library_id": library_id,
        "subjects": [subject for subject, _ in pairs],
        "steps": [step for _, step in pairs],
        "prefix": "",
        "camera": "",
        "most": len(pairs),
    }
    return [Held(**dict(row)) for row in connection.execute(SHOWN, shown).mappings()] if pairs else []


def below(chosen: Filter, prefix: str) -> Filter:
    """A filter as a person gives it, with the library's own prefix before theirs."""
    return replace(chosen, prefix=prefix + chosen.prefix) if chosen.prefix else chosen
