"""What is told when it is news, on its anniversary, and now and then: a time away, a day together."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from albumen.memories.anniversary import days_away
from albumen.memories.context import Context

# News when the last pictures have had time to arrive.
COME_IN = timedelta(days=2)
NEWS = timedelta(days=30)
AGAIN = timedelta(days=300)


class Past(NamedTuple):
    """Something that was, by the name it has in keys, from one local day to another."""

    name: str
    first: date
    last: date


class Strengths(NamedTuple):
    """How strong a story is as news, on the anniversary of its first day, and on any day."""

    fresh: float
    anniversary: float
    any_day: float


def turns(
    context: Context, kind: str, date: date, every: Iterable[Past], strengths: Strengths, *, tried: int
) -> list[tuple[Past, float]]:
    """What to try on a day with how strong the occasion is, strongest first; the same context gives the same.

    Parameters
    ----------
    kind : str
        In whose keys, `KIND:NAME`, it is looked up when it was told last.
    tried : int
        How many of those without an occasion, every day others.
    """
    occasions, others = [], []
    for past in every:
        last = context.last_told(kind, f"{kind}:{past.name}")
        age = date - past.last
        if age < COME_IN or (last is not None and date - last < AGAIN):
            continue
        if age <= NEWS:
            occasions.append((past, strengths.fresh))
        elif past.first.year < date.year and days_away(past.first, date) == 0:
            occasions.append((past, strengths.anniversary))
        else:
            others.append((past, strengths.any_day))
    salt = f"{context.library_id}:{date.isoformat()}"
    others.sort(key=lambda each: (zlib.crc32(f"{salt}:{each[0].name}".encode()), each[0].name))
    return sorted(occasions, key=lambda each: (-each[1], each[0].first)) + others[:tried]
