"""The stack of docker-compose.yaml for a benchmark: Linux and root only, see docs/decisions/0042."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from albumen.cli.session import Session
from albumen.local.home import Home
from albumen.settings import Settings
from albumen.testing.cluster import Cluster


@dataclass(frozen=True)
class Running:
    """A cluster that is up, and a session that reaches its catalog and its store."""

    cluster: Cluster
    session: Session

    def processes(self, name: str) -> list[psutil.Process]:
        """All processes of a container; none where it does not run."""
        first = self.cluster.containers.first_process(name)
        try:
            return [psutil.Process(first), *psutil.Process(first).children(recursive=True)] if first else []
        except psutil.NoSuchProcess:
            return []


@contextmanager
def running_cluster(variables: Mapping[str, str]) -> Iterator[Running]:
    """Everything healthy; all of it goes afterwards.

    Parameters
    ----------
    variables : mapping of str to str
        What the Compose file leaves to the environment.
    """
    for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="albumen-bench-") as folder:
        cluster = Cluster(Path(folder), variables, Path(Settings().models.directory).expanduser())
        try:
            cluster.up()
            with cluster.environment() as reached:
                os.environ.update(reached)
            yield Running(cluster, Session(Home(Path(folder) / "no home")))
        finally:
            cluster.delete()
