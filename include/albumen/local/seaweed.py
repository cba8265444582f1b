"""The embedded object store: SeaweedFS, speaking S3 on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from albumen.local import processes
from albumen.local.home import GRPC_OFFSET, Home, write_private
from albumen.local.processes import StackError

SOURCE_BUCKET = "photos"
LIBRARY_BUCKET = "albumen-library"
REGION = "us-east-1"
LISTENERS = ("s3", "master", "volume", "filer", "admin")

# SeaweedFS puts the sockets of its gRPC servers there, whatever TMPDIR says.
SOCKET_FOLDER = Path("/tmp")  # noqa: S108


def storage_options(home: Home) -> dict[str, str]:
    """Endpoint, region and keys of the embedded store, under the names an S3 client knows them by."""
    return {
        "endpoint_url": f"http://127.0.0.1:{home.ports['s3']}",
        "region_name": REGION,
        "aws_access_key_id": home.secrets["s3_access_key"],
        "aws_secret_access_key": home.secrets["s3_secret_key"],
    }


def storage_connection(home: Home) -> str:
    """The Airflow connection of the embedded store, as JSON."""
    options = storage_options(home)
    return json.dumps(
        {
            "conn_type": "aws",
            "login": options["aws_access_key_id"],
            "password": options["aws_secret_access_key"],
            "extra": {
                "endpoint_url": options["endpoint_url"],
                "region_name": options["region_name"],
                "config_kwargs": {"signature_version": "s3v4", "s3": {"addressing_style": "path"}},
            },
        }
    )


def weed_program() -> Path:
    """The `weed` binary of the Python environment."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise StackError("the program `weed` is missing: run `./albumen` to install what is pinned")
    return Path(found)


class Seaweed:
    """The object store of one home.

    Parameters
    ----------
    home : Home
        A prepared home.
    """

    name = "seaweed"

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def log(self) -> Path:
        """The server's output."""
        return self.home.logs / "seaweed.log"

    @property
    def running(self) -> bool:
        """Whether the recorded server process is alive."""
        return processes.find(self.home.run, self.name) is not None

    def start(self) -> None:
        """Start the server unless it runs; it makes its buckets itself."""
        if self.running:
            return
        self._write_identities()
        processes.start(
            self.home.run,
            self.name,
            [str(weed_program()), *self._arguments()],
            environment={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.home.seaweed)},
            log=self.log,
            folder=self.home.seaweed,
        )

    def wait(self, seconds: float) -> None:
        """Wait until the server takes requests and both buckets are there.

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

        if not processes.wait_until(answered, seconds, 0.1):
            raise StackError(f"SeaweedFS does not answer: {reason}\n{processes.log_tail(self.log)}")

    def health(self) -> str | None:
        """What is wrong with it, or None."""
        import httpx
        import obstore
        from obstore.exceptions import BaseError
        from obstore.store import S3Store

        options = storage_options(self.home)
        try:
            httpx.get(f"{options['endpoint_url']}/healthz", timeout=3, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            return str(error)
        for bucket in (SOURCE_BUCKET, LIBRARY_BUCKET):
            store = S3Store(
                bucket,
                endpoint=options["endpoint_url"],
                region=options["region_name"],
                access_key_id=options["aws_access_key_id"],
                secret_access_key=options["aws_secret_access_key"],
                client_options={"allow_http": True, "timeout": "3s"},
                retry_config={"max_retries": 0},
            )
            try:
                obstore.list_with_delimiter(store, "nothing-is-stored-here")
            except BaseError as error:
                return f"bucket {bucket}: {error}"
        return None

    def stop(self) -> None:
        """Stop the server; what it acknowledged is on disk."""
        processes.stop(self.home.run, [self.name], signal.SIGTERM, 15.0)
        self.clear_sockets()

    def clear_sockets(self) -> None:
        """Remove the gRPC sockets that a stopped or killed server has left behind."""
        ports = [self.home.ports[name] for name in LISTENERS]
        for port in (*ports, *(port + GRPC_OFFSET for port in ports)):
            for path in SOCKET_FOLDER.glob(f"seaweedfs-*-{port}.sock"):
                path.unlink(missing_ok=True)

    def _write_identities(self) -> None:
        identity = {
            "name": "albumen",
            "credentials": [
                {"accessKey": self.home.secrets["s3_access_key"], "secretKey": self.home.secrets["s3_secret_key"]}
            ],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        write_private(self.home.root / "s3.json", json.dumps({"identities": [identity]}))

    def _arguments(self) -> list[str]:
        """The flags: every listener on loopback at a port of ours, no telemetry, no extra services."""
        ports = self.home.ports
        return [
            "mini",
            f"-dir={self.home.seaweed}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-admin.ui=false",
            "-webdav=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *(f"-{name}.port={ports[name]}" for name in LISTENERS),
            f"-s3.config={self.home.root / 's3.json'}",
            *self._socket(),
            f"-bucket={SOURCE_BUCKET},{LIBRARY_BUCKET}",
        ]

    def _socket(self) -> list[str]:
        """Keep its sockets out of the shared temporary folder, as far as the length of a socket's path allows."""
        path = self.home.run / "s3.sock"
        return [f"-s3.localSocket={path}"] if len(os.fsencode(path)) < 100 else []
