"""Reading an S3 Inventory: a bucket's listing as AWS writes it, once a day or a week.

An inventory is cheap at any size and old: what it shows may have changed since, and what it does
not show may be there. So it is good for finding objects, never for missing any.

References
----------
.. [1] Amazon S3 User Guide, "Amazon S3 Inventory list" and "Locating your inventory list".
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from urllib.parse import unquote_plus

from albumen.storage.object_store import ObjectInfo, ObjectMissing, ObjectStore

MANIFEST = "manifest.json"
CHECKSUM = "manifest.checksum"
MOST_MANIFEST_BYTES = 64 * 1024**2
MOST_OBJECT_BYTES = 2**63 - 1
NEEDED = ("Key", "Size", "LastModifiedDate", "ETag")
"""Columns without which an object cannot be registered; all but the key are optional in AWS's form."""


class InventoryError(ValueError):
    """An inventory that cannot be used: incomplete, altered, or of another bucket or format."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file of an inventory, with the checksum its manifest states."""

    key: str
    md5: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an inventory holds.

    Attributes
    ----------
    bucket : str
        Where the data files are.
    source : str
        The bucket that is listed.
    columns : tuple of str
        Names of the columns, in order.
    files : tuple of DataFile
    """

    bucket: str
    source: str
    columns: tuple[str, ...]
    files: tuple[DataFile, ...]


def locate(store: ObjectStore, uri: str) -> tuple[str, str]:
    """Bucket and key of a manifest.

    Parameters
    ----------
    uri : str
        `s3://bucket/…/manifest.json`, or the folder of an inventory's configuration, below which
        AWS puts a folder for every date: then the newest manifest.

    Raises
    ------
    InventoryError
        If it is no such address, or the folder holds no manifest.
    """
    bucket, _, path = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise InventoryError(f"an inventory is written s3://bucket/folder, not {uri!r}")
    if path.endswith(MANIFEST):
        return bucket, path
    folder = path if not path or path.endswith("/") else f"{path}/"
    for dated in sorted(_folders(store, bucket, folder), reverse=True):
        if any(listed.key == dated + MANIFEST for listed in store.list_all(bucket, dated + MANIFEST, most=1)):
            return bucket, dated + MANIFEST
    raise InventoryError(f"s3://{bucket}/{folder} holds no inventory: no folder of a date has a {MANIFEST}")


def open_manifest(store: ObjectStore, bucket: str, key: str) -> Manifest:
    """Read a manifest, and check it against the checksum beside it.

    Raises
    ------
    InventoryError
        If it is missing, altered, or of a kind that cannot be read: other than CSV, or without a
        column that is needed.
    albumen.storage.object_store.StorageError
        If the store fails.
    """
    where = f"s3://{bucket}/{key}"
    try:
        with store.read(bucket, key) as reading:
            if reading.info.size > MOST_MANIFEST_BYTES:
                raise InventoryError(f"{where}: {reading.info.size} bytes; at most {MOST_MANIFEST_BYTES} are read")
            data = b"".join(reading.chunks)
    except ObjectMissing as error:
        raise InventoryError(f"there is no {where}") from error
    _check_manifest(store, bucket, key, data)
    try:
        stated = json.loads(data)
        form, schema, source = (str(stated[name]) for name in ("fileFormat", "fileSchema", "sourceBucket"))
        files = tuple(DataFile(str(file["key"]), str(file["MD5checksum"]).lower()) for file in stated["files"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InventoryError(f"{where} is no manifest of an inventory: {type(error).__name__} {error}") from error
    if form.upper() != "CSV":
        raise InventoryError(f"{where}: an inventory in {form} cannot be read; configure one in CSV")
    columns = tuple(name.strip() for name in schema.split(","))
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise InventoryError(f"{where}: the inventory has no {', '.join(missing)}; add it to its configuration")
    return Manifest(bucket, source, columns, files)


def rows(
    store: ObjectStore, manifest: Manifest, file: DataFile, *, refuse: Callable[[str], None]
) -> Iterator[ObjectInfo]:
    """The current objects that a data file lists; older versions and delete markers are left out.

    The file is fetched to disk and checked before its first row is given; memory does not grow with it.

    Parameters
    ----------
    refuse : callable
        Told of every row that cannot be read, with its line; the others go on.

    Raises
    ------
    InventoryError
        If the file is missing, does not have the checksum of the manifest, or is no gzip.
    albumen.storage.object_store.StorageError
        If the store fails.
    """
    where = f"s3://{manifest.bucket}/{file.key}"
    with tempfile.TemporaryFile(prefix="albumen-inventory-") as fetched:
        _fetch(store, manifest.bucket, file, fetched)
        try:
            with (
                gzip.GzipFile(fileobj=fetched) as unpacked,
                io.TextIOWrapper(unpacked, encoding="utf-8", errors="replace", newline="") as lines,
            ):
                yield from _objects(csv.reader(lines), manifest.columns, refuse)
        except (gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
            raise InventoryError(f"{where} is damaged: {error}") from error


def _folders(store: ObjectStore, bucket: str, folder: str) -> Iterator[str]:
    token = ""
    while True:
        page = store.list_page(bucket, folder, token=token, delimiter="/")
        yield from page.prefixes
        token = page.token
        if not token:
            return


def _check_manifest(store: ObjectStore, bucket: str, key: str, data: bytes) -> None:
    """AWS puts the MD5 beside the manifest, and writes it last; a copied inventory may have lost it."""
    try:
        stated = store.get(bucket, key.removesuffix(MANIFEST) + CHECKSUM).decode("ascii", "replace").strip()
    except ObjectMissing:
        return
    if stated.lower() != hashlib.md5(data, usedforsecurity=False).hexdigest():
        raise InventoryError(f"s3://{bucket}/{key} does not have the checksum beside it: it is altered or half written")


def _fetch(store: ObjectStore, bucket: str, file: DataFile, target: IO[bytes]) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with store.read(bucket, file.key) as reading:
            for chunk in reading.chunks:
                digest.update(chunk)
                target.write(chunk)
    except ObjectMissing as error:
        raise InventoryError(f"the inventory names a file that is not there: {error}") from error
    if digest.hexdigest() != file.md5:
        raise InventoryError(
            f"s3://{bucket}/{file.key} has the checksum {digest.hexdigest()}, its manifest states {file.md5}"
        )
    target.seek(0)


def _objects(lines: Iterator[list[str]], columns: Sequence[str], refuse: Callable[[str], None]) -> Iterator[ObjectInfo]:
    for number, values in enumerate(lines, 1):
        if len(values) != len(columns):
            refuse(f"line {number}: {len(values)} columns in place of {len(columns)}")
            continue
        row = dict(zip(columns, values, strict=True))
        if row.get("IsLatest", "true").lower() == "false" or row.get("IsDeleteMarker", "false").lower() == "true":
            continue
        try:
            yield _object(row)
        except ValueError as error:
            refuse(f"line {number}: {error}")


def _object(row: dict[str, Any]) -> ObjectInfo:
    key = unquote_plus(row["Key"], errors="strict")
    if not key or "\0" in key:
        raise ValueError("no key")
    modified = datetime.fromisoformat(row["LastModifiedDate"])
    if modified.tzinfo is None:
        raise ValueError(f"{row['LastModifiedDate']!r} has no zone")
    size = int(row["Size"])
    if not 0 <= size <= MOST_OBJECT_BYTES:
        raise ValueError(f"a size of {size} bytes")
    return ObjectInfo(key, row["ETag"].strip('"'), size, modified)
