"""Erasing content for good: what was asked and approved, phase by phase.

Every phase works by batches, each remembered in the catalog: killed anywhere, it goes on where it
stopped. First nothing can come in any more, then what stays in the source is listed, then the rows
go, then the objects, and once the workers of before have ended, what they stored meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from albumen.catalog import erasable, erasures, removal, tombstones
from albumen.catalog.engine import is_collision
from albumen.catalog.erasable import LeftObject, Named
from albumen.catalog.erasures import Erasure, ErasureError, Phase
from albumen.catalog.results import StepOutcome
from albumen.pipeline import registry
from albumen.pipeline.erased_objects import ErasedObjects
from albumen.pipeline.heartbeat import Connect
from albumen.pipeline.taxonomy import Reason, State
from albumen.settings import Settings
from albumen.storage.layout import receipt_key
from albumen.storage.object_store import ObjectMissing, ObjectStore

KEYS_AT_ONCE = 200
ITEMS_AT_ONCE = 200
ROWS_AT_ONCE = 5000
COLLISIONS = 5
"""Tries of a transaction that stood in another's way: a listing, or a result that is being written."""
LOOK_AGAIN_S = 10.0
DETAIL = "this content was erased from the library"

Work = Callable[[Connection, Erasure], None]


@dataclass(frozen=True, slots=True)
class Workplace:
    """What an erasure is carried out with; `store` is the source's and is only read."""

    connect: Connect
    store: ObjectStore
    library_store: ObjectStore
    settings: Settings


def run(erasure_id: int, place: Workplace, *, task: str) -> float:
    """Carry an approved erasure on as far as it can go now.

    Parameters
    ----------
    task : str
        Which task does it (`dag_id/run_id/task_id/slot/try`), kept with the outcomes of the originals.

    Returns
    -------
    float
        0 when it is finished, else the seconds after which to go on: workers of before may still store objects.

    Raises
    ------
    albumen.catalog.erasures.ErasureError
        If there is no such request, or nobody approved it.
    albumen.storage.object_store.StorageError
        If storage fails; called again, it goes on where it stopped.
    """
    eraser = _Eraser(erasure_id, place, task)
    while True:
        with place.connect() as connection:
            erasure = erasures.one(connection, erasure_id)
        if erasure.phase is Phase.FINISHED:
            return 0.0
        if erasure.phase in {Phase.ASKED, Phase.REJECTED}:
            raise ErasureError(f"erasure {erasure_id} is {erasure.phase.value}: only what was approved is erased")
        phases = eraser.library_phases if erasure.selection.whole_library else eraser.item_phases
        seconds = phases[erasure.phase](erasure)
        if seconds:
            return seconds


def ended() -> list[StepOutcome]:
    """How the steps of an original end whose content was erased."""
    return [
        StepOutcome(step.name, State.SKIPPED, Reason.ERASED, DETAIL, 0, step.version, inputs_key="")
        for step in registry.for_everyone("original")
    ]


