"""Erased: a derived file of content that was erased, stored by a worker that came back too late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import Connection

from albumen.catalog import tombstones
from albumen.pipeline.maintenance import deletion
from albumen.pipeline.maintenance.contract import Check, Finding, Note, Piece
from albumen.storage.layout import rendition_prefix

STONES_AT_ONCE = 50
DAYS = 45
"""How long below a tombstone is looked every day; later a slice of `orphaned` comes by once in 1/share days."""


class ErasedCheck(Check):
    """What lies below the tombstones of the last weeks, whatever its age.

    An erasure waits for the workers that had a lease; one that was stopped in the middle of a PUT, and
    goes on after its lease has gone to another, may still store one object that nobody waits for.
    """

    name: ClassVar[str] = "erased"
    deletes: ClassVar[bool] = True
    doubts: ClassVar[bool] = False

    def begin(self) -> str:
        """By digest, from the first."""
        return ""

    def look(self, cursor: str) -> Piece:
        """List below the next tombstones."""
        library_id, after = self.library.library_id, bytes.fromhex(cursor)
        with self.place.connect() as connection:
            laid = tombstones.recent(connection, library_id, after=after, days=DAYS, most=STONES_AT_ONCE)
        findings = [
            Finding(listed.key, "of content that was erased", info=listed)
            for sha256 in laid
            for listed in self.place.library_store.list_all(self.bucket, rendition_prefix(library_id, sha256))
        ]
        is_last = len(laid) < STONES_AT_ONCE
        return Piece(len(laid), 0.0, None if is_last else laid[-1].hex(), findings)

    def act(self, findings: Sequence[Finding], note: Note) -> Counter[str]:
        """Delete them; nothing below a tombstone has a row."""
        found = [finding.info for finding in findings if finding.info is not None]
        return deletion.delete(self.place, found, named=_none, note=note)


def _none(connection: Connection, keys: Sequence[str]) -> set[str]:
    return set()
