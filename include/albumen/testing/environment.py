"""The environment that a stack of a test starts in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def without_airflow() -> Iterator[pytest.MonkeyPatch]:
    """No variable of another Airflow, such as the tests' own; what is set through what this gives goes afterwards."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
            environment.delenv(name)
        yield environment
