"""A page of a listing, read quickly: the same as boto3 reads it, and anything else left to boto3."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import Session

from albumen.storage import list_parser

SPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def page(*keys: str, space: str = SPACE) -> bytes:
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2020-02-29T10:11:12.345Z</LastModified>"
        f"<ETag>&#34;e{number}&#34;</ETag><Size>{number}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for number, key in enumerate(keys)
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><ListBucketResult{space}><Name>b</Name><Prefix></Prefix>"
        f"<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        f"{entries}<CommonPrefixes><Prefix>p%20q/</Prefix></CommonPrefixes></ListBucketResult>"
    ).encode()


def listed(body: bytes, *, quickly: bool, status: int = 200) -> dict[str, Any]:
    """What boto3 makes of an answer."""
    client = Session().create_client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def answer(**_: Any) -> AWSResponse:
        class Raw:
            def stream(self) -> list[bytes]:
                return [body]

        return AWSResponse("https://b.s3.amazonaws.com/", status, {"content-type": "application/xml"}, Raw())

    client.meta.events.register("before-send.s3.ListObjectsV2", answer)
    if quickly:
        client.meta.events.register(list_parser.EVENT, list_parser.take_entries)
    found: dict[str, Any] = client.list_objects_v2(Bucket="b")
    return found


@pytest.mark.parametrize("space", [SPACE, ""])
def test_a_page_is_read_as_boto3_reads_it(space: str) -> None:
    keys = ["a.jpg", "a%20b%2Fc.jpg", "%C3%A9/", "a//b", "&<>", " ", ""]
    quick, slow = (listed(page(*keys, space=space), quickly=quickly) for quickly in (True, False))
    for entry in slow["Contents"]:
        del entry["StorageClass"]
    assert quick["Contents"] == slow["Contents"]
    assert [entry["Key"] for entry in quick["Contents"]][:3] == ["a.jpg", "a b/c.jpg", "é/"]
    assert quick["CommonPrefixes"] == slow["CommonPrefixes"] == [{"Prefix": "p q/"}]
    assert quick["NextContinuationToken"] == slow["NextContinuationToken"] == "t"
    assert quick["IsTruncated"] is slow["IsTruncated"] is True


@pytest.mark.parametrize("token", ["a&#13;b", "a&#10;b", "a&#9;&#13;&#10;", "&amp;#13;", "\u00e9&lt;"])
def test_a_token_comes_out_as_the_server_gave_it(token: str) -> None:
    body = page("a.jpg").replace(b">t<", f">{token}<".encode())
    quick, slow = (listed(body, quickly=quickly)["NextContinuationToken"] for quickly in (True, False))
    assert quick == slow


def test_a_page_without_entries_has_none() -> None:
    assert "Contents" not in listed(page(), quickly=True)


@pytest.mark.parametrize("body", [b"", b"no xml", page("a")[:200], page("a").replace(b"2020-02-29T", b"2020-02-30T")])
def test_what_is_no_page_is_left_to_boto3(body: bytes) -> None:
    answer: dict[str, Any] = {"status_code": 200, "body": body}
    laid_over: dict[str, Any] = {}
    list_parser.take_entries(response_dict=answer, customized_response_dict=laid_over)
    assert (answer["body"], laid_over) == (body, {})


def test_an_error_stays_an_error() -> None:
    body = b"<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>"
    with pytest.raises(Exception, match="NoSuchBucket"):
        listed(body, quickly=True, status=404)
