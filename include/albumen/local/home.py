"""The folder of one embedded stack: its paths, its ports, its secrets."""

from __future__ import annotations

import base64
import json
import os
import random
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

PORT_NAMES = ("airflow", "postgres", "s3", "master", "volume", "filer", "admin")

# SeaweedFS listens for gRPC at its HTTP ports plus this, and some of its parts take that for granted.
GRPC_OFFSET = 10_000

# With the gRPC ports still below the range that the kernel hands out to outgoing connections,
# which could otherwise take a port of ours while the stack is down.
PORT_RANGE = range(20_000, 22_700)

ADMIN_USER = "admin"


def port_is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port, nor on its gRPC companion."""
    return _can_bind(port) and _can_bind(port + GRPC_OFFSET)


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_ports(names: Sequence[str], kept: Mapping[str, int], candidates: Sequence[int]) -> dict[str, int]:
    """Give each name a free port, keeping those it had.

    Parameters
    ----------
    names : sequence of str
        What needs a port.
    kept : mapping of str to int
        Ports chosen earlier; each stays as long as it is free.
    candidates : sequence of int
        Ports to try, in order.

    Returns
    -------
    dict of str to int
        One different free port per name.

    Raises
    ------
    OSError
        When the candidates do not suffice.
    """
    chosen = {name: kept[name] for name in names if name in kept and port_is_free(kept[name])}
    untried = iter(port for port in candidates if port not in chosen.values())
    for name in names:
        while name not in chosen:
            port = next(untried, None)
            if port is None:
                raise OSError(f"no free loopback port for {name}")
            if port_is_free(port):
                chosen[name] = port
    return {name: chosen[name] for name in names}


def generate_secrets() -> dict[str, str]:
    """Passwords and keys of a new home."""
    fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {
        "home_id": secrets.token_hex(8),
        "postgres_password": secrets.token_urlsafe(24),
        "airflow_db_password": secrets.token_urlsafe(24),
        "catalog_password": secrets.token_urlsafe(24),
        "s3_access_key": secrets.token_hex(10).upper(),
        "s3_secret_key": secrets.token_urlsafe(30),
        "admin_password": secrets.token_urlsafe(12),
        "jwt_secret": secrets.token_urlsafe(48),
        "api_secret_key": secrets.token_urlsafe(32),
        "fernet_key": fernet_key,
    }


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


@dataclass(frozen=True)
class Home:
    """Where one embedded stack keeps everything.

    Parameters
    ----------
    root : Path
        The folder; made by `prepare`.
    """

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """The home of `ALBUMEN_HOME`, or `.albumen` in the repository."""
        named = os.environ.get("ALBUMEN_HOME")
        return cls(Path(named).expanduser().absolute() if named else REPOSITORY / ".albumen")

    @property
    def logs(self) -> Path:
        """Output of the processes, one file each."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Records of the running processes."""
        return self.root / "run"

    @property
    def postgres(self) -> Path:
        """Data of PostgreSQL, unless its account cannot reach it (see `local.postgres`)."""
        return self.root / "postgres"

    @property
    def seaweed(self) -> Path:
        """Data of the object store."""
        return self.root / "seaweed"

    @property
    def airflow(self) -> Path:
        """`AIRFLOW_HOME`."""
        return self.root / "airflow"

    @property
    def exists(self) -> bool:
        """Whether a stack was ever started here."""
        return (self.root / "secrets.json").exists()

    def prepare(self) -> None:
        """Make the folders and secrets that are missing.

        Root's PostgreSQL runs under another account, which must be able to pass through the home
        to its own folder; everything else in it stays closed.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.logs, self.run, self.seaweed, self.airflow):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not self.exists:
            write_private(self.root / "secrets.json", json.dumps(generate_secrets(), indent=1))

    def settle_ports(self) -> None:
        """Choose the ports, or choose again those that something else has taken; only while the stack is down."""
        kept = self._read("ports.json") if (self.root / "ports.json").exists() else {}
        generator = random.SystemRandom()
        candidates = generator.sample(PORT_RANGE, 500)
        ports = choose_ports(PORT_NAMES, {name: int(port) for name, port in kept.items()}, candidates)
        write_private(self.root / "ports.json", json.dumps(ports, indent=1))

    @cached_property
    def secrets(self) -> Mapping[str, str]:
        """The generated passwords and keys, by name."""
        return {name: str(value) for name, value in self._read("secrets.json").items()}

    @property
    def ports(self) -> Mapping[str, int]:
        """The chosen ports, by name."""
        return {name: int(port) for name, port in self._read("ports.json").items()}

    @property
    def airflow_url(self) -> str:
        """Address of the Airflow UI and API."""
        return f"http://127.0.0.1:{self.ports['airflow']}"

    def _read(self, name: str) -> Mapping[str, str | int]:
        try:
            content = json.loads((self.root / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.root} holds no stack yet ({name} is missing): run `./albumen up`") from None
        if not isinstance(content, dict):
            raise ValueError(f"{self.root / name} is damaged: an object was expected")
        return content
