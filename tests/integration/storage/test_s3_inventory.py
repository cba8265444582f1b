"""Inventories on the real S3 server: as AWS writes them, damaged, incomplete, old, large."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote_plus

import pytest

from albumen.storage.object_store import ObjectStore
from albumen.storage.s3_inventory import InventoryError, Manifest, locate, open_manifest, rows

SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"
FOLDER = "inventories/photos/daily/"
DATED = FOLDER + "2026-06-11T00-00Z/"

pytestmark = pytest.mark.stack


def row(key: str, *, latest: str = "true", gone: str = "false", size: Any = 3, modified: str = "") -> list[str]:
    moment = modified or "2026-06-01T10:00:00.000Z"
    return ["photos", quote_plus(key, safe="/"), "v1", latest, gone, str(size), moment, "900150983cd24fb0", "STANDARD"]


def packed(lines: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
    return gzip.compress(text.getvalue().encode())


Publish = Callable[..., tuple[str, str]]


@pytest.fixture
def publish(object_store: ObjectStore, bucket: str) -> Publish:
    """Writes an inventory as AWS does: data files, manifest, checksum; returns bucket and manifest's key."""

    def write(*files: bytes, folder: str = DATED, checksum: bool = True, **changed: Any) -> tuple[str, str]:
        listed = []
        for number, data in enumerate(files):
            key = f"{FOLDER}data/{number}.csv.gz"
            object_store.put(bucket, key, data, mime="application/gzip")
            listed.append({"key": key, "size": len(data), "MD5checksum": hashlib.md5(data).hexdigest()})
        manifest = {
            "sourceBucket": "photos",
            "destinationBucket": f"arn:aws:s3:::{bucket}",
            "version": "2016-11-30",
            "creationTimestamp": "1781136000000",
            "fileFormat": "CSV",
            "fileSchema": SCHEMA,
            "files": listed,
        }
        data = json.dumps(manifest | changed, indent=4).encode()
        object_store.put(bucket, folder + "manifest.json", data, mime="application/json")
        if checksum:
            digest = hashlib.md5(data).hexdigest().encode() + b"\n"
            object_store.put(bucket, folder + "manifest.checksum", digest, mime="text/plain")
        return bucket, folder + "manifest.json"

    return write


def listed(store: ObjectStore, manifest: Manifest) -> tuple[list[str], list[str]]:
    """Keys of all files, and why rows were refused."""
    refused: list[str] = []
    keys = [info.key for file in manifest.files for info in rows(store, manifest, file, refuse=refused.append)]
    return keys, refused


def test_every_current_object_is_listed_with_its_facts(object_store: ObjectStore, publish: Publish) -> None:
    where = publish(packed([row("a.jpg"), row("b.jpg", size=0)]), packed([row("c.jpg")]))
    manifest = open_manifest(object_store, *where)
    assert manifest.source == "photos"
    assert listed(object_store, manifest) == (["a.jpg", "b.jpg", "c.jpg"], [])
    (first, *_) = rows(object_store, manifest, manifest.files[0], refuse=print)
    assert (first.size, first.etag, first.last_modified.isoformat()) == (
        3,
        "900150983cd24fb0",
        "2026-06-01T10:00:00+00:00",
    )


KEYS = ["red flower.jpg", "a+b.jpg", "100%.jpg", "São Tomé/海.jpg", 'say "cheese", twice.jpg', "line\nbreak.jpg"]


def test_keys_are_decoded(object_store: ObjectStore, publish: Publish) -> None:
    manifest = open_manifest(object_store, *publish(packed(row(key) for key in KEYS)))
    assert listed(object_store, manifest) == (KEYS, [])


def test_older_versions_and_delete_markers_are_left_out(object_store: ObjectStore, publish: Publish) -> None:
    lines = [row("a.jpg"), row("a.jpg", latest="false"), row("b.jpg", gone="true", size=""), row("c.jpg")]
    manifest = open_manifest(object_store, *publish(packed(lines)))
    assert listed(object_store, manifest) == (["a.jpg", "c.jpg"], [])


def test_an_inventory_of_current_versions_has_fewer_columns(object_store: ObjectStore, publish: Publish) -> None:
    data = packed([["photos", "a.jpg", "3", "2026-06-01T10:00:00.000Z", "abc"]])
    manifest = open_manifest(object_store, *publish(data, fileSchema="Bucket, Key, Size, LastModifiedDate, ETag"))
    assert listed(object_store, manifest) == (["a.jpg"], [])


@pytest.mark.parametrize(
    "bad",
    [
        row("x.jpg")[:4],
        [*row("x.jpg"), "more"],
        row("x.jpg", size="many"),
        row("x.jpg", size=""),
        row("x.jpg", size=-1),
        row("x.jpg", size=2**70),
        row("x.jpg", modified="yesterday"),
        row("x.jpg", modified="2026-06-01T10:00:00"),
        [*row("")[:1], "%FF", *row("")[2:]],
        [*row("")[:1], "a%00b", *row("")[2:]],
        row(""),
        [],
    ],
)
def test_a_bad_row_costs_only_itself(object_store: ObjectStore, publish: Publish, bad: list[str]) -> None:
    manifest = open_manifest(object_store, *publish(packed([row("a.jpg"), bad, row("b.jpg")])))
    keys, refused = listed(object_store, manifest)
    assert keys == ["a.jpg", "b.jpg"]
    assert len(refused) == 1
    assert refused[0].startswith("line 2: ")


