"""A library with some photos done, and the checks run over it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from albumen.pipeline.maintenance.registry import CHECKS
from albumen.pipeline.maintenance.walking import Extent, Report, maintain
from albumen.settings import Settings
from albumen.testing.library import TestLibrary

Maintain = Callable[..., dict[str, Report]]


@pytest.fixture
def filled(library: TestLibrary, sandbox: Any, photo: Callable[..., bytes]) -> TestLibrary:
    """Twelve photos, done; no derived file is too young to be deleted."""
    for number in range(12):
        library.put(f"{number:02}.jpg", photo(number, taken=f"2020:05:{number + 1:02} 10:00:00"))
    library.discover()
    library.work()
    sandbox.worked.clear()
    set_knobs(library, grace_hours=0.0, originals_share=1.0, content_share=1.0)
    return library


def set_knobs(library: TestLibrary, **values: Any) -> None:
    """Change settings of the section `maintenance`."""
    knobs = library.settings.maintenance.model_copy(update=values)
    library.settings = Settings(**{**library.settings.model_dump(), "maintenance": knobs.model_dump()})


@pytest.fixture
def knobs() -> Callable[..., None]:
    return set_knobs


@pytest.fixture
def run_checks() -> Maintain:
    """Runs checks over a library; by default all of them, all acting, over all of it."""

    def run(
        library: TestLibrary,
        *names: str,
        acting: Collection[str] = tuple(CHECKS),
        keeps: bool = True,
        whole: bool = True,
        now: datetime | None = None,
        seconds: float = 600.0,
    ) -> dict[str, Report]:
        place = library.workplace()
        if now is not None:
            place = replace(place, now=lambda: now)
        chosen: Sequence[str] = names or tuple(CHECKS)
        extent = Extent(whole, seconds)
        reports = maintain(place, library.library, chosen, acting=acting, extent=extent, keeps=keeps)
        return {report.check: report for report in reports}

    return run
