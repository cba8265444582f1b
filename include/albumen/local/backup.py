"""A backup: the catalog as `pg_dump` writes it, and a manifest of what the library bucket holds.

The catalog goes first. An object is stored before the catalog names it and outlives that by the grace period, so that
a manifest made afterwards has all that the dump names. The objects themselves are the bucket's to keep: versions,
replication or a copy; the manifest tells whether a copy is whole.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from albumen.catalog import engine, migrate
from albumen.local.postgres import packaged_programs
from albumen.local.processes import StackError
from albumen.storage.object_store import ObjectStore

CATALOG = "catalog.dump"
MANIFEST = "manifest.jsonl.gz"
TOLD = "backup.json"

TABLES = text("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace")


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: the catalog's revision, and how many objects of how many bytes."""

    revision: str
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Difference:
    """An object that is not as the manifest tells: `missing` or `changed`."""

    key: str
    what: str


def make(url: str, store: ObjectStore, bucket: str, folder: Path) -> Backup:
    """Write a backup into an empty folder; work may go on meanwhile.

    Raises
    ------
    StackError
        When the folder holds something, or `pg_dump` fails; the message holds what it said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise StackError(f"{folder} is not empty: every backup has a folder of its own")
    folder.chmod(0o700)
    with engine.connect(url) as connection:
        revision = migrate.current(connection)
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-acl", "--no-comments", f"--file={folder / CATALOG}")
    objects = size = 0
    with gzip.open(folder / MANIFEST, "wt", encoding="utf-8") as manifest:
        for listed in store.list_all(bucket, ""):
            line = {"key": listed.key, "bytes": listed.size, "etag": listed.etag}
            manifest.write(json.dumps(line) + "\n")
            objects, size = objects + 1, size + listed.size
    made = Backup(revision, objects, size)
    # Last: a folder with this file holds a whole backup.
    (folder / TOLD).write_text(json.dumps(asdict(made)) + "\n", encoding="utf-8")
    return made


def read(folder: Path) -> Backup:
    """What a folder holds.

    Raises
    ------
    StackError
        When it is no backup, or one that was not finished.
    """
    try:
        return Backup(**json.loads((folder / TOLD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StackError(f"{folder} holds no finished backup: {error}") from error


def restore(url: str, folder: Path) -> Backup:
    """Fill an empty database from a backup and bring it to the newest schema.

    Raises
    ------
    StackError
        When the database is not empty, the backup is of a newer version, or `pg_restore` fails; nothing is left then.
    """
    found = read(folder)
    if found.revision > migrate.head():
        raise StackError(
            f"the backup is of schema {found.revision}, this version knows {migrate.head()}: upgrade first"
        )
    with engine.connect(url) as connection:
        if connection.execute(TABLES).scalar_one():
            raise StackError(
                "the database is not empty: restore into a new one, and then let it take the other's place"
            )
    _run("pg_restore", url, "--no-owner", "--no-acl", "--exit-on-error", "--single-transaction", str(folder / CATALOG))
    migrate.upgrade(url)
    with engine.connect(url) as connection:
        # The planner knows nothing of what was copied in.
        connection.execute(text("ANALYZE"))
        connection.commit()
    return found


def differences(store: ObjectStore, bucket: str, folder: Path) -> Iterator[Difference]:
    """Objects of the manifest that a bucket lacks or has otherwise; what is newer there is no difference.

    Memory does not grow with the bucket: both sides meet in a file.
    """
    read(folder)
    index = folder / ".compare.sqlite"
    index.unlink(missing_ok=True)
    try:
        with sqlite3.connect(index) as table:
            table.execute("CREATE TABLE expected (key TEXT PRIMARY KEY, etag TEXT, bytes INTEGER) WITHOUT ROWID")
            with gzip.open(folder / MANIFEST, "rt", encoding="utf-8") as manifest:
                lines = (json.loads(line) for line in manifest)
                table.executemany("INSERT INTO expected VALUES (:key, :etag, :bytes)", lines)
            for listed in store.list_all(bucket, ""):
                same = "DELETE FROM expected WHERE key = ? RETURNING etag, bytes"
                row = table.execute(same, (listed.key,)).fetchone()
                if row and row != (listed.etag, listed.size):
                    yield Difference(listed.key, "changed")
            for (key,) in table.execute("SELECT key FROM expected ORDER BY key"):
                yield Difference(key, "missing")
    finally:
        index.unlink(missing_ok=True)


def _run(program: str, url: str, *arguments: str) -> None:
    """Run a program of PostgreSQL on a database; the password is in no command line."""
    found = shutil.which(program, path=str(packaged_programs() / "bin")) or shutil.which(program)
    if found is None:
        raise StackError(f"{program} is missing: install PostgreSQL's client programs of the server's version")
    told = make_url(url)
    names = {"PGHOST": told.host, "PGPORT": told.port, "PGUSER": told.username, "PGPASSWORD": told.password}
    environment = {name: str(value) for name, value in names.items() if value is not None}
    target = f"--dbname={told.database}"
    outcome = subprocess.run(
        [found, target, *arguments],
        env={"PATH": os.environ.get("PATH", os.defpath), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        raise StackError(f"{program} failed: {outcome.stderr.strip()[-2000:]}")
