"""Reading, writing and listing objects of an S3 store.

`obstore` moves the bytes (a fifth of boto3's CPU per object); boto3 lists, and moves the objects
whose keys obstore's path rules refuse. Keys are used exactly as given.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import boto3
import obstore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from albumen.storage import checksum, list_parser

if TYPE_CHECKING:
    from obstore.store import S3Config

READ_CHUNK_BYTES = 1024 * 1024
LINES_AT_ONCE = 1000
DELETE_AT_ONCE = 1000
"""The most keys that S3 takes in one request."""
ODD_KEY = re.compile(r"^/|/$|//|(^|/)\.{1,2}(/|$)|[\x00-\x1f\x7f]")
"""Keys that obstore refuses or rewrites."""


class StorageError(RuntimeError):
    """The store is away, overloaded or refuses us: the world's fault, worth a retry."""


class BytesDiffer(StorageError):
    """The store answers, with other bytes than its ETag says: of one object, damaged there or on the way."""


class ObjectMissing(LookupError):
    """There is no such object (any more)."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How to reach a store; empty endpoint and keys mean AWS and its own credential chain.

    `check_etags` tells whether bytes are held against ETags that look like an MD5.
    """

    endpoint: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    region: str = "us-east-1"
    check_etags: bool = True


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store says of an object; `etag` without quotes."""

    key: str
    etag: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; an empty `token` means it was the last."""

    objects: Sequence[ObjectInfo]
    prefixes: Sequence[str]
    token: str


@dataclass(slots=True)
class Reading:
    """An object being read: its facts, and its bytes in chunks; stop early by not reading on."""

    info: ObjectInfo
    chunks: Iterator[bytes | obstore.Bytes]


