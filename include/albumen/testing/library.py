"""A library in a test: put objects, discover, work off what is due, look."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import engine, export, leases, libraries, listings, step_pauses
from albumen.catalog.leases import Finished, Lease
from albumen.catalog.libraries import Library
from albumen.catalog.models import Base
from albumen.organise import organising
from albumen.pipeline import discovery, registry, running
from albumen.pipeline.contract import PassName
from albumen.pipeline.running import Workplace
from albumen.pipeline.shard_summary import ShardSummary
from albumen.settings import Settings
from albumen.storage.object_store import ObjectStore

MANY = 100_000


@dataclass
class TestLibrary:
    """A library of its own catalog, bucket and library bucket (the same bucket, below another prefix)."""

    __test__ = False

    url: str
    store: ObjectStore
    bucket: str
    library: Library
    settings: Settings
    log: list[str] = field(default_factory=list)

    @classmethod
    def create(
        cls,
        url: str,
        store: ObjectStore,
        bucket: str,
        *,
        name: str = "test",
        prefix: str | None = None,
        consents: tuple[str, ...] = (),
    ) -> TestLibrary:
        """Make a library below `prefix` of the bucket, by default its name."""
        with engine.connect(url) as connection:
            library = libraries.create(
                connection,
                name=name,
                bucket=bucket,
                prefix=f"{name}/" if prefix is None else prefix,
                home_zone="Europe/Madrid",
                consents=consents,
            )
            connection.commit()
        return cls(url, store, bucket, library, Settings(library_bucket=bucket))

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection to the catalog."""
        with engine.connect(self.url) as connection:
            yield connection

    def put(self, key: str, data: bytes) -> None:
        """Store an original below the library's prefix."""
        self.store.put(self.bucket, self.library.prefix + key, data, mime="application/octet-stream")

    def delete(self, key: str) -> None:
        """Take an original away."""
        self.store.client.delete_object(Bucket=self.bucket, Key=self.library.prefix + key)

    def discover(self, *, page_keys: int = 1000) -> tuple[int, int] | None:
        """One full listing, or the rest of one that was interrupted: keys listed, originals vanished."""
        listing_id = discovery.begin_listing(self.connect, self.store, self.library)
        with self.connect() as connection:
            shards = [shard for shard in listings.shards(connection, listing_id) if not shard.finished]
        for shard in shards:
            discovery.list_prefix(self.connect, self.store, self.library, listing_id, shard, page_keys=page_keys)
        return discovery.conclude_listing(self.connect, self.store, self.library, listing_id)

    def lease(self, pass_name: PassName, claim: str, *, most: int = MANY) -> Lease | Finished | None:
        """Lease a shard as a task would."""
        with self.connect() as connection:
            lease = leases.take(
                connection,
                pass_name=pass_name,
                steps=step_pauses.running(connection, [step.name for step in registry.of_pass(pass_name)]),
                claim=claim,
                most=most,
                lease_s=self.settings.pipeline.lease_seconds,
                video_seconds=self.settings.pipeline.shard_seconds / self.settings.video.expected_factor,
            )
            connection.commit()
        return lease

    def run(self, lease: Lease, *, task: str = "dag/run/process/0/1") -> ShardSummary:
        """Work on a leased shard."""
        return running.run_shard(lease, self.library, self.workplace(), task=task)

    def workplace(self) -> Workplace:
        """What a shard is worked on with."""
        return Workplace(
            self.connect, self.store, self.store, self.settings, lambda: datetime.now(UTC), self.log.append
        )

    def work(self, *passes: PassName) -> list[ShardSummary]:
        """Work off everything that can be leased now, pass by pass."""
        summaries: list[ShardSummary] = []
        for pass_name in passes or ("original", "preview"):
            while isinstance(lease := self.lease(pass_name, secrets.token_hex(8)), Lease):
                summaries.append(self.run(lease))
        self.organise()
        return summaries

    def organise(self) -> None:
        """Organise all that changed."""
        with self.connect() as connection:
            while organising.organise(connection, self.library.library_id):
                connection.commit()
            connection.commit()

    def records(self) -> dict[str, dict[str, Any]]:
        """The export, by key."""
        with self.connect() as connection:
            return {record["key"]: record for record in export.records(connection, self.library)}

    def query(self, statement: str, **parameters: Any) -> list[Any]:
        """Rows of the catalog."""
        with self.connect() as connection:
            return list(connection.execute(text(statement), parameters))

    def execute(self, statement: str, **parameters: Any) -> None:
        """Change the catalog behind its back, and commit."""
        with self.connect() as connection:
            connection.execute(text(statement), parameters)
            connection.commit()

    def dump(self) -> dict[str, list[str]]:
        """The whole catalog as text, but for shards and costs, which tell of the work rather than of the library."""
        return {
            name: [row.line for row in self.query(f"SELECT CAST(t AS text) AS line FROM {name} t ORDER BY 1")]  # noqa: S608
            for name in sorted(set(Base.metadata.tables) - {"shards", "steps"})
        }

    def stored(self) -> dict[str, str]:
        """Keys and ETags of all objects of the library bucket that Albumen wrote."""
        found = self.store.list_all(self.settings.library_bucket, "")
        return {listed.key: listed.etag for listed in found if not listed.key.startswith(self.library.prefix)}
