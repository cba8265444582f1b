"""Waiting for the parts of a stack, on a machine that is busy."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from albumen.local.home import REPOSITORY, Home
from albumen.local.stack import Stack


class SlowApi:
    """Times out the first time; then knows every DAG."""

    asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Nothing to close."""

    def dags(self) -> dict[str, bool]:
        self.asked += 1
        if self.asked == 1:
            raise httpx.ReadTimeout("timed out")
        return {path.stem: False for path in (REPOSITORY / "dags").glob("*.py")}

    def import_errors(self, since: Any = None) -> dict[str, str]:
        return {}


class SlowAirflow:
    def __init__(self) -> None:
        self.api = SlowApi()

    def started(self, name: str) -> None:
        """Nothing was there before."""


def test_an_api_server_that_times_out_is_asked_again(tmp_path: Path) -> None:
    stack, airflow = Stack(Home(tmp_path)), SlowAirflow()
    stack.airflow = airflow  # type: ignore[assignment]
    parsed = stack.wait_for_dags(10)
    assert airflow.api.asked == 2
    assert parsed.missing == []
