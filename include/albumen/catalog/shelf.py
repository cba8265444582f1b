"""All there is, by time: how many items a month has, and which ones lie at a stretch of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

MONTHS = text("""
    SELECT CAST(date_trunc('month', day) AS date) AS month, CAST(sum(shown) AS bigint) AS items FROM days
    WHERE library_id = :library_id AND shown > 0 GROUP BY 1 ORDER BY 1 DESC
""")
"""Grows with the days of a life, not with its photos."""

UNDATED = text("""
    SELECT count(*) FROM (
        SELECT FROM facts f JOIN items i USING (library_id, item_id)
        WHERE f.library_id = :library_id AND f.taken_local IS NULL AND i.retired_at IS NULL LIMIT :most) AS found
""")

_STRETCH = """
    SELECT s.item_id, s.taken_local, s.kind, p.dominant, r.key AS thumb
    FROM (
        SELECT f.library_id, f.item_id, f.taken_local, i.kind FROM facts f
        JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
        WHERE f.library_id = :library_id AND {time}
        ORDER BY f.taken_local DESC, f.item_id DESC OFFSET {first} LIMIT :most
    ) AS s
    LEFT JOIN placeholders p ON p.library_id = s.library_id AND p.item_id = s.item_id
    LEFT JOIN renditions r ON r.library_id = s.library_id AND r.item_id = s.item_id AND r.name = 'thumb'
    ORDER BY s.taken_local DESC, s.item_id DESC
"""

_BEGINS = """
    WITH counted AS (
        SELECT day, shown, sum(shown) OVER (ORDER BY day DESC) AS so_far FROM days
        WHERE library_id = :library_id AND day >= :month AND day < CAST(:month AS date) + interval '1 month'
    ), begins AS MATERIALIZED (
        SELECT day, :first - (so_far - shown) AS first FROM counted WHERE so_far > :first ORDER BY day DESC LIMIT 1
    )
"""
"""The day that a stretch begins on is reckoned from the counts of days, so that no more than a day is read over."""

OF_MONTH = text(
    _BEGINS
    + _STRETCH.format(
        time="""f.taken_local >= :month AND f.taken_local < COALESCE(
            (SELECT day + 1 FROM begins), CAST(:month AS date) + interval '1 month')""",
        first="COALESCE((SELECT first FROM begins), :first)",
    )
)
OF_UNDATED = text(_STRETCH.format(time="f.taken_local IS NULL", first=":first"))

MOST_UNDATED = 2000


@dataclass(frozen=True, slots=True)
class Month:
    """The first day of a month, None for what has no date, and how many items it has."""

    first: date | None
    items: int


@dataclass(frozen=True, slots=True)
class Shown:
    """An item as a small picture: its colour until that is there, and the key of that in the library bucket."""

    item_id: int
    taken_local: datetime | None
    kind: str
    dominant: str | None
    thumb: str | None


def months(connection: Connection, library_id: int) -> list[Month]:
    """The months in which anything was taken, the newest first, then what has no date."""
    rows = connection.execute(MONTHS, {"library_id": library_id})
    found = [Month(row.month, row.items) for row in rows]
    undated = connection.execute(UNDATED, {"library_id": library_id, "most": MOST_UNDATED}).scalar_one()
    return [*found, *([Month(None, undated)] if undated else [])]


def stretch(connection: Connection, library_id: int, month: date | None, *, first: int, most: int) -> list[Shown]:
    """Items of a month from the `first` on, the newest first; grows with a day's items, not with the month's."""
    parameters = {"library_id": library_id, "month": month, "first": first, "most": most}
    if month is None:
        del parameters["month"]
    rows = connection.execute(OF_UNDATED if month is None else OF_MONTH, parameters).mappings()
    return [Shown(**row) for row in rows]
