"""Changed: an object is not what the catalog remembers of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import ClassVar

from albumen.catalog import integrity
from albumen.catalog.integrity import NamedOriginal, NamedRendition
from albumen.catalog.libraries import Library
from albumen.pipeline import discovery
from albumen.pipeline.maintenance import slices
from albumen.pipeline.maintenance.contract import Check, Finding, Note, Piece, makers
from albumen.pipeline.running import Workplace
from albumen.storage.layout import parse_rendition_key
from albumen.storage.object_store import BytesDiffer, ObjectInfo, ObjectMissing, ObjectStore

LOOKS = 2
"""Reads that have to end alike before an object is called damaged: one transfer may be."""
DAMAGED = "damaged: the store sends other bytes than its ETag says"


class ChangedCheck(Check):
    """Derived files with another size or ETag than they were put with, and originals with another than were read.

    Of a share of both the bytes are read and hashed as well, a second time if they are not what their ETag
    says. Of originals a share is asked for: listings see every one of them each hour, but not whether the
    store still has the bytes.
    """

    name: ClassVar[str] = "changed"

    def __init__(self, place: Workplace, library: Library) -> None:
        super().__init__(place, library)
        self._etags_are_hashes = False

    def begin(self) -> str:
        """Slices fit for the number of items."""
        with self.place.connect() as connection:
            return slices.first(2 * integrity.items_with_renditions(connection, self.library.library_id))

    def look(self, cursor: str) -> Piece:
        """Compare rows with a listing, and look into a share of the objects."""
        if cursor == slices.MEMORIES:
            return Piece(0, 0.0, slices.following(cursor))
        library_id, bounds = self.library.library_id, slices.bounds(cursor)
        with self.place.connect() as connection:
            renditions = integrity.renditions_between(connection, library_id, *bounds)
            originals = integrity.originals_between(connection, library_id, *bounds)
        prefix = slices.renditions_prefix(library_id, cursor)
        listed = self.place.library_store.list_all(self.bucket, prefix) if renditions else ()
        stored = {info.key: info for info in listed}
        there = [(row, stored[row.key]) for row in renditions if row.key in stored]
        asked = [original for original in originals if self._is_chosen(original.key, self.knobs.originals_share)]
        found = [*(self._of_rendition(row, info) for row, info in there), *map(self._of_original, asked)]
        findings = [finding for finding in found if finding is not None]
        return Piece(len(there) + len(asked), slices.share(cursor), slices.following(cursor), findings)

    def act(self, findings: Sequence[Finding], note: Note) -> Counter[str]:
        """Make renditions due again, register changed originals, read those again whose bytes are others.

        A damaged original is only told: what is known of it was read when it was whole.
        """
        derived = {f.key: f.subject_id for f in findings if parse_rendition_key(f.key) and f.subject_id is not None}
        originals = [finding for finding in findings if finding.key not in derived]
        moved = [f.key for f in originals if f.subject_id is None and f.info is not None]
        others = [f.subject_id for f in originals if f.subject_id is not None and f.info is not None]
        damaged = sum(f.subject_id is not None and f.info is None for f in originals)
        registered = discovery.register_keys(self.place.connect, self.place.store, self.library, moved)
        still = self._still_changed(derived)
        lost = {key: item for key, item in derived.items() if key in still}
        library_id, steps = self.library.library_id, discovery.original_steps()
        with self.place.connect() as connection:
            again = integrity.make_again(connection, library_id, lost, makers=makers())
            again += integrity.read_again(connection, library_id, others, steps=steps)
            connection.commit()
        gone, again = len(originals) - len(moved) - len(others) - damaged, again + registered.changed + registered.new
        return +Counter(due_again=again, left_to_listings=gone, damaged_originals=damaged)

    def _of_rendition(self, row: NamedRendition, info: ObjectInfo) -> Finding | None:
        if info.size != row.bytes:
            return Finding(row.key, f"{info.size} bytes, {row.bytes} were put", row.item_id, info)
        is_other = row.etag is not None and info.etag != row.etag
        if not is_other and not self._is_chosen(row.key, self.knobs.content_share):
            return None
        try:
            digest = _digest(self.place.library_store, self.bucket, row.key, "md5")
        except ObjectMissing:
            return None
        if digest is None:
            return Finding(row.key, DAMAGED, row.item_id, info)
        if digest == row.etag:
            self._etags_are_hashes = True
            if is_other:  # encrypted or copied meanwhile
                self._keep_etag(row, info.etag)
            return None
        # An ETag that is no hash says nothing of the bytes.
        if is_other or self._etags_are_hashes:
            return Finding(row.key, f"MD5 {digest}, ETag {row.etag} was put", row.item_id, info)
        return None

    def _of_original(self, original: NamedOriginal) -> Finding | None:
        store, bucket = self.place.store, self.library.bucket
        try:
            info = store.head(bucket, original.key)
            if (info.etag, info.size) != (original.etag, original.size):
                return Finding(original.key, "its ETag or size is not what was read", info=info)
            if not self._is_chosen(original.key, self.knobs.content_share):
                return None
            digest = _digest(store, bucket, original.key, "sha256")
        except ObjectMissing:
            return Finding(original.key, "gone from the source; two full listings decide")
        if digest is None:
            return Finding(original.key, f"{DAMAGED}; put a good copy", original.original_id)
        if digest == original.sha256.hex():
            return None
        return Finding(original.key, "other bytes under the same ETag", original.original_id, info)

    def _still_changed(self, keys: Collection[str]) -> set[str]:
        """Those that are not what their row says now: another may have made them meanwhile."""
        hashes = {found.sha256 for key in keys if (found := parse_rendition_key(key))}
        with self.place.connect() as connection:
            rows = integrity.renditions_of(connection, self.library.library_id, sorted(hashes))
        still = set()
        for row in rows:
            if row.key in keys:
                with suppress(ObjectMissing):
                    if self._of_rendition(row, self.place.library_store.head(self.bucket, row.key)) is not None:
                        still.add(row.key)
        return still

    def _keep_etag(self, row: NamedRendition, etag: str) -> None:
        with self.place.connect() as connection:
            integrity.keep_etag(connection, self.library.library_id, row, etag)
            connection.commit()

    def _is_chosen(self, key: str, share: float) -> bool:
        """Another choice every day, the same for all who look."""
        digits = hashlib.sha256(f"{self.place.now():%Y-%m-%d} {key}".encode()).hexdigest()[:8]
        return int(digits, 16) < share * 16**8


def _digest(store: ObjectStore, bucket: str, key: str, algorithm: str) -> str | None:
    """Of an object's bytes, in hexadecimal digits; None if it is damaged."""
    for _ in range(LOOKS):
        digest = hashlib.new(algorithm, usedforsecurity=False)
        with suppress(BytesDiffer), store.read(bucket, key) as reading:
            for chunk in reading.chunks:
                digest.update(chunk)
            return digest.hexdigest()
    return None
