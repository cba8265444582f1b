"""Airflow's four processes, and the environment they share."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from albumen.local import airflow_records, processes
from albumen.local.airflow_api import AirflowApi
from albumen.local.home import ADMIN_USER, REPOSITORY, Home, write_private
from albumen.local.machine import cores
from albumen.local.postgres import airflow_database_url
from albumen.local.processes import StackError
from albumen.local.seaweed import LIBRARY_BUCKET, storage_connection

# Arguments to Python. The API server is started by its ASGI entry point: Airflow's own command for it
# wants a migrated database first, and its imports are the longest part of a cold start.
API_SERVER = "api-server"
COMPONENTS = {
    API_SERVER: ("-m", "uvicorn", "airflow.api_fastapi.main:app", "--no-access-log", "--no-proxy-headers"),
    # The log servers listen on all interfaces and cannot be told otherwise; on one machine the API
    # server reads the files itself, so that they are left out.
    "scheduler": ("-m", "albumen.airflow.scheduler", "--skip-serve-logs"),
    "dag-processor": ("-m", "airflow", "dag-processor"),
    "triggerer": ("-m", "airflow", "triggerer", "--skip-serve-logs"),
}

# The scheduler waits for running tasks. Their work is leased and idempotent, so that a kill costs
# little; the others hold nothing, and the triggerer often dawdles.
SCHEDULER_GRACE_SECONDS = 10.0
GRACE_SECONDS = 3.0


def parallelism(processors: int) -> int:
    """Workers of LocalExecutor: each costs memory for ever, and small tasks share processors well."""
    return max(4, min(32, 2 * processors))


def pools(processors: int) -> dict[str, tuple[int, str]]:
    """The pools the DAGs name: slots and what is scarce about each."""
    return {
        "decode": (processors, "Decoding photos: processor and memory."),
        "video_encode": (1, "Encoding video: every processor for minutes."),
        "inference": (processors, "Running models: processor and memory."),
        "object_store": (8, "Listing and copying in the object store: connections."),
    }


def airflow_environment(home: Home) -> dict[str, str]:
    """The variables that make any Airflow process one of this home's stack.

    Parameters
    ----------
    home : Home
        A home whose ports are settled.

    Returns
    -------
    dict of str to str
        To be laid over the environment of the process.
    """
    secrets, port = home.secrets, str(home.ports["airflow"])
    core = {
        "DAGS_FOLDER": str(REPOSITORY / "dags"),
        "PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "EXECUTION_API_SERVER_URL": f"{home.airflow_url}/execution/",
        "FERNET_KEY": secrets["fernet_key"],
        "PARALLELISM": str(parallelism(cores())),
        "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.airflow / "passwords.json"),
        # A DAG is on from its first parse; one that was paused by hand stays paused.
        "DAGS_ARE_PAUSED_AT_CREATION": "False",
    }
    api = {
        "HOST": "127.0.0.1",
        "PORT": port,
        "BASE_URL": home.airflow_url,
        "SECRET_KEY": secrets["api_secret_key"],
        "WORKERS": "1",
    }
    loopback = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost")))
    return {
        "ALBUMEN_HOME": str(home.root),
        "ALBUMEN_LIBRARY_BUCKET": LIBRARY_BUCKET,
        "ALBUMEN_PIPELINE__SLOTS": os.environ.get("ALBUMEN_PIPELINE__SLOTS", str(cores())),
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW_CONFIG": str(REPOSITORY / "airflow.cfg"),
        "AIRFLOW_CONN_ALBUMEN_CATALOG": _catalog_connection(home),
        "AIRFLOW_CONN_ALBUMEN_S3": storage_connection(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_database_url(home),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets["jwt_secret"],
        "AIRFLOW__API_AUTH__JWT_ISSUER": f"albumen-{secrets['home_id']}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.airflow / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home.airflow / "logs" / "dag_processor"),
        **{f"AIRFLOW__CORE__{name}": value for name, value in core.items()},
        **{f"AIRFLOW__API__{name}": value for name, value in api.items()},
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "PYTHONUNBUFFERED": "1",
    }


def _catalog_connection(home: Home) -> str:
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": home.ports["postgres"],
            "login": "albumen",
            "password": home.secrets["catalog_password"],
            "schema": "albumen",
        }
    )


class Airflow:
    """The Airflow processes of one home.

    Parameters
    ----------
    home : Home
        A prepared home.
    """

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def api(self) -> AirflowApi:
        """A client of the API, logged in as the administrator."""
        return AirflowApi(self.home.airflow_url, ADMIN_USER, self.home.secrets["admin_password"])

    @property
    def running(self) -> bool:
        """Whether all four recorded processes are alive."""
        return all(map(self._runs, COMPONENTS))

    def log(self, component: str) -> Path:
        """Output of one component."""
        return self.home.logs / f"{component}.log"

    def migrate(self) -> None:
        """Bring the metadata database to the schema of the installed Airflow; at once when that was done before."""
        version = importlib.metadata.version("apache-airflow-core")
        stamp = self.home.airflow / "migrated"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == version:
            return
        with self.log("migrate").open("ab") as output:
            outcome = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env={**os.environ, **airflow_environment(self.home)},
                cwd=self.home.airflow,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=600,
            )
        if outcome.returncode != 0:
            raise StackError(f"Airflow's migration failed:\n{processes.log_tail(self.log('migrate'))}")
        stamp.write_text(version, encoding="utf-8")

    def clean(self, before: datetime, *, dry_run: bool) -> str:
        """Delete records of the metadata database that are older than a time, as `airflow_records.clean` does."""
        environment = airflow_environment(self.home)
        return airflow_records.clean(before, dry_run=dry_run, environment=environment, folder=self.home.airflow)

    def start_api(self) -> None:
        """Start the API server unless it runs; the database must be there, its tables need not."""
        passwords = {ADMIN_USER: self.home.secrets["admin_password"]}
        if not self._runs(API_SERVER):
            write_private(self.home.airflow / "passwords.json", json.dumps(passwords) + "\n")
        self._start(API_SERVER, "--host", "127.0.0.1", "--port", str(self.home.ports["airflow"]))

    def start(self) -> None:
        """Start the other components that do not run; the database must be migrated."""
        for name in COMPONENTS:
            if name != API_SERVER:
                self._start(name)

    def wait(self, seconds: float) -> None:
        """Wait until every component reports itself healthy.

        Raises
        ------
        StackError
            When one ended, or they are not healthy in time.
        """
        reason: str | None = None

        def answered() -> bool:
            nonlocal reason
            for name in COMPONENTS:
                if not self._runs(name):
                    raise processes.died(name, self.log(name))
            reason = self.health()
            return reason is None

        if not processes.wait_until(answered, seconds, 0.25):
            raise StackError(f"Airflow is not healthy after {seconds:.0f} s: {reason}. Logs: {self.home.logs}")

    def health(self) -> str | None:
        """What is wrong with it, or None."""
        starts = {name.replace("-", "_"): self.started(name) for name in ("scheduler", "triggerer", "dag-processor")}
        with self.api as api:
            return api.health({name: start for name, start in starts.items() if start is not None})

    def started(self, component: str) -> datetime | None:
        """When a component was started last; None if never."""
        record = self.home.run / f"{component}.pid"
        return datetime.fromtimestamp(record.stat().st_mtime, UTC) if record.exists() else None

    def make_pools(self) -> None:
        """Make the pools that are missing; one that was resized by hand keeps its size."""
        with self.api as api:
            present = api.pools()
            for name, (slots, description) in pools(cores()).items():
                if name not in present:
                    api.create_pool(name, slots, description)

    def stop(self) -> None:
        """Stop all components with every child; the API server last, since ending tasks report to it."""
        processes.stop(self.home.run, ["triggerer", "dag-processor"], signal.SIGTERM, GRACE_SECONDS)
        processes.stop(self.home.run, ["scheduler"], signal.SIGTERM, SCHEDULER_GRACE_SECONDS)
        processes.stop(self.home.run, [API_SERVER], signal.SIGTERM, GRACE_SECONDS)

    def _runs(self, component: str) -> bool:
        return processes.find(self.home.run, component) is not None

    def _start(self, component: str, *more: str) -> None:
        processes.start(
            self.home.run,
            component,
            [sys.executable, *COMPONENTS[component], *more],
            environment={**os.environ, **airflow_environment(self.home)},
            log=self.log(component),
            folder=self.home.airflow,
        )
