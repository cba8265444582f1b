"""Orphaned: an object of ours that no row names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from sqlalchemy import Connection

from albumen.catalog import integrity
from albumen.pipeline.maintenance import deletion, slices
from albumen.pipeline.maintenance.contract import Check, Finding, Note, Piece
from albumen.storage.layout import parse_rendition_key

EDITION = re.compile(r"(?P<stem>story-[0-9a-f]{12})(-[a-z0-9-]+)?\.(html|json|jpg|mp4)")
"""The files of a memory that the built-in publisher writes; others of a living memory are their publisher's."""


class OrphanedCheck(Check):
    """Derived files of no item, and editions of memories that were told anew or are gone.

    Only keys that the layout makes for this library are looked at: what else lies in the bucket,
    feeds and receipts of erasures among it, is nobody's orphan.
    """

    name: ClassVar[str] = "orphaned"
    deletes: ClassVar[bool] = True

    def begin(self) -> str:
        """Slices fit for the number of items."""
        with self.place.connect() as connection:
            return slices.first(2 * integrity.items_with_renditions(connection, self.library.library_id))

    def look(self, cursor: str) -> Piece:
        """Compare a listing with the rows; what is young may be a worker's whose row is still to come."""
        with self.place.connect() as connection:
            before = deletion.young_from(connection, self.place)
        is_memories, library_id = cursor == slices.MEMORIES, self.library.library_id
        prefix = slices.memories_prefix(library_id) if is_memories else slices.renditions_prefix(library_id, cursor)
        seen, old = 0, []
        for listed in self.place.library_store.list_all(self.bucket, prefix):
            seen += 1
            if listed.last_modified <= before and self._is_ours(listed.key):
                old.append(listed)
        with self.place.connect() as connection:
            named = self.named(connection, [info.key for info in old])
        findings = [Finding(info.key, "named by no row", info=info) for info in old if info.key not in named]
        return Piece(seen, slices.share(cursor), slices.following(cursor), findings)

    def act(self, findings: Sequence[Finding], note: Note) -> Counter[str]:
        """Delete those that are still what they were and still nobody's."""
        found = [finding.info for finding in findings if finding.info is not None]
        return deletion.delete(self.place, found, named=self.named, note=note)

    def named(self, connection: Connection, keys: Sequence[str]) -> set[str]:
        """Those of the keys that a row names."""
        library_id, named = self.library.library_id, set()
        parsed = {key: parse_rendition_key(key) for key in keys}
        hashes = {found.sha256 for found in parsed.values() if found}
        if hashes:
            named |= {row.key for row in integrity.renditions_of(connection, library_id, sorted(hashes))}
            named |= integrity.superseded_among(connection, library_id, keys)
        if len(hashes) < len(parsed):
            pages = integrity.pages(connection, library_id)
            named |= {key for key in keys if self._is_of_a_memory(key, pages)}
        return named & set(keys)

    def _is_ours(self, key: str) -> bool:
        found = parse_rendition_key(key)
        if found is not None:
            return found.library_id == self.library.library_id
        return key.startswith(slices.memories_prefix(self.library.library_id)) and key.count("/") >= 3

    @staticmethod
    def _is_of_a_memory(key: str, pages: dict[str, tuple[str, date]]) -> bool:
        if parse_rendition_key(key) is not None:
            return False
        _, _, memory_id, file = key.split("/", 3)
        if memory_id not in pages:
            return False
        page, _ = pages[memory_id]
        edition = EDITION.fullmatch(file)
        return edition is None or page.endswith(f"/{edition['stem']}.html")