class ObjectStore:
    """One store; safe to use from several threads."""

    def __init__(self, options: StoreOptions) -> None:
        self.options = options
        self._opaque: set[str] = set() if options.check_etags else {""}

    @property
    def client(self) -> Any:
        """The boto3 client: listing, buckets, and odd keys."""
        return _client(self.options)

    @contextmanager
    def read(self, bucket: str, key: str) -> Iterator[Reading]:
        """One GET; the body is streamed.

        Raises
        ------
        ObjectMissing
            If there is no such object.
        BytesDiffer
            At the end of the body, if its MD5 is another than announced.
        StorageError
            If the store fails, also in mid-body, or the body has another length than announced.
        """
        with _faults(bucket, key):
            if ODD_KEY.search(key):
                answer = self.client.get_object(Bucket=bucket, Key=key)
                info = _info(key, answer["ETag"], answer["ContentLength"], answer["LastModified"])
                with closing(answer["Body"]) as stream:  # what is not read to its end would hold its connection
                    yield Reading(info, self._whole(bucket, stream.iter_chunks(READ_CHUNK_BYTES), info))
            else:
                result = obstore.get(_fast_store(self.options, bucket), key)
                meta = result.meta
                info = _info(key, meta["e_tag"] or "", meta["size"], meta["last_modified"])
                yield Reading(info, self._whole(bucket, iter(result.stream(min_chunk_size=READ_CHUNK_BYTES)), info))

    def get(self, bucket: str, key: str) -> bytes:
        """The whole object; errors as `read`."""
        with self.read(bucket, key) as reading:
            return b"".join(reading.chunks)

    def read_part(self, bucket: str, key: str, first: int, length: int) -> Iterator[bytes]:
        """One GET of `length` bytes from `first` on, streamed; errors as `read`, but a part has no MD5."""
        with _faults(bucket, key):
            span = (first, first + length)
            result = obstore.get(_fast_store(self.options, bucket), key, options={"range": span})
            for chunk in result.stream(min_chunk_size=READ_CHUNK_BYTES):
                yield bytes(chunk)

    def put(self, bucket: str, key: str, data: bytes, *, mime: str, cache_control: str = "") -> str:
        """Store an object and return its ETag; errors as `read`: what arrived is held against the ETag."""
        attributes = {"Content-Type": mime} | ({"Cache-Control": cache_control} if cache_control else {})
        with _faults(bucket, key):
            if ODD_KEY.search(key):
                extra = {"CacheControl": cache_control} if cache_control else {}
                answer = self.client.put_object(Bucket=bucket, Key=key, Body=data, ContentType=mime, **extra)
                etag = str(answer["ETag"]).strip('"')
            else:
                fast = _fast_store(self.options, bucket)
                result = obstore.put(fast, key, data, attributes=attributes, use_multipart=False)
                etag = (result["e_tag"] or "").strip('"')
            digest = self._digest_for(bucket, etag)
            if digest is not None:
                digest.update(data)
                self._compare(bucket, key, etag, digest.hexdigest(), "stored")
            return etag

    def put_file(self, bucket: str, key: str, file: BinaryIO, *, mime: str, cache_control: str = "") -> str:
        """Store a file of any size, in parts if it is large, and return its ETag; errors as `read`."""
        attributes = {"Content-Type": mime} | ({"Cache-Control": cache_control} if cache_control else {})
        with _faults(bucket, key):
            result = obstore.put(_fast_store(self.options, bucket), key, file, attributes=attributes)
            return (result["e_tag"] or "").strip('"')

    def signed_url(self, bucket: str, key: str, *, seconds: int) -> str:
        """A URL that gives the object to whoever has it, for so long."""
        where = {"Bucket": bucket, "Key": key}
        url: str = self.client.generate_presigned_url("get_object", Params=where, ExpiresIn=seconds)
        return url

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        with _faults(bucket, key):
            self.client.delete_object(Bucket=bucket, Key=key)

    def put_lines(self, bucket: str, key: str, lines: Iterable[str], *, mime: str) -> None:
        """Store an object of many lines, in parts as they come: its size does not matter, and half of it is nothing."""
        with _faults(bucket, key):
            blocks = ("".join(f"{line}\n" for line in some).encode() for some in _in_lots(lines, LINES_AT_ONCE))
            attributes = {"Content-Type": mime}
            obstore.put(_fast_store(self.options, bucket), key, blocks, attributes=attributes)

    def delete_many(self, bucket: str, keys: Iterable[str]) -> int:
        """Remove objects, a thousand a request, and return how many; those that are not there are no error."""
        removed = 0
        for some in _in_lots(keys, DELETE_AT_ONCE):
            with _faults(bucket, some[0]):
                asked = {"Objects": [{"Key": key} for key in some], "Quiet": True}
                refused = self.client.delete_objects(Bucket=bucket, Delete=asked).get("Errors", [])
            if refused:
                why = refused[0]
                raise StorageError(
                    f"s3://{bucket}/{why.get('Key')}: not deleted: {why.get('Message', why.get('Code'))}"
                )
            removed += len(some)
        return removed

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Facts of an object; errors as `read`."""
        with _faults(bucket, key):
            answer = self.client.head_object(Bucket=bucket, Key=key)
            return _info(key, answer["ETag"], answer["ContentLength"], answer["LastModified"])

    def list_page(self, bucket: str, prefix: str, *, token: str = "", delimiter: str = "", keys: int = 1000) -> Page:
        """One page of a listing, in the store's own order."""
        extra: dict[str, Any] = {"ContinuationToken": token} if token else {}
        if delimiter:
            extra["Delimiter"] = delimiter
        with _faults(bucket, prefix):
            answer = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=keys, **extra)
        objects = [_info(o["Key"], o["ETag"], o["Size"], o["LastModified"]) for o in answer.get("Contents", [])]
        prefixes = [p["Prefix"] for p in answer.get("CommonPrefixes", [])]
        following = answer.get("NextContinuationToken", "") if answer["IsTruncated"] else ""
        if following and following == token:
            raise StorageError(f"s3://{bucket}/{prefix}: the listing does not move on from {token!r}")
        return Page(objects, prefixes, following)

    def list_all(self, bucket: str, prefix: str, *, most: int | None = None) -> Iterator[ObjectInfo]:
        """Every object below a prefix, page by page, or the first `most`."""
        token, seen = "", 0
        while True:
            page = self.list_page(bucket, prefix, token=token)
            for listed in page.objects:
                if most is not None and seen >= most:
                    return
                seen += 1
                yield listed
            token = page.token
            if not token:
                return

    def ensure_bucket(self, bucket: str) -> None:
        """Make the bucket unless it is there."""
        with _faults(bucket, ""):
            try:
                self.client.head_bucket(Bucket=bucket)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
                self.client.create_bucket(Bucket=bucket)

    def _whole(
        self, bucket: str, body: Iterator[bytes] | Iterator[obstore.Bytes], info: ObjectInfo
    ) -> Iterator[bytes | obstore.Bytes]:
        """The chunks of a body, which must come to what was announced."""
        read, digest = 0, self._digest_for(bucket, info.etag)
        for chunk in body:
            read += len(chunk)
            if digest is not None:
                digest.update(chunk)
            yield chunk
        if read != info.size:
            raise StorageError(f"{info.key!r}: the store sent {read} of {info.size} bytes")
        if digest is not None:
            self._compare(bucket, info.key, info.etag, digest.hexdigest(), "sent")

    def _digest_for(self, bucket: str, etag: str) -> hashlib._Hash | None:
        return None if self._opaque & {"", bucket} else checksum.digest_for(etag)

    def _compare(self, bucket: str, key: str, etag: str, md5: str, verb: str) -> None:
        """Refuse bytes of another MD5 than the ETag, unless the bucket's encryption makes ETags something else."""
        if md5 == etag:
            return
        with _faults(bucket, key):
            head = self.client.head_object(Bucket=bucket, Key=key)
        if checksum.is_opaque(head):
            self._opaque.add(bucket)
            return
        raise BytesDiffer(
            f"{key!r}: the store {verb} bytes whose MD5 is {md5}, and calls it {etag} "
            "(a store whose ETags are something else: ALBUMEN_STORAGE__CHECK_ETAGS=false)"
        )


