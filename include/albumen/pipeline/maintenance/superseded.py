"""Superseded: a derived file that another has replaced, past its grace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import Connection

from albumen.catalog import integrity
from albumen.pipeline.maintenance import deletion
from albumen.pipeline.maintenance.contract import Check, Finding, Note, Piece
from albumen.storage.layout import parse_rendition_key
from albumen.storage.object_store import ObjectInfo, ObjectMissing

AT_ONCE = 500


class SupersededCheck(Check):
    """What `superseded_objects` lists and is older than the grace period; all of it, every day."""

    name: ClassVar[str] = "superseded"
    deletes: ClassVar[bool] = True
    doubts: ClassVar[bool] = False

    def begin(self) -> str:
        """By key, from the first."""
        return ""

    def look(self, cursor: str) -> Piece:
        """Look at the next keys; a key that is not this library's is never touched."""
        library_id = self.library.library_id
        with self.place.connect() as connection:
            before = deletion.young_from(connection, self.place)
            keys = integrity.superseded(connection, library_id, after=cursor, before=before, most=AT_ONCE)
            rows = integrity.renditions_of(connection, library_id, sorted(_hashes(keys)))
        current, findings = {row.key for row in rows}, []
        for key in keys:
            parsed = parse_rendition_key(key)
            if parsed is None or parsed.library_id != library_id or key in current:
                continue
            info = self._stored(key)
            if info is None or info.last_modified <= before:
                findings.append(Finding(key, "replaced by another", info=info))
        return Piece(len(keys), 0.0, keys[-1] if len(keys) == AT_ONCE else None, findings)

    def act(self, findings: Sequence[Finding], note: Note) -> Counter[str]:
        """Delete those that no row names, then forget them."""
        stored = [finding.info for finding in findings if finding.info is not None]
        done = deletion.delete(self.place, stored, named=self._named, note=note)
        gone = [finding.key for finding in findings if self._stored(finding.key) is None]
        with self.place.connect() as connection:
            integrity.forget_superseded(connection, self.library.library_id, gone)
            connection.commit()
        return done

    def _named(self, connection: Connection, keys: Sequence[str]) -> set[str]:
        rows = integrity.renditions_of(connection, self.library.library_id, sorted(_hashes(keys)))
        waiting = integrity.superseded_among(connection, self.library.library_id, keys)
        # A key that left the list is current again, or will be in a moment.
        return {row.key for row in rows} | (set(keys) - waiting)

    def _stored(self, key: str) -> ObjectInfo | None:
        try:
            return self.place.library_store.head(self.bucket, key)
        except ObjectMissing:
            return None


def _hashes(keys: Sequence[str]) -> set[bytes]:
    return {found.sha256 for key in keys if (found := parse_rendition_key(key))}
