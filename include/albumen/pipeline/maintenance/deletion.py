"""Deleting objects of the library bucket without taking away what a row names.

A derived file is put before its row is written, under a key that its content decides: an object that
nobody names may be somebody's in a moment. So only old ones go; right before that their rows are asked
for again, and the object must still be the one that was seen. A worker that puts the same bytes in the
last instant between that look and the deletion is not told from the store's side; so the keys are
noted first, and looked at again until no task that ran then can still write its row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection

from albumen.catalog import integrity
from albumen.pipeline.maintenance.contract import Note
from albumen.pipeline.running import Workplace
from albumen.storage.object_store import ObjectInfo, ObjectMissing

AT_ONCE = 100
"""Rows are asked for so many keys at a time, a fraction of a second before the last of them goes."""

Named = Callable[[Connection, Sequence[str]], set[str]]


def young_from(connection: Connection, place: Workplace) -> datetime:
    """Objects modified after this are too young to be deleted; of two clocks that disagree, the slower one counts."""
    now = min(place.now(), integrity.clock(connection))
    return now - timedelta(hours=place.settings.maintenance.grace_hours)


def delete(place: Workplace, candidates: Sequence[ObjectInfo], *, named: Named, note: Note) -> Counter[str]:
    """Delete what is still as it was seen and is named by no row.

    Parameters
    ----------
    candidates : sequence of ObjectInfo
        As a listing or a HEAD showed them.
    named : callable
        Those of some keys that a row names.
    note : callable
        Given the keys before they are deleted.
    """
    done: Counter[str] = Counter()
    waiting = iter(candidates)
    while batch := list(islice(waiting, AT_ONCE)):
        keys = [info.key for info in batch]
        note(keys)
        with place.connect() as connection:
            taken = named(connection, keys)
        for info in batch:
            if info.key in taken or not _is_unchanged(place, info):
                done["spared"] += 1
                continue
            place.library_store.delete(place.settings.library_bucket, info.key)
            done["deleted"] += 1
            done["deleted_bytes"] += info.size
    return done


def _is_unchanged(place: Workplace, seen: ObjectInfo) -> bool:
    """Whether the object is the one that was seen; listings and HEAD differ in the fraction of a second they tell."""
    try:
        now = place.library_store.head(place.settings.library_bucket, seen.key)
    except ObjectMissing:
        return False
    times = (now.last_modified.replace(microsecond=0), seen.last_modified.replace(microsecond=0))
    return now.etag == seen.etag and times[0] == times[1]