@lru_cache(maxsize=8)
def _client(options: StoreOptions) -> Any:
    """One client per store and process: making one takes longer than most requests."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if options.endpoint else "auto"},
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 3, "mode": "standard"},
        max_pool_connections=16,
    )
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=options.endpoint or None,
        aws_access_key_id=options.access_key or None,
        aws_secret_access_key=options.secret_key or None,
        aws_session_token=options.session_token or None,
        region_name=options.region,
        config=config,
    )
    client.meta.events.register(list_parser.EVENT, list_parser.take_entries)
    return client


@lru_cache(maxsize=32)
def _fast_store(options: StoreOptions, bucket: str) -> S3Store:
    config: Mapping[str, Any] = {
        "endpoint": options.endpoint or None,
        "access_key_id": options.access_key or None,
        "secret_access_key": options.secret_key or None,
        "session_token": options.session_token or None,
        "region": options.region,
    }
    return S3Store(
        bucket,
        config=cast("S3Config", {name: value for name, value in config.items() if value}),
        client_options={
            "allow_http": options.endpoint.startswith("http://"),
            "timeout": "120s",
            "connect_timeout": "5s",
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        virtual_hosted_style_request=not options.endpoint,
    )


def _info(key: str, etag: str, size: int, last_modified: datetime) -> ObjectInfo:
    return ObjectInfo(key, etag.strip('"'), size, last_modified)


def _in_lots(values: Iterable[str], most: int) -> Iterator[list[str]]:
    left = iter(values)
    while lot := list(islice(left, most)):
        yield lot


@contextmanager
def _faults(bucket: str, key: str) -> Iterator[None]:
    """Tell a missing object from a store in trouble, whichever client noticed."""
    where = f"s3://{bucket}/{key}"
    try:
        yield
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError | NotFoundError):
            raise ObjectMissing(where) from error
        raise StorageError(f"{where}: {_first_line(error)}") from error
    except ClientError as error:
        if error.response["ResponseMetadata"].get("HTTPStatusCode") == 404:
            raise ObjectMissing(where) from error
        raise StorageError(f"{where}: {_first_line(error)}") from error
    except BotoCoreError as error:
        raise StorageError(f"{where}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
