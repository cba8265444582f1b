"""The set of real files, where it lies beside the repository, and what the metadata step says of each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from albumen.media.sniff import Sniffed, sniff
from albumen.pipeline.contract import MediaInput, StepResult
from albumen.pipeline.steps.metadata import MetadataStep
from albumen.settings import Settings

SHARED = Path(__file__).resolve().parents[3] / "shared"
DESCRIPTIONS = frozenset({".tsv", ".json", ".md"})
CONTEXT = {
    "last_modified": "2025-05-05T10:00:00+00:00",
    "home_zone": "Europe/Berlin",
    "now": datetime.now(UTC).isoformat(),
}


class Reading(NamedTuple):
    """One file: what it is, and, of a photo, its row of `facts`."""

    path: Path
    size: int
    sniffed: Sniffed
    facts: dict[str, Any] | None


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "corpus").is_dir():
        pytest.skip("the set of real files is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def readings(shared: Path) -> dict[str, Reading]:
    """Every file of the set by its path there."""
    root = shared / "corpus"
    step = MetadataStep(Settings())
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): read(step, path, path.relative_to(root).as_posix()) for path in paths}


def read(step: MetadataStep, path: Path, key: str) -> Reading:
    data = path.read_bytes()
    sniffed = sniff(data[:65536], len(data), key)
    if sniffed.kind != "photo":
        return Reading(path, len(data), sniffed, None)
    (result,) = step.run([MediaInput(1, data, sniffed.kind, sniffed.mime, CONTEXT | {"file_name": key})])
    assert isinstance(result, StepResult)
    return Reading(path, len(data), sniffed, dict(result.rows["facts"][0]))
