"""Messages over real wires: an SMTP server and an SNS server on loopback receive what is sent."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import boto3
import pytest
from aiosmtpd.controller import Controller
from moto.server import ThreadedMotoServer

from albumen.airflow.notifiers import channels
from albumen.airflow.notifiers.channels import ChannelError

WORDS = "quality of <home> & more is stopped\n    next: ./albumen step list"


class Post:
    """Takes letters in."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], Message]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return self.answer


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """An SMTP server, known to Airflow as `smtp_default`."""
    found = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "albumen@example.org", "retry_limit": 1}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    yield found
    controller.stop()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Endpoint of an SNS and SQS server."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name, value in {"ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield f"http://{host}:{port}"
    server.stop()


def test_an_e_mail_is_delivered_with_its_words_as_they_are(post: Post) -> None:
    channels.send(["email:photos@example.org"], "Albumen: quality is stopped", WORDS)
    ((recipients, letter),) = post.letters
    assert recipients == ["photos@example.org"]
    assert (letter["Subject"], letter["From"]) == ("Albumen: quality is stopped", "albumen@example.org")
    (part,) = [one for one in letter.walk() if one.get_content_type() == "text/html"]
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "<pre>quality of &lt;home&gt; &amp; more is stopped\n    next: ./albumen step list</pre>" in body.decode()


def test_a_letter_that_is_refused_is_told_by_the_channels_name(post: Post) -> None:
    post.answer = "554 no"
    with pytest.raises(ChannelError, match=r"email:photos@example\.org: SMTPDataError"):
        channels.send(["email:photos@example.org"], "s", WORDS)


def test_a_topic_gets_the_message_and_its_subscribers_too(aws: str) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="on-call")["TopicArn"]
    queue = sqs.create_queue(QueueName="phone")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    channels.send([f"sns:{topic}"], "Albumen: é\n" + "long " * 30, WORDS)
    (got,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(got["Body"])
    assert (body["Message"], len(body["Subject"])) == (WORDS, 99)
    assert body["Subject"].startswith("Albumen: ? long long")


def test_a_topic_that_is_gone_is_told_by_the_channels_name(aws: str) -> None:
    with pytest.raises(ChannelError, match=r"sns:arn:aws:sns:eu-west-1:123456789012:gone: \w+"):
        channels.send(["sns:arn:aws:sns:eu-west-1:123456789012:gone"], "s", WORDS)
