"""Which items fulfil a filter? Asked so that the answer takes as long in a large library as in a small one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text

from albumen.catalog import item_words

LOOKED_AT = 5000
"""So many of what fulfils one part of a filter are held against the other parts."""

OF_TIME = text("""
    SELECT f.item_id
    FROM unnest(CAST(:firsts AS timestamp[]), CAST(:lasts AS timestamp[])) WITH ORDINALITY AS s(first, last, number)
    CROSS JOIN LATERAL (
        SELECT item_id FROM facts
        WHERE library_id = :library_id AND taken_local >= s.first AND taken_local < s.last
        ORDER BY taken_local DESC LIMIT :most
    ) AS f
    LIMIT :most
""")
"""Spans in the order they are given, which is the latest first."""

OF_PLACES = text("""
    SELECT p.item_id FROM unnest(CAST(:places AS text[])) AS s(place_id)
    CROSS JOIN LATERAL (
        SELECT item_id FROM item_places WHERE library_id = :library_id AND place_id = s.place_id
        ORDER BY item_id DESC LIMIT :most
    ) AS p
    ORDER BY 1 DESC LIMIT :most
""")

_NEWEST = "SELECT item_id FROM {table} WHERE library_id = :library_id {which} ORDER BY item_id DESC LIMIT :most"
OF_PERSON = text(_NEWEST.format(table="face_people", which="AND person_id = :person"))
OF_PICTURE_KIND = text(_NEWEST.format(table="picture_kinds", which="AND kind = :kind AND kind <> 'photo'"))
OF_KIND = text(_NEWEST.format(table="items", which="AND kind = :kind AND kind <> 'photo' AND retired_at IS NULL"))
NEWEST = text(_NEWEST.format(table="items", which="AND retired_at IS NULL"))

OF_CAMERA = text("""
    SELECT item_id FROM item_words
    WHERE library_id = :library_id AND words @@ to_tsquery('simple', :camera) LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Filter:
    """What every hit has to fulfil; an empty field asks for nothing.

    Attributes
    ----------
    spans : sequence of (datetime, datetime)
        Local wall times, the first included, the last not: one of them.
    place_ids, person_ids : sequence of str
        One of the places; all of the people.
    kind : str
        `photo` or `video`.
    picture_kind : str
        `screenshot`, `document`, `receipt`, …
    camera : str
        Words of a make and model, all of them.
    since, until : date or None
        First and last local day, besides.
    """

    spans: Sequence[tuple[datetime, datetime]] = ()
    place_ids: Sequence[str] = ()
    person_ids: Sequence[str] = ()
    kind: str = ""
    picture_kind: str = ""
    camera: str = ""
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return any(getattr(self, name) for name in self.__slots__)


def scarcest(connection: Connection, library_id: int, wanted: Filter) -> tuple[list[int], Filter]:
    """Items that fulfil that part of a filter which fewest do, the newest first, and what is left to be asked of them.

    `LOOKED_AT` items at most. Of photos and ordinary pictures, which nearly everything is, it gives whatever is newest.
    """
    scope = {"library_id": library_id, "most": LOOKED_AT}
    found = [
        (list(connection.execute(part.question, {**scope, **part.parameters}).scalars()), part.rest)
        for part in _parts(wanted) or [_Part(NEWEST, {}, wanted)]
    ]
    return min(found, key=lambda each: len(each[0]))


class _Part(NamedTuple):
    """A part of a filter: what gives the items that fulfil it, and the filter without it."""

    question: TextClause
    parameters: dict[str, Any]
    rest: Filter


def _parts(wanted: Filter) -> list[_Part]:
    """The parts that a filter has, time first: of two that more fulfil than are looked at, the first is taken.

    The newest of a span are of every place and everybody; the newest of a place are all of one time.
    """
    parts: list[_Part] = []
    if spans := spans_of(wanted):
        firsts, lasts = zip(*spans, strict=True)
        timeless = replace(wanted, spans=(), since=None, until=None)
        parts.append(_Part(OF_TIME, {"firsts": list(firsts), "lasts": list(lasts)}, timeless))
    for one in wanted.person_ids:
        others = [other for other in wanted.person_ids if other != one]
        parts.append(_Part(OF_PERSON, {"person": one}, replace(wanted, person_ids=others)))
    if wanted.place_ids:
        parts.append(_Part(OF_PLACES, {"places": list(wanted.place_ids)}, replace(wanted, place_ids=())))
    if wanted.picture_kind not in ("", "photo"):
        parts.append(_Part(OF_PICTURE_KIND, {"kind": wanted.picture_kind}, replace(wanted, picture_kind="")))
    if wanted.kind not in ("", "photo"):
        parts.append(_Part(OF_KIND, {"kind": wanted.kind}, replace(wanted, kind="")))
    if wanted.camera:
        camera = item_words.query([wanted.camera], ["camera"])
        parts.append(_Part(OF_CAMERA, {"camera": camera}, replace(wanted, camera="")))
    return parts


def spans_of(wanted: Filter) -> list[tuple[datetime, datetime]]:
    """The spans of a filter within its days, the latest first; none where it asks for no time, or an impossible one."""
    if not (wanted.spans or wanted.since or wanted.until):
        return []
    least = datetime.combine(wanted.since or date.min, time())
    most = datetime.combine(wanted.until, time()) + timedelta(days=1) if wanted.until else datetime.max
    within = [(max(first, least), min(last, most)) for first, last in wanted.spans or [(least, most)]]
    return sorted((span for span in within if span[0] < span[1]), reverse=True)