class _Eraser:
    """The phases of one erasure; each method does a batch and remembers it."""

    def __init__(self, erasure_id: int, place: Workplace, task: str) -> None:
        self.erasure_id, self.place, self.task = erasure_id, place, task
        self.objects = ErasedObjects(place.connect, place.library_store, place.settings.library_bucket)
        self.item_phases: Mapping[Phase, Callable[[Erasure], float]] = {
            Phase.CLOSING: self._lay_tombstones,
            Phase.LISTING: self._list_what_stays,
            Phase.ROWS: self._forget_items,
            Phase.OBJECTS: self._delete_objects,
            Phase.LATE_OBJECTS: self._delete_late_objects,
        }
        self.library_phases: Mapping[Phase, Callable[[Erasure], float]] = {
            **self.item_phases,
            Phase.CLOSING: self._close_library,
            Phase.ROWS: self._drop_rows,
        }

    def _lay_tombstones(self, erasure: Erasure) -> float:
        """Keep the content of the next named files out, from the moment this is committed."""
        begin = int(erasure.cursor or 0)
        keys = erasure.selection.keys[begin : begin + KEYS_AT_ONCE]
        if begin and not keys:
            return self._commit(erasure, lambda connection, now: erasures.move(connection, now, phase=Phase.LISTING))
        with self.place.connect() as connection:
            found = erasable.named(connection, erasure.library_id, erasure.bucket, keys)
        read = {(one.original_id, one.etag): self._fingerprint(one) for one in found if one.is_unread}

        def lay(connection: Connection, now: Erasure) -> None:
            tombstones.close(connection, now.library_id)
            again = erasable.named(connection, now.library_id, now.bucket, keys)
            hashes = {one.sha256 for one in again if one.sha256}
            unread = [one for one in again if one.is_unread and (one.original_id, one.etag) in read]
            hashes |= {sha256 for one in unread if (sha256 := read[one.original_id, one.etag])}
            if not begin:
                hashes |= set(erasable.hashes_of(connection, now.library_id, now.selection.items))
                hashes |= {bytes.fromhex(digest) for digest in now.selection.hashes}
            laid = tombstones.lay(connection, now.library_id, now.erasure_id, hashes)
            counts = Counter(contents=laid)
            originals = [one.original_id for one in unread]
            counts += removal.forget_unread(connection, now.library_id, originals, ended(), task=self.task)
            vanished = [one.original_id for one in again if one.is_gone]
            counts["outcome_history"] += removal.forget_history(connection, now.library_id, vanished)
            cursor = str(begin + max(1, len(keys)))
            erasures.move(connection, now, phase=Phase.CLOSING, cursor=cursor, counts=counts)

        return self._commit(erasure, lay)

    def _close_library(self, erasure: Erasure) -> float:
        def close(connection: Connection, now: Erasure) -> None:
            tombstones.close(connection, now.library_id)
            counts = removal.close_library(connection, now.library_id)
            erasures.move(connection, now, phase=Phase.LISTING, counts=counts)

        return self._commit(erasure, close)

    def _list_what_stays(self, erasure: Erasure) -> float:
        """Write the list of what is in the source for its owner to delete; once more if this is cut off."""
        key, n = receipt_key(erasure.erasure_id), 0

        def lines() -> Iterator[str]:
            nonlocal n
            with self.place.connect() as connection:
                for left in self._left(connection, erasure):
                    n += 1
                    yield json.dumps(asdict(left), ensure_ascii=False)

        first = lines()
        line = next(first, None)
        if line is not None:
            written = chain([line], first)
            bucket = self.place.settings.library_bucket
            self.place.library_store.put_lines(bucket, key, written, mime="application/x-ndjson")
        where: dict[str, Any] = {"keys": n, "keys_object": key if n else None}
        return self._commit(erasure, lambda connection, now: erasures.move(connection, now, phase=Phase.ROWS, **where))

    def _left(self, connection: Connection, erasure: Erasure) -> Iterator[LeftObject]:
        if erasure.selection.whole_library:
            yield from erasable.left_of_library(connection, erasure.library_id)
            return
        after = b""
        while stones := tombstones.of_erasure(connection, erasure.erasure_id, after=after, most=ITEMS_AT_ONCE):
            items = list(tombstones.items_of(stones).values())
            yield from erasable.left_of_items(connection, erasure.library_id, items)
            after = stones[-1].sha256
        keys = erasure.selection.keys
        for begin in range(0, len(keys), KEYS_AT_ONCE):
            part = keys[begin : begin + KEYS_AT_ONCE]
            for one in erasable.named(connection, erasure.library_id, erasure.bucket, part):
                if one.item_id is None and not one.is_gone:
                    yield LeftObject(one.bucket, one.key, one.etag, one.size)

    def _forget_items(self, erasure: Erasure) -> float:
        """Take the next items out, with all that is known of them and the memories that show them."""

        def forget(connection: Connection, now: Erasure) -> None:
            after = bytes.fromhex(now.cursor)
            stones = tombstones.of_erasure(connection, now.erasure_id, after=after, most=ITEMS_AT_ONCE)
            if not stones:
                erasures.move(connection, now, phase=Phase.OBJECTS)
                return
            tombstones.close(connection, now.library_id)
            items = tombstones.items_of(stones)
            gone = removal.forget_items(connection, now.library_id, items, ended(), task=self.task)
            memories = sorted({*now.receipt.get("memories", ()), *gone.memories})
            cursor = stones[-1].sha256.hex()
            erasures.move(connection, now, phase=Phase.ROWS, cursor=cursor, counts=gone.counts, memories=memories)

        return self._commit(erasure, forget)

    def _drop_rows(self, erasure: Erasure) -> float:
        """Delete the next rows of a library: due work, then items, then originals."""

        def drop(connection: Connection, now: Erasure) -> None:
            library_id, phase = now.library_id, Phase.ROWS
            what, _, after = now.cursor.partition(" ")
            if not what:
                dropped = removal.drop_some(connection, "due", library_id, most=ROWS_AT_ONCE)
                counts, cursor = Counter(due=dropped), "" if dropped else "items 0"
            elif what == "items":
                counts, item = removal.drop_items(connection, library_id, after=int(after), most=ITEMS_AT_ONCE)
                cursor = "originals " if item is None else f"items {item}"
            else:
                counts, key = removal.drop_originals(
                    connection, library_id, now.bucket, after=after, most=ITEMS_AT_ONCE
                )
                cursor = "" if key is None else f"originals {key}"
                phase = Phase.OBJECTS if key is None else phase
            erasures.move(connection, now, phase=phase, cursor=cursor, counts=counts)

        return self._commit(erasure, drop)

    def _delete_objects(self, erasure: Erasure) -> float:
        """Delete the next objects of the library bucket, and when none is left, move on."""
        is_late = erasure.phase is Phase.LATE_OBJECTS
        removed, cursor = self.objects.delete_next(erasure)
        counts = Counter({"late_objects" if is_late else "objects": removed})
        if cursor is None and is_late:
            return self._finish(erasure, counts)
        phase = erasure.phase if cursor is not None else Phase.LATE_OBJECTS

        def go_on(connection: Connection, now: Erasure) -> None:
            erasures.move(connection, now, phase=phase, cursor=cursor or "", counts=counts)

        return self._commit(erasure, go_on)

    def _delete_late_objects(self, erasure: Erasure) -> float:
        """Once nobody works any more who began before the closing, delete what was stored meanwhile."""
        assert erasure.closed_at is not None  # noqa: S101
        if not erasure.cursor:
            with self.place.connect() as connection:
                seconds = removal.in_flight_seconds(connection, erasure.library_id, erasure.closed_at)
            if seconds > 0:
                return min(seconds + 0.1, LOOK_AGAIN_S)
        return self._delete_objects(erasure)

    def _finish(self, erasure: Erasure, counts: Counter[str]) -> float:
        def finish(connection: Connection, now: Erasure) -> None:
            left: Counter[str] = Counter()
            if now.selection.whole_library:
                tombstones.close(connection, now.library_id)
                left = removal.drop_rest(connection, now.library_id, most=ROWS_AT_ONCE)
            phase, cursor = (now.phase, now.cursor) if left else (Phase.FINISHED, "")
            erasures.move(connection, now, phase=phase, cursor=cursor, counts=left or counts)

        return self._commit(erasure, finish)

    def _fingerprint(self, one: Named) -> bytes | None:
        """SHA-256 of an object that nobody has read whole, a chunk at a time; None if it is gone."""
        digest = hashlib.sha256()
        try:
            with self.place.store.read(one.bucket, one.key) as reading:
                for chunk in reading.chunks:
                    digest.update(chunk)
        except ObjectMissing:
            return None
        return digest.digest()

    def _commit(self, erasure: Erasure, work: Work) -> float:
        """One transaction, alone on this erasure; nothing if another task has moved it meanwhile."""
        for tries_left in reversed(range(COLLISIONS)):
            try:
                with self.place.connect() as connection:
                    now = erasures.one(connection, erasure.erasure_id, alone=True)
                    if (now.phase, now.cursor) == (erasure.phase, erasure.cursor):
                        work(connection, now)
                    connection.commit()
                break
            except DBAPIError as error:
                if not is_collision(error) or not tries_left:
                    raise
        return 0.0
