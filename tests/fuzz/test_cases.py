"""What fuzzing found stays found; and a short run of its own, the same every time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from engine import Coverage, Finding, fuzz
from mutation import words_of
from run import CASE_BYTES, CASES, PACKAGE
from targets import Target, targets

TARGETS = targets()
KEPT = sorted(path for path in CASES.glob("*/*") if path.is_file())
MUTATIONS = 40
LONGEST_SECONDS = 60.0


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_fuzzing_found_holds_now(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) <= CASE_BYTES
    assert broken_by(TARGETS[path.parent.name], [data], mutations=0) == []


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_changed_bytes_break_no_promise(target: Target) -> None:
    assert broken_by(target, target.seeds(), MUTATIONS) == []


def broken_by(target: Target, seeds: Sequence[bytes], mutations: int) -> list[Finding]:
    """What breaks a promise; a library's crash is its own fault, which the sandbox bears."""
    most = len(seeds) + mutations
    run = fuzz(target.check, seeds, target.tokens, folder=PACKAGE, seconds=LONGEST_SECONDS, seed=1, most_inputs=most)
    assert run.inputs >= len(seeds)
    return [finding for finding in run.findings.values() if not finding.words.startswith("SIG")]


def test_the_fuzzer_finds_what_only_coverage_leads_to(tmp_path: Path) -> None:
    source = "\n    ".join(
        [
            "def read(data):",
            "if data[:2] == b'AB':",
            "    if data[2:4] == b'CD':",
            "        if data[4:6] == b'EF':",
            "            raise ValueError('found')",
        ]
    )
    module: dict[str, Any] = {}
    code = compile(source, str(tmp_path / "reader.py"), "exec")
    exec(code, module)
    words = sorted(words_of(code))
    run = fuzz(module["read"], [b"xxxx"], words, folder=tmp_path, seconds=60, seed=1, most_inputs=20_000)
    (finding,) = run.findings.values()
    assert finding.data == b"ABCDEF"
    assert finding.words == "ValueError at reader.py:5: found"


def test_a_crash_of_a_library_is_a_finding(tmp_path: Path) -> None:
    def crash(data: bytes) -> None:
        if data.startswith(b"!"):
            os.abort()

    run = fuzz(crash, [b"fine", b"!boom"], [], folder=tmp_path, seconds=20, seed=1, most_inputs=10)
    assert [(finding.words, finding.data) for finding in run.findings.values()] == [("SIGABRT in a library", b"!boom")]


def test_coverage_counts_each_place_once(tmp_path: Path) -> None:
    code = compile("def double(n):\n    return 2 * n\n", str(tmp_path / "double.py"), "exec")
    module: dict[str, Any] = {}
    exec(code, module)
    coverage = Coverage(tmp_path)
    with coverage.watch():
        for number in range(2):
            module["double"](number)
        first = coverage.places
        module["double"](2)
    assert first == coverage.places >= 1
