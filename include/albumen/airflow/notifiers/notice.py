"""Notices: what can be read tomorrow."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseNotifier, Context

from albumen.airflow.notifiers import channels
from albumen.settings import Settings


class NoticeNotifier(BaseNotifier):
    """As `on_success_callback`: something that was asked for is done.

    Parameters
    ----------
    message : str
        What to tell; templated.
    """

    template_fields = ("message",)

    def __init__(self, message: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message = message

    def notify(self, context: Context) -> None:
        """Send it to the channels for notices, if there are any."""
        channels.send(Settings().notify.notices, f"Albumen: {self.message[:80]}", self.message)
