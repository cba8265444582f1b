"""Event notifications: every form AWS delivers, and everything a stranger may put into a queue."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumen.storage.s3_events import EventError, Message, ObjectChange, read


def record(
    key: str = "album/beach.jpg",
    *,
    name: str = "ObjectCreated:Put",
    version: str = "2.1",
    bucket: Any = "photos",
    **told: Any,
) -> dict[str, Any]:
    """One of S3's own records, with all that surrounds what matters."""
    shown = {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0055AED6DCD90281E5"}
    return {
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-06-12T09:00:00.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "192.0.2.3"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "albumen",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::photos",
            },
            "object": {**shown, **told},
        },
    }


def body(*records: Any) -> str:
    return json.dumps({"Records": list(records)})


def bridged(kind: str, **told: Any) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "111122223333",
            "time": "2026-06-12T09:00:00Z",
            "region": "eu-west-1",
            "resources": ["arn:aws:s3:::photos"],
            "detail": {"version": "0", "bucket": {"name": "photos"}, "object": told, "reason": "PutObject"},
        }
    )


def by_sns(message: str) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "TopicArn": "arn:aws:sns:eu-west-1:111122223333:uploads",
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2026-06-12T09:00:01.000Z",
            "SignatureVersion": "1",
        }
    )


TEST_EVENT = json.dumps(
    {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-06-12T08:00:00.000Z",
        "Bucket": "photos",
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
    }
)


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3"])
@pytest.mark.parametrize("name", ["Put", "Post", "Copy", "CompleteMultipartUpload"])
def test_a_created_object_is_read_in_every_version(version: str, name: str) -> None:
    (change,) = read(body(record(version=version, name=f"ObjectCreated:{name}", versionId="v1"))).changes
    assert change == ObjectChange(
        bucket="photos",
        key="album/beach.jpg",
        etag="d41d8cd98f00b204e9800998ecf8427e",
        size=1024,
        version_id="v1",
        sequencer="0055AED6DCD90281E5",
    )


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("red+flower.jpg", "red flower.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("100%25.jpg", "100%.jpg"),
        ("S%C3%A3o+Tom%C3%A9/%E6%B5%B7.jpg", "São Tomé/海.jpg"),
        ("a%2Fb.jpg", "a/b.jpg"),
        ("%F0%9F%8C%8A.jpg", "🌊.jpg"),
        ("plain.jpg", "plain.jpg"),
    ],
)
def test_keys_are_decoded_as_forms_are(encoded: str, key: str) -> None:
    assert [change.key for change in read(body(record(encoded))).changes] == [key]


@pytest.mark.parametrize(
    "name", ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:Delete"]
)
def test_a_removed_object_is_told_as_removed(name: str) -> None:
    one = record(name=name, version="2.3")
    del one["s3"]["object"]["eTag"], one["s3"]["object"]["size"]
    (change,) = read(body(one)).changes
    assert (change.removed, change.etag, change.size) == (True, "", None)


@pytest.mark.parametrize(
    "name", ["ObjectTagging:Put", "ObjectAcl:Put", "ObjectRestore:Completed", "IntelligentTiering", "Replication:X"]
)
def test_what_changes_no_content_says_nothing(name: str) -> None:
    assert read(body(record(name=name, version="2.3"))) == Message()


def test_the_test_event_says_nothing() -> None:
    assert read(TEST_EVENT) == Message()
    assert read(by_sns(TEST_EVENT)) == Message()


def test_an_event_of_eventbridge_has_its_key_as_it_is() -> None:
    told = {"key": "a+b%20c.jpg", "size": 5, "etag": "b1946ac9", "version-id": "IYV3", "sequencer": "617f08299329d189"}
    (change,) = read(bridged("Object Created", **told)).changes
    assert change == ObjectChange("photos", "a+b%20c.jpg", "b1946ac9", 5, "IYV3", "617f08299329d189")
    (gone,) = read(bridged("Object Deleted", key="a.jpg", sequencer="617f")).changes
    assert gone.removed
    assert read(bridged("Object Tags Added", key="a.jpg")) == Message()


def test_what_sns_wraps_is_unwrapped() -> None:
    plain = body(record())
    assert read(by_sns(plain)) == read(plain)
    assert read(by_sns(bridged("Object Created", key="a.jpg", size=1))).changes[0].key == "a.jpg"


def test_one_message_may_tell_of_many() -> None:
    keys = [f"{number}.jpg" for number in range(50)]
    assert [change.key for change in read(body(*map(record, keys))).changes] == keys


BAD_RECORDS = {
    "no object": {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "photos"}}},
    "no bucket": {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "a"}}},
    "no event name": {"s3": {}},
    "a list": [],
    "a number": 7,
    "nothing": None,
    "an empty key": record(""),
    "a bucket that is a number": record(bucket=7),
    "a key of four kilobytes": record("k" * 4096),
    "a key that is not UTF-8": record("%FF%FE.jpg"),
    "a key with a NUL": record("a%00b"),
    "half a surrogate": record("\ud800"),
}


@pytest.mark.parametrize("name", BAD_RECORDS)
def test_a_bad_record_costs_only_itself(name: str) -> None:
    message = read(body(record("before.jpg"), BAD_RECORDS[name], record("after.jpg")))
    assert [change.key for change in message.changes] == ["before.jpg", "after.jpg"]
    assert len(message.refused) == 1


def test_a_refused_key_is_told_with_its_length_and_the_limit() -> None:
    assert read(body(record("k" * 4096))).refused == ("a key of 4096 bytes; the longest has 1024",)


@pytest.mark.parametrize(("told", "size"), [(True, None), ("12", None), (-1, None), (None, None), (1.5, None), (0, 0)])
def test_a_size_that_is_none_is_left_out(told: Any, size: int | None) -> None:
    assert read(body(record(size=told))).changes[0].size == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "milk, eggs",
        "[]",
        "7",
        "null",
        "{}",
        '{"Records": 7}',
        '{"Records": {}}',
        '{"Message": 7, "TopicArn": "a"}',
        '{"Message": "no JSON", "TopicArn": "a"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"source": "aws.ec2", "detail": {}}',
    ],
)
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(EventError, match="no S3 event"):
        read(text)


def test_envelopes_within_envelopes_come_to_an_end() -> None:
    wrapped = body(record())
    for _ in range(8):
        wrapped = by_sns(wrapped)
    with pytest.raises(EventError):
        read(wrapped)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["Records", "s3", "bucket", "object", "key", "name", "eventName", "detail", "source", "detail-type",
             "Message", "TopicArn", "Event", "size", "eTag", "x"]
        )
        | st.text(max_size=4),
        inner,
        max_size=4,
    ),
)  # fmt: skip


@given(JSON)
def test_no_json_does_more_than_be_refused(value: Any) -> None:
    try:
        message = read(json.dumps(value))
    except EventError:
        return
    assert all(change.bucket and change.key for change in message.changes)
