"""A queue of event notifications, as an Airflow connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from botocore.config import Config

from albumen.settings import Settings

QUICK = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 3})
"""The connection's own configuration may be one of S3 alone."""

MOST_AT_ONCE = 10
"""SQS's own limit of a batch."""

REGION = re.compile(r"^https://(?:sqs\.(?P<region>[a-z0-9-]+)|(?P<old>[a-z0-9-]+)\.queue)\.amazonaws\.com")


class QueueHook(SqsHook):
    """Takes messages from an SQS queue and deletes those that are dealt with.

    Parameters
    ----------
    queue : str
        The queue's URL; on AWS it tells the region, too.
    queue_conn_id : str
        A connection of type `aws`; empty: that of the store of the settings.
    """

    conn_name_attr = "queue_conn_id"
    default_conn_name = "albumen_s3"
    hook_name = "Albumen queue"

    def __init__(self, *, queue: str, queue_conn_id: str = "", **kwargs: Any) -> None:
        self.queue = queue
        self.queue_conn_id = queue_conn_id or Settings().storage_conn_id
        told = REGION.match(queue)
        kwargs.setdefault("region_name", (told["region"] or told["old"]) if told else None)
        kwargs.setdefault("config", QUICK)
        super().__init__(aws_conn_id=self.queue_conn_id, **kwargs)

    def receive(self, *, wait_s: int) -> list[dict[str, Any]]:
        """At most ten messages; with none there, wait for one for up to `wait_s` seconds (20 at most)."""
        answer = self.get_conn().receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=MOST_AT_ONCE, WaitTimeSeconds=wait_s
        )
        return list(answer.get("Messages", []))

    def delete(self, messages: Sequence[dict[str, Any]]) -> int:
        """Delete messages; return how many could not be, which come again."""
        failed = 0
        for start in range(0, len(messages), MOST_AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + MOST_AT_ONCE])
            ]
            answer = self.get_conn().delete_message_batch(QueueUrl=self.queue, Entries=entries)
            failed += len(answer.get("Failed", []))
        return failed


def aws_client(settings: Settings) -> Callable[[str], Any]:
    """What makes a client of an AWS service (`sns`, `sqs`) for the topic or queue that memories are told to."""

    def client(service: str) -> Any:
        if service == "sqs":
            return QueueHook(queue=settings.memories.sqs_queue).get_conn()
        region = settings.memories.sns_topic.split(":")[3] or None
        hook: AwsGenericHook[Any] = AwsGenericHook(
            aws_conn_id=settings.storage_conn_id, region_name=region, config=QUICK, client_type=service
        )
        return hook.get_conn()

    return client
