"""What others published about real photos is what we say of them; each value that differs is declared, with why."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from albumen.catalog.export import record

DECLARED = Path(__file__).with_name("declared.tsv")
LEAST_PASSING = 99.5


def exported(key: str, reading: Any) -> dict[str, Any]:
    """The record of `albumen export`, of the metadata step alone."""
    state = "done" if reading.facts else "skipped"
    outcome = {
        "version": 1,
        "state": state,
        "reason": None if reading.facts else "not_media",
        "attempts": 1,
        "detail": "",
    }
    row: defaultdict[str, Any] = defaultdict(lambda: None)
    row |= {
        "key": key,
        "first_key": key,
        "size": reading.size,
        "kind": reading.sniffed.kind,
        "mime": reading.sniffed.mime,
        "facts": reading.facts,
        "outcomes": {"metadata": outcome},
    }
    return record(row, "")


@pytest.mark.parametrize("levels", [(), ("--tools",)], ids=["published", "published and by tools"])
def test_published_values_are_found(shared: Path, readings: dict[str, Any], levels: tuple[str, ...]) -> None:
    records = "\n".join(json.dumps(exported(key, reading)) for key, reading in readings.items())
    check = [sys.executable, str(shared / "conformance" / "check.py"), str(shared / "corpus" / "expected.json")]
    checked = subprocess.run(
        [*check, "--skip", "video/", "--declared", str(DECLARED), "--list", *levels],
        input=records,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    passing = re.search(r"([\d.]+) % pass", checked.stdout)
    assert passing is not None
    assert float(passing[1]) >= LEAST_PASSING, checked.stdout
