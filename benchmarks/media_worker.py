"""Our side of `albumen bench media`, one process a core: the real steps in the real sandbox.

Speaks as `peer/peer.js` does, one JSON object a line: `{"warm": [...]}` in, `{"ready": true}` out;
`{"photos": [...]}` in, `{"done": [...]}` out. This process reads, hashes and sniffs, a group of
photos ahead of its sandbox, as a task does.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from albumen.media.sniff import sniff
from albumen.pipeline import registry
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.pipeline.steps.metadata import MetadataStep
from albumen.pipeline.steps.renditions import RenditionsStep
from albumen.settings import Settings

STEPS = (MetadataStep, RenditionsStep)
GROUP = 16
CONTEXT = {
    "last_modified": "2026-01-01T00:00:00+00:00",
    "home_zone": "Europe/Madrid",
    "now": "2026-11-22T12:00:00+00:00",
}


def read(number: int, path: str) -> tuple[WorkItem, str]:
    """The work on one photo, and its SHA-256."""
    data = Path(path).read_bytes()
    sniffed = sniff(data[:65536], len(data), path)
    context = {**CONTEXT, "file_name": Path(path).name}
    item = WorkItem(number, data, sniffed.kind, sniffed.mime, context, tuple(step.name for step in STEPS))
    return item, hashlib.sha256(data).hexdigest()


def read_groups(paths: Sequence[str], pool: ThreadPoolExecutor) -> Iterator[list[tuple[WorkItem, str]]]:
    """Groups of photos, the next one read while this one is worked on."""
    numbered = list(enumerate(paths))
    groups = [numbered[start : start + GROUP] for start in range(0, len(numbered), GROUP)]
    ahead = pool.submit(lambda: [read(*one) for one in groups[0]]) if groups else None
    for following in [*groups[1:], None]:
        assert ahead is not None
        group = ahead.result()
        ahead = pool.submit(lambda following=following: [read(*one) for one in following]) if following else None
        yield group


def work(paths: Sequence[str], sandbox: Sandbox, pool: ThreadPoolExecutor) -> list[dict[str, Any]]:
    """Hash, metadata and renditions of every photo."""
    done: list[dict[str, Any]] = [{"path": path} for path in paths]
    for group in read_groups(paths, pool):
        for item, sha256 in group:
            done[item.subject_id]["sha256"] = sha256
        for outcome in sandbox.run([item for item, _ in group]):
            if not isinstance(outcome.result, StepResult):
                raise SystemExit(f"{paths[outcome.subject_id]}: {outcome.step}: {outcome.result}")
            told = done[outcome.subject_id]
            told |= {made.name: [made.width, made.height, len(made.data)] for made in outcome.result.objects}
            for row in outcome.result.rows.get("facts", ()):
                told["taken"] = str(row["taken_local"])
            for row in outcome.result.rows.get("placeholders", ()):
                told["thumbhash"] = row["thumbhash"].hex()
    return done


def main() -> None:
    """Serve until standard input ends."""
    references = [registry.reference_of(step) for step in STEPS]
    with Sandbox(references, Settings()) as sandbox, ThreadPoolExecutor(1) as pool:
        for line in sys.stdin:
            order = json.loads(line)
            if "warm" in order:
                work(order["warm"], sandbox, pool)
                print(json.dumps({"ready": True}), flush=True)
            else:
                print(json.dumps({"done": work(order["photos"], sandbox, pool)}), flush=True)


if __name__ == "__main__":
    main()
