"""The stack of docker-compose.yaml, two of almost everything, loses one of each and both servers in the middle of work:
long, with `--all` only.

Each time a library of the same files is worked off; its rows and objects are compared with those of a calm day, and a
photo uploaded afterwards has to be ready within a minute, at the latest after five.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from albumen.cli.session import Session
from albumen.local.home import Home
from albumen.settings import Settings
from albumen.testing.cluster import Cluster
from albumen.testing.environment import without_airflow
from albumen.testing.final_state import FinalState
from albumen.testing.photos import a_photo
from albumen.testing.scene import Scene, wait_for
from albumen.testing.storms import compare, mixed_files, settle

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1800)]

FILES = int(os.environ.get("ALBUMEN_CLUSTER_FILES", "200"))
LAG_S = 60.0
RECOVERY_S = 300.0
UNDER_WAY_S = 600.0
CHILD = "albumen.pipeline.sandbox_child"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    models = Path(Settings().models.directory).expanduser()
    cluster = Cluster(folder, {"ALBUMEN_SLOTS": "2"}, models)
    with without_airflow() as environment:
        try:
            cluster.up()
            with cluster.environment() as variables:
                for name, value in variables.items():
                    environment.setenv(name, value)
            yield cluster
        finally:
            cluster.delete()


@pytest.fixture(scope="module")
def session(cluster: Cluster) -> Session:
    return Session(Home(cluster.folder / "no home"))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return mixed_files(FILES)


@pytest.fixture(scope="module")
def calm(session: Session, files: dict[str, bytes]) -> FinalState:
    found = settle(Scene(session, "calm"), files, lambda: None)
    assert {record["state"] for record in found.records.values()} == {"done", "skipped", "quarantined"}
    assert len(found.objects) == 2 * FILES
    return found


def working(cluster: Cluster) -> list[str]:
    """The workers in which a child of the sandbox is at work."""
    found = []
    for name in cluster.names:
        first = cluster.containers.first_process(name) if name.startswith("worker-") else None
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(first).children(recursive=True) if first else []
            if any(CHILD in " ".join(child.cmdline()) for child in children):
                found.append(name)
    return found


def kill_worker(cluster: Cluster) -> None:
    """The one that is in the middle of a shard."""
    cluster.kill(working(cluster)[0])


def kill(name: str) -> Callable[[Cluster], None]:
    return lambda cluster: cluster.kill(name)


def restart(service: str) -> Callable[[Cluster], None]:
    return lambda cluster: cluster.restart(service)


def test_every_process_of_the_file_that_has_a_program_here_is_well_and_alone(cluster: Cluster) -> None:
    assert len(cluster.services["worker-photos"]) == len(cluster.services["scheduler"]) == 2
    assert len(cluster.services["triggerer"]) == len(cluster.services["api-server"]) == 2
    for name in ("worker-photos-1", "scheduler-2", "gateway-1"):
        looked = cluster.containers.execute(name, ["sh", "-c", "id -u; grep CapBnd /proc/self/status; touch /x"])
        uid, _, capabilities = looked.stdout.split()
        assert (uid, int(capabilities, 16)) == (b"50000", 0)
        assert b"Read-only" in looked.stderr


@pytest.mark.parametrize(
    "disturb",
    [
        pytest.param(kill_worker, id="worker"),
        pytest.param(kill("scheduler-1"), id="scheduler"),
        pytest.param(kill("triggerer-1"), id="triggerer"),
        pytest.param(kill("api-server-1"), id="api-server"),
        pytest.param(restart("postgres"), id="postgres"),
        pytest.param(restart("valkey"), id="valkey"),
    ],
)
def test_nothing_is_lost_or_doubled_and_the_lag_is_soon_back(
    cluster: Cluster,
    session: Session,
    calm: FinalState,
    files: dict[str, bytes],
    disturb: Callable[[Cluster], None],
    request: pytest.FixtureRequest,
) -> None:
    name = request.node.callspec.id

    def storm() -> None:
        wait_for(lambda: working(cluster), "a shard in work", UNDER_WAY_S)
        disturb(cluster)

    compare(settle(Scene(session, name), files, storm), calm)

    probes, began, taken, known = Scene(session, f"{name}-lag"), time.monotonic(), float("inf"), 0
    while taken > LAG_S:
        assert time.monotonic() - began < RECOVERY_S, f"the last photo took {taken:.0f} s"
        uploaded = time.monotonic()
        probes.upload(f"{uploaded}.jpg", a_photo(f"{name} {uploaded}"))
        known += 1
        wait_for(lambda known=known: probes.settled(known), "a fresh photo", 2 * RECOVERY_S)
        taken = time.monotonic() - uploaded
    print(f"{name}: a fresh photo ready in {taken:.0f} s")
