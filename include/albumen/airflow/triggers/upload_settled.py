"""Waiting until nobody uploads any more."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import LibraryHook
from albumen.airflow.triggers.looking import LookingTrigger
from albumen.catalog import libraries, originals
from albumen.catalog.libraries import Library, LibraryError
from albumen.storage.object_store import ObjectInfo, ObjectMissing, ObjectStore

PAGE_KEYS = 1000
RESOLVE_AGAIN_S = 600.0
"""Credentials of a role live an hour; asking for them at every look would cost more than the look."""


@dataclass(slots=True)
class Shown:
    """What a listing shows, in a few numbers whatever its length.

    Attributes
    ----------
    newest : datetime or None
        Of the last change, by the store's clock.
    digest : int
        Of every key with its ETag, in any order.
    unknown : int
        Objects the catalog does not know yet, or knows otherwise.
    """

    objects: int = 0
    bytes: int = 0
    newest: datetime | None = None
    digest: int = 0
    unknown: int = 0

    def add(self, info: ObjectInfo) -> None:
        """Count one object in."""
        self.objects += 1
        self.bytes += info.size
        self.newest = max(filter(None, (self.newest, info.last_modified)), default=None)
        name = f"{info.key}\0{info.etag}".encode("utf-8", "surrogatepass")
        self.digest = (self.digest + int.from_bytes(hashlib.blake2b(name, digest_size=16).digest())) % 2**128


class UploadSettledTrigger(LookingTrigger):
    """Fires when no object came or changed for a while.

    An object's age is what the store says. S3 dates an object of many parts by its first part, so
    that a long upload ends old: therefore a listing that differs from the one before starts the
    waiting anew as well.

    Parameters
    ----------
    library : str
        A library's name; else empty, with `bucket` and `prefix`.
    bucket, prefix : str
        Where to look.
    quiet_minutes : float
        How long nothing may have changed.
    min_objects : int
        Fewest objects; fewer are waited for.
    registered : bool
        Of a library: wait until the catalog knows every object, too.
    storage_conn_id : str
        Airflow connection; empty: the one of the settings.
    """

    arguments = (
        "library", "bucket", "prefix", "quiet_minutes", "min_objects", "registered", "storage_conn_id",
        *LookingTrigger.arguments,
    )  # fmt: skip

    def __init__(
        self,
        *,
        library: str = "",
        bucket: str = "",
        prefix: str = "",
        quiet_minutes: float = 10.0,
        min_objects: int = 1,
        registered: bool = True,
        storage_conn_id: str = "",
        poll_interval: float = 30.0,
        catalog_conn_id: str = "",
    ) -> None:
        super().__init__(poll_interval=poll_interval, catalog_conn_id=catalog_conn_id)
        self.library = library
        self.bucket = bucket
        self.prefix = prefix
        self.quiet_minutes = quiet_minutes
        self.min_objects = min_objects
        self.registered = registered
        self.storage_conn_id = storage_conn_id
        self._store: ObjectStore | None = None
        self._resolved = 0.0
        self._before: Shown | None = None
        self._changed = 0.0

    def look(self, catalog: CatalogHook) -> dict[str, Any] | None:
        """List, and compare with the clock and with the look before."""
        if bool(self.library) == bool(self.bucket):
            raise ValueError("name either a library or a bucket")
        library = self._named(catalog) if self.library else None
        bucket, prefix = (library.bucket, library.prefix) if library else (self.bucket, self.prefix)
        shown = self._shown(catalog, bucket, prefix, library)
        now = time.monotonic()
        moved = self._before is not None and self._before.digest != shown.digest
        if moved or (self._before is None and shown.newest is None):
            self._changed = now
        self._before = shown
        quiet_s = now - self._changed if self._changed else float("inf")
        if shown.newest is not None:
            quiet_s = min(quiet_s, (datetime.now(UTC) - shown.newest).total_seconds())
        if quiet_s < 60 * self.quiet_minutes or shown.objects < self.min_objects or shown.unknown:
            self.log.info(
                "s3://%s/%s: %d objects (%d not in the catalog), quiet for %.0f s",
                bucket, prefix, shown.objects, shown.unknown, quiet_s,
            )  # fmt: skip
            return None
        return {
            "library": self.library,
            "bucket": bucket,
            "prefix": prefix,
            "objects": shown.objects,
            "bytes": shown.bytes,
            "newest": shown.newest.isoformat() if shown.newest else None,
        }

    def _named(self, catalog: CatalogHook) -> Library:
        with catalog.connect() as connection:
            return libraries.named(connection, self.library)

    def _shown(self, catalog: CatalogHook, bucket: str, prefix: str, library: Library | None) -> Shown:
        if self._store is None or time.monotonic() - self._resolved > RESOLVE_AGAIN_S:
            self._store = LibraryHook(storage_conn_id=self.storage_conn_id).store()
            self._resolved = time.monotonic()
        shown = Shown()
        try:
            for page in _pages(self._store.list_all(bucket, prefix)):
                for info in page:
                    shown.add(info)
                if library is not None and self.registered:
                    with catalog.connect() as connection:
                        shown.unknown += len(originals.unknown_keys(connection, library, page))
        except ObjectMissing as error:
            raise LibraryError(f"there is no bucket {bucket!r} to watch") from error
        return shown


def _pages(listed: Iterable[ObjectInfo]) -> Iterator[list[ObjectInfo]]:
    waiting = iter(listed)
    while page := list(islice(waiting, PAGE_KEYS)):
        yield page
