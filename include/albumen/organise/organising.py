"""Organising a library: what changed is found out anew, in small transactions; the cost follows the change.

Each part is one function over a connection: it asks the catalog, calls pure functions of this room and writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from albumen.catalog import changes, clocks, days, highlights, item_words, places
from albumen.organise import clocking, duplicating, locating, occasions, recognising, travelling

DAYS_AT_ONCE = 400
ITEMS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Organised:
    """What one transaction took off the lists."""

    days: int
    items: int

    def __bool__(self) -> bool:
        """Whether there was anything."""
        return bool(self.days or self.items)


NOTHING = Organised(0, 0)


def organise(connection: Connection, library_id: int, *, most_days: int = DAYS_AT_ONCE) -> Organised:
    """Organise the next changed items and days, in the caller's transaction.

    Returns
    -------
    Organised
        Nothing when nothing waits, or when another worker has the library.
    """
    if not changes.hold(connection, library_id):
        return NOTHING
    changes.look_up_only(connection)
    items = changes.take_items(connection, library_id, most=ITEMS_AT_ONCE)
    if items:
        clocks.keep_right(connection, library_id, items)
        locating.locate_items(connection, library_id, items)
        duplicating.find_near(connection, library_id, items)
        recognising.organise(connection, library_id, items)
        item_words.remember(connection, library_id, items)
    changed = changes.take_days(connection, library_id, most=most_days) if len(items) < ITEMS_AT_ONCE else []
    if changed:
        organise_days(connection, library_id, changed)
    if items or changed:
        places.prune(connection, library_id)
    return Organised(len(changed), len(items))


def organise_days(connection: Connection, library_id: int, changed: Sequence[date]) -> None:
    """Find out anew all that hangs on these local days."""
    days.recount(connection, library_id, changed)
    highlights.choose(connection, library_id, changed)
    occasions.organise(connection, library_id, changed)
    travelling.organise(connection, library_id, changed)
    duplicating.find_in_time(connection, library_id, changed)
    clocking.organise(connection, library_id, changed)
