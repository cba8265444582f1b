"""What is told on a day: of all stories that could be, a few, strong ones, and none too soon again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from albumen.memories.context import Context
from albumen.memories.contract import Candidate
from albumen.settings import MemorySettings

# A story of which more has been seen lately, or is in a stronger one of the day, is not told.
MOST_SEEN = 0.4


def select(candidates: Sequence[Candidate], context: Context, date: date, settings: MemorySettings) -> list[Candidate]:
    """The stories of a day.

    Parameters
    ----------
    candidates : sequence of Candidate
        In any order.
    context : Context
        With what was told on the days before.
    date : date
        The local day.
    settings : MemorySettings
        How many stories, and how long the cool-downs are.

    Returns
    -------
    list of Candidate
        Strongest first, at most `settings.stories`; the same arguments give the same list.
    """
    since = date - timedelta(days=settings.shown_days)
    seen = frozenset[int]().union(*(told.items for told in context.told if told.date > since))
    chosen: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: (-one.strength, one.key)):
        items = {item.photo.item_id for item in candidate.items}
        last = context.last_told(candidate.kind, candidate.key)
        if last is not None and date - last < timedelta(days=settings.cooldown_days):
            continue
        if len(items & seen) > MOST_SEEN * len(items):
            continue
        chosen.append(candidate)
        seen |= items
        if len(chosen) == settings.stories:
            break
    return chosen
