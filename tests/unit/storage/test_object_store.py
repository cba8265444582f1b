"""The object store without a server: which client takes a key, what errors mean, and short bodies."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError
from hypothesis import given
from hypothesis import strategies as st
from obstore.exceptions import GenericError, NotFoundError, PermissionDeniedError

from albumen.storage import object_store
from albumen.storage.layout import memory_key, rendition_key
from albumen.storage.object_store import ODD_KEY, BytesDiffer, ObjectInfo, ObjectMissing, StorageError, StoreOptions

NOW = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "key",
    ["/a", "a/", "a//b", "./a", "a/./b", "../a", "a/..", "..", ".", "a\nb", "a\x00b", "a\x7fb", "\x1f", "a/b/"],
)
def test_keys_that_the_fast_client_would_refuse_or_rewrite_go_the_slow_way(key: str) -> None:
    assert ODD_KEY.search(key)


@pytest.mark.parametrize(
    "key", ["a", "a/b", "a b", "a%20b", "é", "a/.hidden", "a/...", "a..b", "..a", "a/b.", "+&?#=", "\u202e", "~"]
)
def test_ordinary_keys_go_the_fast_way(key: str) -> None:
    assert not ODD_KEY.search(key)


@given(st.text(min_size=1))
def test_a_fast_key_has_no_empty_or_dotted_segment_and_no_control_character(key: str) -> None:
    if not ODD_KEY.search(key):
        assert all(part not in {"", ".", ".."} for part in key.split("/"))
        assert not any(ord(character) < 32 or ord(character) == 127 for character in key)


def _client_error(status: int) -> ClientError:
    return ClientError({"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


@pytest.mark.parametrize("error", [FileNotFoundError("x"), NotFoundError("x"), _client_error(404)])
def test_a_missing_object_is_told_from_a_store_in_trouble(error: Exception) -> None:
    with pytest.raises(ObjectMissing, match="s3://bucket/key"), object_store._faults("bucket", "key"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        GenericError("x"),
        PermissionDeniedError("x"),
        _client_error(403),
        _client_error(503),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ConnectionResetError("x"),
        TimeoutError("x"),
    ],
)
def test_every_other_failure_is_the_worlds_fault(error: Exception) -> None:
    with pytest.raises(StorageError), object_store._faults("bucket", "key"):
        raise error


def test_a_fault_of_our_own_is_not_dressed_up_as_the_worlds() -> None:
    with pytest.raises(ZeroDivisionError), object_store._faults("bucket", "key"):
        raise ZeroDivisionError


def test_a_message_is_one_line_and_never_long() -> None:
    with pytest.raises(StorageError) as caught, object_store._faults("bucket", "key"):
        raise OSError("first\nsecond")
    assert str(caught.value) == "s3://bucket/key: first"
    assert len(object_store._first_line(OSError("x" * 1000))) == 300
    assert object_store._first_line(OSError()) == "OSError"


STORE = object_store.ObjectStore(StoreOptions())
MD5 = "827ccb0eea8a706c4c34a16891f84e7b"
"""Of 12345."""


class Head:
    """Answers HEAD requests, and knows of which buckets it was asked."""

    def __init__(self, **answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def head_object(self, **asked: str) -> dict[str, str]:
        self.asked.append(asked["Bucket"])
        return self.answer


@pytest.mark.parametrize("chunks", [[], [b"1234"], [b"12", b"34"], [b"1234", b"56"]])
def test_a_body_that_is_not_as_long_as_announced_is_refused(chunks: list[bytes]) -> None:
    whole = STORE._whole("bucket", iter(chunks), ObjectInfo("key", "etag", 5, NOW))
    with pytest.raises(StorageError, match="of 5 bytes") as caught:
        list(whole)
    assert not isinstance(caught.value, BytesDiffer), "a body that broke off says nothing of the object"


def test_a_whole_body_passes() -> None:
    assert list(STORE._whole("bucket", iter([b"12", b"345"]), ObjectInfo("key", MD5, 5, NOW))) == [b"12", b"345"]


def test_a_body_with_other_bytes_than_its_etag_says_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store.ObjectStore, "client", Head())
    with pytest.raises(BytesDiffer, match=f"{MD5} .*CHECK_ETAGS"):
        list(STORE._whole("bucket", iter([b"12", b"346"]), ObjectInfo("key", MD5, 5, NOW)))


@pytest.mark.parametrize("etag", ["", f"{MD5}-2", MD5.upper(), "not an md5"])
def test_an_etag_that_is_no_md5_says_nothing(etag: str) -> None:
    assert list(STORE._whole("bucket", iter([b"12345"]), ObjectInfo("key", etag, 5, NOW))) == [b"12345"]


@pytest.mark.parametrize("encrypted", [{"ServerSideEncryption": "aws:kms"}, {"SSECustomerAlgorithm": "AES256"}])
def test_encryption_that_makes_etags_something_else_is_noticed_once_a_bucket(
    monkeypatch: pytest.MonkeyPatch, encrypted: dict[str, str]
) -> None:
    head = Head(**encrypted)
    monkeypatch.setattr(object_store.ObjectStore, "client", head)
    store = object_store.ObjectStore(StoreOptions())
    for bucket in ("one", "one", "two"):
        assert list(store._whole(bucket, iter([b"54321"]), ObjectInfo("key", MD5, 5, NOW))) == [b"54321"]
    assert head.asked == ["one", "two"]


def test_the_comparison_can_be_switched_off() -> None:
    store = object_store.ObjectStore(StoreOptions(check_etags=False))
    assert list(store._whole("bucket", iter([b"54321"]), ObjectInfo("key", MD5, 5, NOW))) == [b"54321"]


class _Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self.read(size):
            yield chunk


def test_an_odd_key_that_is_not_read_to_its_end_gives_its_connection_back(monkeypatch: pytest.MonkeyPatch) -> None:
    body = _Body(b"12345")

    class Client:
        def get_object(self, **_: str) -> dict[str, object]:
            return {"ETag": '"abc"', "ContentLength": 5, "LastModified": NOW, "Body": body}

    store = object_store.ObjectStore(StoreOptions())
    monkeypatch.setattr(object_store.ObjectStore, "client", Client())
    with store.read("bucket", "a//b") as reading:
        assert reading.info.etag == "abc"
    assert body.closed


def test_a_listing_that_does_not_move_on_is_an_error_and_no_endless_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def list_objects_v2(self, **_: object) -> dict[str, object]:
            return {"IsTruncated": True, "NextContinuationToken": "here"}

    monkeypatch.setattr(object_store.ObjectStore, "client", Client())
    with pytest.raises(StorageError, match="does not move on from 'here'"):
        list(STORE.list_all("bucket", ""))


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(StoreOptions(secret_key="hush", session_token="hush"))


def test_the_key_of_a_rendition_changes_with_content_version_and_settings() -> None:
    def key(sha256: bytes = b"\xab" * 32, version: int = 1, inputs: str = "0123456789abcdef") -> str:
        return rendition_key(7, sha256, "thumb", version=version, inputs_key=inputs, extension="webp")

    assert key() == f"renditions/7/ab/{'ab' * 32}/thumb-v1-01234567.webp"
    assert len({key(), key(b"\x01" * 32), key(version=2), key(inputs="f" * 16)}) == 4
    assert memory_key(7, "m1", "index.html") == "memories/7/m1/index.html"