def test_the_newest_inventory_of_a_folder_is_found(object_store: ObjectStore, bucket: str, publish: Publish) -> None:
    publish(packed([]), folder=FOLDER + "2026-06-10T00-00Z/")
    _, newest = publish(packed([]), folder=DATED)
    object_store.put(bucket, FOLDER + "hive/dt=2026-06-11-00-00/symlink.txt", b"s3://x", mime="text/plain")
    object_store.put(bucket, FOLDER + "2026-06-12T00-00Z/manifest.tmp", b"{}", mime="text/plain")
    for uri in (f"s3://{bucket}/{FOLDER}", f"s3://{bucket}/{FOLDER}".rstrip("/"), f"s3://{bucket}/{newest}"):
        assert locate(object_store, uri) == (bucket, newest)


@pytest.mark.parametrize("uri", ["photos/inventory", "https://photos/inventory", "s3://", ""])
def test_an_address_that_is_none_is_told(object_store: ObjectStore, uri: str) -> None:
    with pytest.raises(InventoryError, match="is written s3://bucket/folder"):
        locate(object_store, uri)


def test_a_folder_without_an_inventory_is_told(object_store: ObjectStore, bucket: str) -> None:
    with pytest.raises(InventoryError, match="holds no inventory"):
        locate(object_store, f"s3://{bucket}/empty")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"fileFormat": "Parquet", "fileSchema": "message s3.inventory {}"}, "in Parquet cannot be read.* CSV"),
        ({"fileFormat": "ORC"}, "in ORC cannot be read"),
        ({"fileSchema": "Bucket, Key, Size"}, "has no LastModifiedDate, ETag; add it"),
        ({"files": None}, "no manifest"),
        ({"files": [{"key": "a"}]}, "no manifest"),
        ({"files": ["a"]}, "no manifest"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_told(
    object_store: ObjectStore, publish: Publish, changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(InventoryError, match=told):
        open_manifest(object_store, *publish(**changed))


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"not JSON", b"\xff\xfe", b"[" * 100_000])
def test_a_manifest_that_is_none_is_told(object_store: ObjectStore, bucket: str, data: bytes) -> None:
    object_store.put(bucket, DATED + "manifest.json", data, mime="application/json")
    with pytest.raises(InventoryError, match="no manifest"):
        open_manifest(object_store, bucket, DATED + "manifest.json")


def test_a_manifest_that_is_not_there_is_told(object_store: ObjectStore, bucket: str) -> None:
    with pytest.raises(InventoryError, match="there is no s3://"):
        open_manifest(object_store, bucket, DATED + "manifest.json")


def test_a_manifest_half_written_is_told(object_store: ObjectStore, bucket: str, publish: Publish) -> None:
    where = publish(packed([row("a.jpg")]))
    publish(packed([row("b.jpg")]), checksum=False, creationTimestamp="1")
    with pytest.raises(InventoryError, match="checksum beside it"):
        open_manifest(object_store, *where)


def test_a_copied_inventory_without_its_checksum_is_read(object_store: ObjectStore, publish: Publish) -> None:
    manifest = open_manifest(object_store, *publish(packed([row("a.jpg")]), checksum=False))
    assert listed(object_store, manifest)[0] == ["a.jpg"]


def test_an_altered_data_file_gives_no_row(object_store: ObjectStore, bucket: str, publish: Publish) -> None:
    manifest = open_manifest(object_store, *publish(packed([row("a.jpg")])))
    object_store.put(bucket, manifest.files[0].key, packed([row("other.jpg")]), mime="application/gzip")
    with pytest.raises(InventoryError, match=r"has the checksum .* its manifest states"):
        next(rows(object_store, manifest, manifest.files[0], refuse=print))


def test_a_missing_data_file_is_told(object_store: ObjectStore, bucket: str, publish: Publish) -> None:
    manifest = open_manifest(object_store, *publish(packed([row("a.jpg")])))
    object_store.client.delete_object(Bucket=bucket, Key=manifest.files[0].key)
    with pytest.raises(InventoryError, match="names a file that is not there"):
        next(rows(object_store, manifest, manifest.files[0], refuse=print))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-20], lambda data: b"plain,text\n", lambda data: data[:12] + b"\0" * 30]
)
def test_a_damaged_file_whose_checksum_is_right_is_told(
    object_store: ObjectStore, publish: Publish, damage: Callable[[bytes], bytes]
) -> None:
    manifest = open_manifest(object_store, *publish(damage(packed(row(f"{n}.jpg") for n in range(100)))))
    with pytest.raises(InventoryError, match="is damaged"):
        listed(object_store, manifest)


def test_memory_does_not_grow_with_the_inventory(object_store: ObjectStore, publish: Publish) -> None:
    def peak(count: int) -> tuple[int, int]:
        manifest = open_manifest(object_store, *publish(packed(row(f"2026/{n:08}.jpg") for n in range(count))))
        tracemalloc.start()
        try:
            seen = sum(1 for _ in rows(object_store, manifest, manifest.files[0], refuse=print))
            return seen, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, small = peak(10_000)
    many, large = peak(100_000)
    assert (few, many) == (10_000, 100_000)
    assert large < small + 4 * 1024**2
