"""Discovery by the size of a bucket: the real listing into a real catalog, from a bucket that only makes keys up.

Told per size: keys a second the first time, the second time (nothing new) and after a change of one in a thousand, and
the most memory of the process, which also dies in the middle once and has to go on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import growth
from conditions import conditions, timed
from sqlalchemy import Connection, text
from stacks import running_servers

from albumen.catalog import engine, libraries, listings, migrate
from albumen.catalog.libraries import Library
from albumen.local.postgres import catalog_url
from albumen.pipeline import discovery
from albumen.storage.object_store import ObjectInfo, ObjectStore, Page
from albumen.testing.catalogs import Catalogs

FOLDERS = 100
PAGE_KEYS = 1000
MODIFIED = datetime(2020, 1, 1, tzinfo=UTC)
MOST_MB = 300


class Killed(RuntimeError):
    """Stands for the death of the process in the middle of a listing."""


class MadeUpBucket:
    """Answers listings as S3 does, of keys that follow from their number."""

    def __init__(self, keys: int, *, changed_every: int = 0, pages_left: int = -1) -> None:
        self.each = keys // FOLDERS
        self.changed_every = changed_every
        self.pages_left = pages_left

    def list_page(self, _bucket: str, prefix: str, *, token: str = "", delimiter: str = "", keys: int = 1000) -> Page:
        """One page; the token is the number of the next key of the folder."""
        if delimiter:
            return Page([], [f"p/{folder:04}/" for folder in range(FOLDERS)] if prefix == "p/" else [], "")
        if self.pages_left == 0:
            raise Killed
        self.pages_left -= 1
        first = int(token or 0)
        last = min(self.each, first + keys)
        start = int(prefix.split("/")[1]) * self.each
        objects = [self._object(prefix, start + n) for n in range(first, last)]
        return Page(objects, [], str(last) if last < self.each else "")

    def _object(self, prefix: str, n: int) -> ObjectInfo:
        changed = bool(self.changed_every) and n % self.changed_every == 0
        return ObjectInfo(f"{prefix}IMG_{n:09}.jpg", f"{n:031x}{int(changed)}", 3_000_000, MODIFIED)


def list_everything(url: str, library: Library, bucket: MadeUpBucket) -> int:
    """A whole listing, prefix by prefix, as the operator makes it; returns how many keys it saw."""

    @contextmanager
    def connect() -> Iterator[Connection]:
        with engine.connect(url) as connection:
            yield connection

    store = cast(ObjectStore, bucket)
    listing_id = discovery.begin_listing(connect, store, library)
    with connect() as connection:
        shards = listings.shards(connection, listing_id)
    for shard in (shard for shard in shards if not shard.finished):
        discovery.list_prefix(connect, store, library, listing_id, shard, page_keys=PAGE_KEYS)
    concluded = discovery.conclude_listing(connect, store, library, listing_id)
    return concluded[0] if concluded else 0


def measure(url: str, keys: int) -> dict[str, Any]:
    """The figures of one size, in this process."""
    with engine.connect(url) as connection:
        library = libraries.create(connection, name="bench", bucket="b", prefix="p/", home_zone="UTC", consents=())
        connection.commit()
    pages = keys // PAGE_KEYS
    try:
        killed = timed(lambda: list_everything(url, library, MadeUpBucket(keys, pages_left=pages // 2)))
    except Killed:
        killed = 0.0
    with engine.connect(url) as connection:
        before = connection.execute(text("SELECT count(*) FROM originals")).scalar_one()
    rest = timed(lambda: list_everything(url, library, MadeUpBucket(keys)))
    with engine.connect(url) as connection:
        after = connection.execute(text("SELECT count(*) FROM originals")).scalar_one()
        rows = connection.execute(text("SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits "
            "WHERE inhparent = 'originals'::regclass")).scalar_one()  # fmt: skip
    again = timed(lambda: list_everything(url, library, MadeUpBucket(keys)))
    changed = timed(lambda: list_everything(url, library, MadeUpBucket(keys, changed_every=1000)))
    assert killed == 0.0
    return {
        "kept over a kill": before,
        "registered": after,
        "new, keys/s": round((after - before) / rest),
        "known, keys/s": round(keys / again),
        "one in 1000 changed, keys/s": round(keys / changed),
        "bytes an original": round(rows / after),
        "MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def by_size(maintenance: str, sizes: Sequence[int]) -> dict[str, Any]:
    """Each size in a process and a catalog of its own."""
    catalogs, found = Catalogs(maintenance), {}
    for size in sizes:
        url = catalogs.create()
        migrate.upgrade(url)
        told = subprocess.run(
            [sys.executable, __file__, "--measure", url, "--keys", str(size)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found[f"{size:,}"] = json.loads(told.stdout)
        catalogs.drop(url)
    return found


def main() -> None:
    """Print the figures; end with 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", default="10000,100000", help="sizes, a comma between")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, int(given.keys))))
        return
    with running_servers() as stack:
        sizes = by_size(catalog_url(stack.home), [int(size) for size in given.keys.split(",")])
    ordered = list(sizes.values())
    failures = [
        fault
        for name in ordered[0]
        if "keys/s" in name
        for fault in growth.faults(name, {int(size.replace(",", "")): 1 / one[name] for size, one in sizes.items()})
    ]
    if ordered[-1]["MB"] > MOST_MB:
        failures.append(f"a listing takes {ordered[-1]['MB']} MB")
    told = {**conditions(), "sizes": sizes, "failures": failures}
    print(json.dumps(told, indent=None if given.json else 1))
    complete = all(one["registered"] == int(size.replace(",", "")) for size, one in sizes.items())
    sys.exit(0 if complete and not failures else 1)


if __name__ == "__main__":
    main()
