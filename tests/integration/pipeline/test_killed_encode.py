"""A long encode keeps its lease; killed in the middle it leaves no process and no file, and is done again."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from albumen.catalog.leases import Lease
from albumen.pipeline import registry
from albumen.testing.ending import is_gone
from albumen.testing.library import TestLibrary
from albumen.testing.videos import a_video

pytestmark = pytest.mark.stack

LEASE_SECONDS, HEARTBEAT_SECONDS = 3.0, 0.5
WORK = """
import sys
from datetime import UTC, datetime
from albumen.catalog import engine
from albumen.catalog.leases import Lease
from albumen.catalog.due import Lane
from albumen.catalog.libraries import Library
from albumen.pipeline.running import Workplace, run_shard
from albumen.settings import Settings
from albumen.storage.object_store import ObjectStore, StoreOptions
url, settings, library, options, lease = eval(sys.argv[1])
store = ObjectStore(StoreOptions(**options))
place = Workplace(lambda: engine.connect(url), store, store, Settings.model_validate(settings),
                  lambda: datetime.now(UTC), lambda line: print(line, flush=True))
run_shard(Lease(**{**lease, "lane": Lane(lease["lane"])}), Library(**library), place, task="killed")
"""
"""A worker's process, as a task has it."""


@pytest.fixture
def slow(library: TestLibrary, tmp_path: Path) -> TestLibrary:
    """A library with one video whose encode takes a while, leases that run out soon, and a proxy of everything."""
    video = {
        "spool_directory": str(tmp_path / "spool"),
        "proxy_preset": "veryslow",
        "proxy_short_side": 1080,
        "threads": 1,
    }
    pipeline = {"lease_seconds": LEASE_SECONDS, "heartbeat_seconds": HEARTBEAT_SECONDS}
    library.settings = library.settings.model_copy(
        update={
            "video": library.settings.video.model_copy(update=video),
            "pipeline": library.settings.pipeline.model_copy(update=pipeline),
        }
    )
    library.library = replace(library.library, proxy="always")
    library.put("long.mp4", a_video(1, seconds=6, size=(1280, 720), output=["-preset", "ultrafast"]))
    library.discover()
    library.work("original")
    return library


def test_a_long_encode_keeps_its_lease_and_a_killed_one_is_done_again(slow: TestLibrary, tmp_path: Path) -> None:
    lease = slow.lease("video", "first")
    assert isinstance(lease, Lease)
    begun = time.monotonic()
    with worker(slow, lease) as process:
        encoder = encoder_below(process.pid)
        while time.monotonic() - begun < 2 * LEASE_SECONDS:
            time.sleep(0.1)
            if process.poll() is not None:
                break
        assert slow.query("SELECT FROM shards WHERE leased_until > now() OR finished_at IS NOT NULL")
        process.kill()
        process.wait()
    assert is_gone(encoder)

    slow.execute("UPDATE shards SET leased_until = now() - interval '1 second' WHERE finished_at IS NULL")
    fast = slow.settings.video.model_copy(update={"proxy_preset": "ultrafast"})
    slow.settings = slow.settings.model_copy(update={"video": fast})
    slow.work("video")
    record = slow.records()["long.mp4"]
    steps = [step.name for step in registry.of_pass("video")]
    assert {step: record["steps"][step]["state"] for step in steps} == dict.fromkeys(steps, "done")
    assert list((tmp_path / "spool").iterdir()) == []
    assert slow.query("SELECT FROM due WHERE step = ANY(:steps)", steps=steps) == []


@contextlib.contextmanager
def worker(library: TestLibrary, lease: Lease) -> Iterator[subprocess.Popen[bytes]]:
    """A process at work on the shard."""
    options = library.store.options
    told = (
        library.url,
        library.settings.model_dump(mode="json"),
        {name: getattr(library.library, name) for name in library.library.__dataclass_fields__},
        {name: getattr(options, name) for name in options.__dataclass_fields__},
        {name: int(value) if name == "lane" else value for name, value in fields_of(lease)},
    )
    process = subprocess.Popen([sys.executable, "-c", WORK, repr(told)])
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def fields_of(lease: Lease) -> list[tuple[str, object]]:
    return [(name, getattr(lease, name)) for name in lease.__dataclass_fields__]


def encoder_below(pid: int) -> int:
    """The ffmpeg that a worker's sandbox started for the proxy."""
    while True:
        for child in descendants(pid):
            with contextlib.suppress(OSError):
                if b"proxy.mp4" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
        time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found
