"""The quarantine, part by part: filtered, in the order of its subjects, each part as quick as the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

EXAMINED = 250
"""How many are looked at for one part where a filter needs their keys or cameras."""

_OUTCOME = "s.subject_id, s.step, s.reason, COALESCE(s.detail, '') AS detail, s.attempts, s.at, s.task"

NEXT = text(f"""
    SELECT {_OUTCOME} FROM outcomes s
    WHERE s.library_id = :library_id AND s.state = 'quarantined' AND (:step = '' OR s.step = :step)
      AND (:reason = '' OR s.reason = :reason)
      AND (s.subject_id, s.step) > (CAST(:after_subject AS bigint), CAST(:after_step AS text))
    ORDER BY s.subject_id, s.step LIMIT :most
""")  # noqa: S608

NAMED = text(f"""
    SELECT {_OUTCOME} FROM unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
    JOIN outcomes s ON s.library_id = :library_id AND s.subject_id = p.subject_id AND s.step = p.step
    WHERE s.state = 'quarantined' ORDER BY s.subject_id, s.step
""")  # noqa: S608

FILES = text("""
    WITH named AS MATERIALIZED (
        SELECT p.subject_id, i.item_id, o.key, o.size, COALESCE(o.mime, i.mime) AS mime,
            CASE WHEN starts_with(lower(f.model), lower(f.make)) THEN f.model
                ELSE NULLIF(concat_ws(' ', f.make, f.model), '') END AS camera
        FROM unnest(CAST(:subjects AS bigint[])) AS p(subject_id)
        LEFT JOIN items i ON i.library_id = :library_id AND i.item_id = p.subject_id
        LEFT JOIN facts f ON f.library_id = :library_id AND f.item_id = p.subject_id
        LEFT JOIN LATERAL (
            (SELECT key, original_id, size, mime FROM originals
             WHERE library_id = :library_id AND item_id = i.item_id AND vanished_at IS NULL)
            UNION ALL
            (SELECT key, original_id, size, mime FROM originals
             WHERE original_id = p.subject_id AND library_id = :library_id AND i.item_id IS NULL)
            ORDER BY original_id LIMIT 1
        ) AS o ON true
        WHERE (:prefix = '' OR starts_with(o.key, :prefix))
          AND (:camera = '' OR strpos(lower(concat_ws(' ', f.make, f.model)), lower(:camera)) > 0)
    )
    SELECT n.subject_id, CASE WHEN n.item_id IS NULL THEN 'o' ELSE 'i' END AS subject_kind,
        COALESCE(n.key, '') AS key, n.size, n.mime, n.camera, r.key AS thumb
    FROM named n
    LEFT JOIN renditions r ON r.library_id = :library_id AND r.item_id = n.item_id AND r.name = 'thumb'
""")
"""Those of these subjects that a filter selects by their key and camera."""


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
    found = connection.execute(NEXT, {**scope, **place}).mappings().all()
    rows = _with_files(connection, library_id, found, chosen)
    if len(rows) > most:
        return Part(rows[:most], Place(rows[most - 1].subject_id, rows[most - 1].step))
    return Part(rows, Place(found[-1]["subject_id"], found[-1]["step"]) if len(found) == looked else None)


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
    subjects, steps = [subject for subject, _ in pairs], [step for _, step in pairs]
    parameters = {"library_id": library_id, "subjects": subjects, "steps": steps}
    return _with_files(connection, library_id, connection.execute(NAMED, parameters).mappings().all(), Filter())


def _with_files(connection: Connection, library_id: int, found: Sequence[RowMapping], chosen: Filter) -> list[Held]:
    """Outcomes with what is known of their files, without those that the filter leaves out."""
    parameters = {
        "library_id": library_id,
        "subjects": sorted({row["subject_id"] for row in found}),
        "prefix": chosen.prefix,
        "camera": chosen.camera,
    }
    files = {row["subject_id"]: row for row in connection.execute(FILES, parameters).mappings()} if found else {}
    return [Held(**{**row, **files[row["subject_id"]]}) for row in found if row["subject_id"] in files]


def below(chosen: Filter, prefix: str) -> Filter:
    """A filter as a person gives it, with the library's own prefix before theirs."""
    return replace(chosen, prefix=prefix + chosen.prefix) if chosen.prefix else chosen
