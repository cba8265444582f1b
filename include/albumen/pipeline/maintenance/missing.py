"""Missing: a row names an object that is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import ClassVar

from albumen.catalog import integrity
from albumen.pipeline.maintenance import slices
from albumen.pipeline.maintenance.contract import Check, Finding, Note, Piece, makers
from albumen.storage.layout import parse_rendition_key
from albumen.storage.object_store import ObjectMissing


class MissingCheck(Check):
    """Derived files and pages of memories that the catalog names and the library bucket lacks."""

    name: ClassVar[str] = "missing"

    def begin(self) -> str:
        """Slices fit for the number of items."""
        with self.place.connect() as connection:
            return slices.first(2 * integrity.items_with_renditions(connection, self.library.library_id))

    def look(self, cursor: str) -> Piece:
        """Compare the rows with a listing; what it lacks is asked for once more."""
        library_id = self.library.library_id
        named: dict[str, int | None]
        with self.place.connect() as connection:
            if cursor == slices.MEMORIES:
                named = {key: None for key, _ in integrity.pages(connection, library_id).values()}
                prefix = slices.memories_prefix(library_id)
            else:
                rows = integrity.renditions_between(connection, library_id, *slices.bounds(cursor))
                named = {row.key: row.item_id for row in rows}
                prefix = slices.renditions_prefix(library_id, cursor)
        stored = {listed.key for listed in self.place.library_store.list_all(self.bucket, prefix)} if named else set()
        lacking = [key for key in named if key not in stored and self._is_gone(key)]
        findings = [Finding(key, "named by the catalog, not in the bucket", named[key]) for key in sorted(lacking)]
        return Piece(len(named), slices.share(cursor), slices.following(cursor), findings)

    def act(self, findings: Sequence[Finding], note: Note) -> Counter[str]:
        """Make the steps due again that made them, and the memories."""
        return self.make_again(finding.key for finding in findings)

    def make_again(self, keys: Iterable[str]) -> Counter[str]:
        """Make again what is named by a row now, and is not there now."""
        wanted, library_id = set(keys), self.library.library_id
        parsed = {key: parse_rendition_key(key) for key in wanted}
        hashes = {found.sha256 for found in parsed.values() if found}
        with self.place.connect() as connection:
            rows = integrity.renditions_of(connection, library_id, sorted(hashes))
            pages = dict(integrity.pages(connection, library_id).values())
        lost = {row.key: row.item_id for row in rows if row.key in wanted and self._is_gone(row.key)}
        untold = [key for key in pages if key in wanted and self._is_gone(key)]
        if not (lost or untold):
            return Counter()
        with self.place.connect() as connection:
            again = integrity.make_again(connection, library_id, lost, makers=makers())
            integrity.untell(connection, library_id, untold)
            connection.commit()
        days = {pages[key] for key in untold}
        return Counter(due_again=again) + self._tell_again(sorted(days))

    def _tell_again(self, days: Sequence[date]) -> Counter[str]:
        """Tell the days again whose pages are lost."""
        from albumen.memories import generating
        from albumen.memories.publishing import PublishingError

        told: Counter[str] = Counter()
        place, library = self.place, self.library
        for day in days:
            try:
                stories = generating.generate(
                    place.connect, place.library_store, library, day, place.settings, seed=library.library_id
                )
            except (ObjectMissing, PublishingError) as error:
                self.place.log(f"the memories of {day} wait: {error}")
                told["memories_waiting"] += 1
            else:
                told["memories_told_again"] += len(stories)
        return told

    def _is_gone(self, key: str) -> bool:
        try:
            self.place.library_store.head(self.bucket, key)
        except ObjectMissing:
            return True
        return False
