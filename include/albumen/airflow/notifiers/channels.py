"""Where messages go: `webhook:CONNECTION`, `slack:CONNECTION`, `email:ADDRESS`, `sns:ARN`.

A webhook's URL is a secret: it stands as the password of an Airflow connection, never in settings.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import httpx
from airflow.sdk import BaseHook

SECONDS = 10.0


class ChannelError(RuntimeError):
    """A message could not be sent; the text names the channel and no secret."""


def send(channels: Sequence[str], subject: str, words: str) -> None:
    """Send a message to every channel.

    Raises
    ------
    ChannelError
        If some failed; all were tried.
    """
    failed, subject = [], " ".join(subject.split())
    for channel in channels:
        scheme, _, target = channel.partition(":")
        if scheme not in SENDERS:
            failed.append(f"{channel!r} is no channel; there are: {', '.join(SENDERS)}")
            continue
        try:
            SENDERS[scheme](target, subject, words)
        except Exception as error:  # whatever a client raises: the other channels must still be tried
            failed.append(f"{channel}: {type(error).__name__}")
    if failed:
        raise ChannelError("; ".join(failed))


def _webhook(conn_id: str, subject: str, words: str) -> None:
    _post(conn_id, {"subject": subject, "text": words})


def _slack(conn_id: str, subject: str, words: str) -> None:
    _post(conn_id, {"text": f"*{subject}*\n{words}"})


def _post(conn_id: str, body: dict[str, str]) -> None:
    address = BaseHook.get_connection(conn_id).password or ""
    httpx.post(address, json=body, timeout=SECONDS, trust_env=False).raise_for_status()


def _email(address: str, subject: str, words: str) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook() as hook:
        hook.send_email_smtp(to=address, subject=subject, html_content=f"<pre>{html.escape(words)}</pre>")


def _sns(arn: str, subject: str, words: str) -> None:
    from airflow.providers.amazon.aws.hooks.sns import SnsHook

    hook: Any = SnsHook(aws_conn_id=None)  # type: ignore[no-untyped-call]
    plain = subject.encode("ascii", "replace").decode()[:99]  # all that SNS takes
    hook.publish_to_target(target_arn=arn, message=words, subject=plain)


SENDERS: dict[str, Callable[[str, str, str], None]] = {
    "webhook": _webhook,
    "slack": _slack,
    "email": _email,
    "sns": _sns,
}
