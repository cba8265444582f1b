"""Whatever fails while 500 files are worked off, they end as on a calm day: long, with `--all` only.

Every storm has a library of its own with the same files; the stack reads and writes through a proxy
that can fail. After each, the catalog's rows, the export and every rendition are compared with those
of a library that was worked off in peace.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from albumen.cli.session import Session
from albumen.local import processes
from albumen.local.airflow import COMPONENTS
from albumen.local.home import Home
from albumen.local.seaweed import storage_connection
from albumen.local.stack import Stack
from albumen.testing.environment import without_airflow
from albumen.testing.final_state import FinalState
from albumen.testing.scene import Scene
from albumen.testing.store_proxy import StoreProxy, at_random
from albumen.testing.storms import compare, mixed_files, settle

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1800)]

FILES = int(os.environ.get("ALBUMEN_STORM_FILES", "500"))
MEMORY_DISK = "size=4g"
CHILD = "albumen.pipeline.sandbox_child"


@dataclass
class World:
    """A stack on a disk of its own, and the proxy before its object store."""

    stack: Stack
    proxy: StoreProxy

    @property
    def session(self) -> Session:
        """What the tests look through: by the store itself, whatever the proxy does to the stack."""
        with pytest.MonkeyPatch.context() as environment:
            environment.delenv("ALBUMEN_STORAGE_CONN_ID")
            session = Session(self.stack.home)
            assert session.store.options.endpoint != self.proxy.endpoint
            return session

    def kill(self, component: str) -> None:
        """As the kernel does it; a supervisor starts it again."""
        record = processes.find(self.stack.home.run, component)
        if record is not None:
            os.kill(record.pid, signal.SIGKILL)
        self.mend()

    def mend(self) -> None:
        """What a supervisor does: start what does not run, and again what ended while the rest came up."""
        for _ in range(5):
            with contextlib.suppress(processes.StackError):
                self.stack.up()
                return

    def tasks(self) -> list[psutil.Process]:
        """The tasks that are in the middle of a shard: they have a sandbox's child."""
        scheduler = processes.find(self.stack.home.run, "scheduler")
        found = []
        if scheduler is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in psutil.Process(scheduler.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        if CHILD in " ".join(process.cmdline()):
                            found.append(process.parent())
        return [task for task in found if task is not None]


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A file system in memory, which a test can fill up; else an ordinary folder."""
    folder = tmp_path_factory.mktemp("disk")
    folder.chmod(0o755)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", MEMORY_DISK, "tmpfs", str(folder)], capture_output=True)
    yield str(folder)
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def world(disk: str) -> Iterator[World]:
    home = Home(Path(disk) / "home")
    stack = Stack(home)
    with without_airflow() as environment:
        try:
            stack.servers_up()
            with StoreProxy(f"http://127.0.0.1:{home.ports['s3']}") as proxy:
                connection = json.loads(storage_connection(home))
                connection["extra"]["endpoint_url"] = proxy.endpoint
                environment.setenv("AIRFLOW_CONN_PROXIED", json.dumps(connection))
                environment.setenv("ALBUMEN_STORAGE_CONN_ID", "proxied")
                stack.up()
                yield World(stack, proxy)
        finally:
            stack.delete()


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return mixed_files(FILES)


@pytest.fixture(scope="module")
def calm(world: World, files: dict[str, bytes]) -> FinalState:
    found = settle(Scene(world.session, "calm"), files, lambda: None)
    assert {record["state"] for record in found.records.values()} == {"done", "skipped", "quarantined"}
    assert len(found.objects) == 2 * FILES
    return found


def during_work(world: World, times: int, act: Callable[[], None], *, pause_s: float = 6.0) -> Callable[[], None]:
    """Act so many times, each time when a task is in the middle of a shard, or after a while."""

    def storm() -> None:
        for _ in range(times):
            deadline = time.monotonic() + 30
            while not world.tasks() and time.monotonic() < deadline:
                time.sleep(0.1)
            act()
            time.sleep(pause_s)

    return storm


def test_a_store_that_fails_one_request_in_twenty_in_every_way(world, calm, files) -> None:
    world.proxy.choose = at_random(seed=1, share=0.05)
    try:
        found = settle(Scene(world.session, "store"), files, lambda: time.sleep(5))
    finally:
        world.proxy.choose = lambda request: None
    compare(found, calm)


def test_a_store_that_is_away_for_a_minute(world, calm, files) -> None:
    def storm() -> None:
        for _ in range(2):
            time.sleep(4)
            world.stack.seaweed.stop()
            time.sleep(30)
            world.mend()

    compare(settle(Scene(world.session, "outage"), files, storm), calm)


def test_a_catalog_that_restarts_three_times(world, calm, files) -> None:
    def restart() -> None:
        world.stack.postgres.stop()
        world.stack.postgres.start()
        world.mend()

    storm = during_work(world, 3, restart, pause_s=10)
    compare(settle(Scene(world.session, "catalog"), files, storm), calm)


def test_ten_tasks_killed_in_a_row(world, calm, files) -> None:
    dice = random.Random(10)

    def kill() -> None:
        if tasks := world.tasks():
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(tasks).pid, signal.SIGKILL)

    compare(settle(Scene(world.session, "tasks"), files, during_work(world, 10, kill)), calm)


def test_ten_random_processes_of_the_stack_killed_in_a_row(world, calm, files) -> None:
    dice = random.Random(11)

    def kill() -> None:
        victim = dice.choice([*COMPONENTS, "seaweed", "task", "child"])
        if victim in {"task", "child"}:
            for task in world.tasks()[:1]:
                with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                    (task if victim == "task" else task.children()[0]).kill()
        else:
            world.kill(victim)

    compare(settle(Scene(world.session, "anything"), files, during_work(world, 10, kill)), calm)


@pytest.mark.parametrize("component", ["scheduler", "triggerer"])
def test_a_component_killed_three_times(world, calm, files, component) -> None:
    storm = during_work(world, 3, lambda: world.kill(component))
    compare(settle(Scene(world.session, component), files, storm), calm)


def test_runs_triggered_by_hand_beside_the_others(world, calm, files) -> None:
    def plan_again() -> None:
        with world.stack.airflow.api as api:
            for dag_id in ("ingest_originals", "transcode_originals", "enrich_items"):
                api.trigger(dag_id, {"full": True} if dag_id == "ingest_originals" else {})

    storm = during_work(world, 5, plan_again, pause_s=3)
    compare(settle(Scene(world.session, "planners"), files, storm), calm)


def test_a_disk_that_is_full_for_half_a_minute(world, calm, files, disk) -> None:
    if not os.path.ismount(disk):
        pytest.skip("a file system of its own cannot be mounted here, and the machine's is not to be filled")

    def storm() -> None:
        time.sleep(4)
        ballast = os.path.join(disk, "ballast")
        with open(ballast, "wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        assert shutil.disk_usage(disk).free < 1 << 20
        time.sleep(30)
        os.unlink(ballast)
        world.mend()

    compare(settle(Scene(world.session, "disk"), files, storm), calm)
