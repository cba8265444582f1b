"""The whole embedded stack of one home: up, down, health."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from albumen.local import processes
from albumen.local.airflow import Airflow
from albumen.local.home import REPOSITORY, Home
from albumen.local.postgres import Postgres, catalog_url
from albumen.local.processes import StackError
from albumen.local.seaweed import Seaweed

SERVERS_SECONDS = 60.0
AIRFLOW_SECONDS = 180.0
PARSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the DAG processor has made of `dags/`.

    Attributes
    ----------
    dags : dict of str to bool
        Each parsed DAG with whether it is paused.
    missing : list of str
        Files of which no DAG is known yet.
    errors : dict of str to str
        Files that cannot be imported, with the trace.
    """

    dags: dict[str, bool]
    missing: list[str]
    errors: dict[str, str]


def quiet(_message: str) -> None:
    """A progress listener that tells nobody."""


class Stack:
    """PostgreSQL, SeaweedFS and Airflow of one home.

    Parameters
    ----------
    home : Home, optional
        By default that of the environment.
    """

    def __init__(self, home: Home | None = None) -> None:
        self.home = home or Home.from_environment()
        self.postgres = Postgres(self.home)
        self.seaweed = Seaweed(self.home)
        self.airflow = Airflow(self.home)

    @property
    def running(self) -> bool:
        """Whether every process of the stack is alive."""
        return self.home.exists and self.postgres.running and self.seaweed.running and self.airflow.running

    def up(self, progress: Callable[[str], None] = quiet) -> None:
        """Start what does not run and wait until all of it is healthy; a second call changes nothing.

        Parameters
        ----------
        progress : callable
            Told, in words, of every part that is ready.

        Raises
        ------
        StackError
            When a part ends or does not become healthy; the message holds the end of its log.
        """
        begun = time.monotonic()

        def tell(message: str) -> None:
            progress(f"{time.monotonic() - begun:5.1f} s  {message}")

        self.home.prepare()
        with self._exclusively():
            self._servers_up(tell)
            self.airflow.start_api()
            with ThreadPoolExecutor() as pool:
                catalog = pool.submit(self._upgrade_catalog, tell)
                self.airflow.migrate()
                self.airflow.start()
                catalog.result()
            self.airflow.wait(AIRFLOW_SECONDS)
            tell("Airflow is healthy")
            self.airflow.make_pools()
        parsed = self.wait_for_dags(PARSE_SECONDS)
        tell(f"{len(parsed.dags)} DAGs are parsed")
        for file, trace in parsed.errors.items():
            tell(f"{file} cannot be imported: {trace.strip().splitlines()[-1]}")
        for file in parsed.missing:
            tell(f"{file} was not parsed within {PARSE_SECONDS:.0f} s: see {self.airflow.log('dag-processor')}")

    def servers_up(self, progress: Callable[[str], None] = quiet) -> None:
        """Start PostgreSQL and SeaweedFS only, and bring the catalog to its newest schema: enough for most tests."""
        self.home.prepare()
        with self._exclusively():
            self._servers_up(progress)
            self._upgrade_catalog(progress)

    def down(self, progress: Callable[[str], None] = quiet) -> None:
        """Stop everything of this home in the reverse order; the data stays."""
        if not self.home.run.exists():
            return
        with self._exclusively():
            self.airflow.stop()
            progress("Airflow is stopped")
            self.seaweed.stop()
            self.postgres.stop()
            progress("PostgreSQL and SeaweedFS are stopped")

    def delete(self) -> None:
        """Stop everything and remove the home with all its data."""
        if not self.home.run.exists():
            return
        with self._exclusively():
            # What would be saved by asking first is deleted anyway.
            processes.stop(self.home.run, self._recorded(), signal.SIGKILL, 5.0)
            if (self.home.root / "ports.json").exists():
                self.seaweed.clear_sockets()
        self.postgres.delete()
        shutil.rmtree(self.home.root, ignore_errors=True)

    def health(self) -> dict[str, str | None]:
        """What is wrong with each part, or None."""
        if not self.home.exists:
            return dict.fromkeys(("postgres", "seaweed", "airflow"), "never started")
        return {
            "postgres": self.postgres.health(),
            "seaweed": self.seaweed.health(),
            "airflow": self.airflow.health(),
        }

    def wait_for_dags(self, seconds: float) -> Parsed:
        """Wait until every file of `dags/` has become a DAG or an import error."""
        files = {path.stem: path.name for path in (REPOSITORY / "dags").glob("*.py") if path.stem != "__init__"}
        parsed = Parsed({}, list(files.values()), {})
        started = self.airflow.started("dag-processor")

        def complete() -> bool:
            nonlocal parsed
            try:
                with self.airflow.api as api:
                    dags, errors = api.dags(), api.import_errors(since=started)
            except httpx.TransportError:  # a busy machine: slow, and asked again
                return False
            failed = {os.path.basename(name) for name in errors}
            missing = [file for dag_id, file in files.items() if dag_id not in dags and file not in failed]
            parsed = Parsed(dags, missing, errors)
            return not missing

        processes.wait_until(complete, seconds, 0.5)
        return parsed

    def _servers_up(self, progress: Callable[[str], None]) -> None:
        if not self._anything_runs():
            self.home.settle_ports()
        self.seaweed.start()
        self.postgres.start()
        self.postgres.wait(SERVERS_SECONDS)
        placement = self.postgres.placement
        elsewhere = f" (data in {placement.data}: its account cannot reach {self.home.root})"
        progress(f"PostgreSQL is ready{elsewhere if placement.outside_home else ''}")
        self.seaweed.wait(SERVERS_SECONDS)
        progress("SeaweedFS is ready")

    def _upgrade_catalog(self, progress: Callable[[str], None]) -> None:
        upgrade_catalog(catalog_url(self.home))
        progress("the catalog is at its newest schema")

    def _anything_runs(self) -> bool:
        return any(processes.find(self.home.run, name) for name in self._recorded())

    def _recorded(self) -> list[str]:
        return [path.stem for path in self.home.run.glob("*.pid")]

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """Two commands at once on one home take turns."""
        with (self.home.run / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def upgrade_catalog(url: str) -> None:
    """Bring the catalog to its newest schema."""
    if importlib.util.find_spec("albumen.catalog.migrate") is None:
        return
    from albumen.catalog import migrate

    try:
        migrate.upgrade(url)
    except Exception as error:
        raise StackError(f"the catalog's migration failed: {error}") from error
