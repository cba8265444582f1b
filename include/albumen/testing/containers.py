"""Processes in namespaces of their own, as a container engine starts them, without an engine: Linux and root only.

Each has the machine's files below an overlay that is thrown away, a network, host name and process table of its
own, and the mounts it is given. All of them share a bridge that leads nowhere else. Killing one kills all in it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from albumen.local import processes
from albumen.local.home import REPOSITORY
from albumen.local.processes import StackError

ADDRESSES = "192.0.2"
"""TEST-NET-1, which no network of the world uses; the bridge is its first address."""
PROGRAMS = ("ip", "unshare", "nsenter", "chroot", "setpriv", "mount")

INIT = """
"$@" & child=$!
trap 'kill -TERM "$child"' TERM
trap 'kill -INT "$child"' INT
while kill -0 "$child" 2>/dev/null; do wait "$child" && code=0 || code=$?; done
exit "${code:-0}"
"""
"""The first process of a container: it hands signals on, and takes orphans off the process table."""


def missing() -> str | None:
    """Why containers cannot be made here, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "namespaces and mounts need Linux and root"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"programs are missing: {', '.join(absent)}" if absent else None


@dataclass(frozen=True)
class Spec:
    """What a container is to be.

    Attributes
    ----------
    name : str
        Its host name, unique on the bridge.
    names : sequence of str
        Further names it is found by; several containers may share one.
    command : sequence of str
        What it runs.
    environment : mapping of str to str
        The whole environment.
    user : str
        `UID:GID` it runs as, without any capability.
    mounts : mapping of str to Path
        Files and folders of the machine, by where they appear.
    writable : frozenset of str
        Those that may be written to.
    tmpfs : mapping of str to str
        File systems in memory with their mount options, by where they appear.
    folder : str
        Working directory.
    """

    name: str
    names: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    user: str
    mounts: Mapping[str, Path] = field(default_factory=dict)
    writable: frozenset[str] = frozenset()
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"

    def as_user(self, command: Sequence[str]) -> list[str]:
        """A command with the rights and the environment of this container."""
        uid, _, gid = self.user.partition(":")
        drop = ["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return ["setpriv", f"--reuid={uid}", f"--regid={gid or uid}", *drop, "env", "-i", *variables, *command]


class Containers:
    """Containers on one bridge.

    Parameters
    ----------
    folder : Path
        Where records, logs and mount points are kept.
    specs : sequence of Spec
        All containers; each knows the others by their names from the start.
    """

    def __init__(self, folder: Path, specs: Sequence[Spec]) -> None:
        if reason := missing():
            raise StackError(f"no containers here: {reason}")
        self.folder = folder
        self.specs = {spec.name: spec for spec in specs}
        self.run = folder / "run"
        self._mark = f"alb{os.getpid():x}"
        self._addresses = {spec.name: f"{ADDRESSES}.{n}" for n, spec in enumerate(specs, 2)}
        self._published: list[subprocess.Popen[bytes]] = []

    def make(self) -> None:
        """Make the bridge and every container's end of it."""
        for part in (self.run, self.folder / "logs"):
            part.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        bridge = self._mark
        _ip("netns", "add", bridge)
        lines = ["link add bridge type bridge", f"addr add {ADDRESSES}.1/24 dev bridge", "link set bridge up"]
        ends: list[tuple[str, list[str]]] = []
        for n, (name, address) in enumerate(self._addresses.items()):
            space = self._space(name)
            _ip("netns", "add", space)
            lines += [
                f"link add v{n} type veth peer name eth0 netns {space}",
                f"link set v{n} master bridge up",
            ]
            up = ["link set lo up", f"addr add {address}/24 dev eth0", "link set eth0 up"]
            ends.append((space, up))
        _ip("-n", bridge, "-batch", "-", lines=lines)
        for space, up in ends:
            _ip("-n", space, "-batch", "-", lines=up)
        hosts = ["127.0.0.1 localhost"]
        hosts += [" ".join((self._addresses[s.name], s.name, *s.names)) for s in self.specs.values()]
        (self.folder / "hosts").write_text("\n".join(hosts) + "\n", encoding="utf-8")
        users = dict.fromkeys(spec.user.partition(":")[::2] for spec in self.specs.values())
        accounts = [f"user{uid}:x:{uid}:{gid or uid}::/:/bin/sh" for uid, gid in users]
        (self.folder / "passwd").write_text(
            "\n".join(["root:x:0:0::/root:/bin/sh", *accounts]) + "\n", encoding="utf-8"
        )

    def log(self, name: str) -> Path:
        """Output of one container."""
        return self.folder / "logs" / f"{name}.log"

    def start(self, name: str) -> None:
        """Start a container unless it runs."""
        processes.start(
            self.run,
            name,
            self._command(self.specs[name]),
            environment={"PATH": os.environ.get("PATH", os.defpath)},
            log=self.log(name),
            folder=self.folder,
        )

    def complete(self, name: str, seconds: float) -> None:
        """Run a container that ends by itself.

        Raises
        ------
        StackError
            When it fails; the message holds the end of its output.
        """
        with self.log(name).open("ab") as output:
            ended = subprocess.run(
                self._command(self.specs[name]), stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=seconds
            )
        if ended.returncode != 0:
            raise StackError(f"{name} failed:\n{processes.log_tail(self.log(name), 40)}")

    def runs(self, name: str) -> bool:
        """Whether its first process lives."""
        return processes.find(self.run, name) is not None

    def first_process(self, name: str) -> int | None:
        """The pid, on the machine, of a container's first process; None when it does not run."""
        record = processes.find(self.run, name)
        if record is None:
            return None
        return next((state.pid for state in processes.process_table() if state.parent == record.pid), None)

    def execute(self, name: str, command: Sequence[str], seconds: float = 30.0) -> subprocess.CompletedProcess[bytes]:
        """Run a command inside a running container, with its rights and environment."""
        first = self.first_process(name)
        if first is None:
            raise StackError(f"{name} does not run")
        enter = ["nsenter", f"--target={first}", "--mount", "--uts", "--net", "--pid", "--ipc", "--root", "--wd"]
        return subprocess.run(
            [*enter, *self.specs[name].as_user(command)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )

    def kill(self, name: str) -> None:
        """End a container with everything in it at once, as `kill -9` of its first process does."""
        processes.stop(self.run, [name], signal.SIGKILL, 5.0)

    def stop(self, name: str, stop_signal: signal.Signals, grace_seconds: float) -> None:
        """Ask a container to end, and end it when it does not."""
        first = self.first_process(name)
        if first is not None:
            os.kill(first, stop_signal)
            processes.wait_until(lambda: not self.runs(name), grace_seconds)
        self.kill(name)

    def publish(self, name: str, port: int, at: int = 0) -> int:
        """Offer a container's port on loopback of the machine; returns the port there."""
        with socket.create_server(("127.0.0.1", at)) as listener:
            number = listener.fileno()
            forward = [sys.executable, "-m", "albumen.testing.forward", str(number), self._addresses[name], str(port)]
            published = subprocess.Popen(["ip", "netns", "exec", self._mark, *forward], pass_fds=[number])
            self._published.append(published)
            return int(listener.getsockname()[1])

    def delete(self) -> None:
        """End every container and take the bridge away."""
        for published in self._published:
            published.kill()
            published.wait()
        processes.stop(self.run, [path.stem for path in self.run.glob("*.pid")], signal.SIGKILL, 5.0)
        for space in (*map(self._space, self._addresses), self._mark):
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

    def _etc(self) -> dict[str, Path]:
        return {f"/etc/{name}": self.folder / name for name in ("hosts", "passwd")}

    def _space(self, name: str) -> str:
        return f"{self._mark}-{name}"

    def _command(self, spec: Spec) -> list[str]:
        inside = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]
        return ["ip", "netns", "exec", self._space(spec.name), *inside, "sh", "-ec", self._preparation(spec)]

    def _preparation(self, spec: Spec) -> str:
        """Shell that lays the container's files out and becomes its first process."""
        scratch = self.folder / "roots" / spec.name
        scratch.mkdir(parents=True, exist_ok=True)
        top = f"{scratch}/root"
        layers = f"lowerdir=/,upperdir={scratch}/upper,workdir={scratch}/work"
        lines = [
            "mount --make-rprivate /",
            f"hostname {spec.name}",
            f"mount -t tmpfs tmpfs {scratch}",
            f"mkdir {scratch}/upper {scratch}/work {top}",
            f"mount -t overlay overlay -o {layers} {top}",
            f"mount --rbind /dev {top}/dev",
            f"mount -t tmpfs -o mode=1777 tmpfs {top}/dev/shm",  # noqa: S108
            f"mount -t proc proc {top}/proc",
            f"mount --rbind /sys {top}/sys",
        ]
        # The root of the machine may be made of several file systems: what we are made of is named.
        given = {str(path): path for path in (REPOSITORY, Path(sys.prefix), Path(sys.base_prefix))}
        mounts = {**given, **self._etc(), **spec.mounts}
        # Whoever runs in there must be able to pass; only the overlay's copies of these folders change.
        passed = {folder for path in given.values() for folder in path.parents if folder != Path("/")}
        lines += [f"chmod a+x {shlex.quote(top + str(folder))}" for folder in sorted(passed)]
        # Folders in memory first where something is mounted below them.
        for wanted, options in {"/run": "mode=755", **spec.tmpfs}.items():
            # An absolute link: followed from out here, it would lead out of the container.
            target = wanted.replace("/var/run/", "/run/")
            lines += [f"mkdir -p {top}{target}", f"mount -t tmpfs -o {options} tmpfs {top}{target}"]
        for target, source in mounts.items():
            made = "mkdir -p {0}" if source.is_dir() else "mkdir -p $(dirname {0}); touch {0}"
            lines += [made.format(shlex.quote(top + target))]
            lines += [f"mount --bind {shlex.quote(str(source))} {shlex.quote(top + target)}"]
            if target not in spec.writable:
                lines += [f"mount -o remount,bind,ro {shlex.quote(top + target)}"]
        lines += [
            f"mount -o remount,ro {top}",
            f"exec chroot {top} "
            + shlex.join(spec.as_user(["sh", "-c", f"cd {spec.folder}\n{INIT}", "init", *spec.command])),
        ]
        return "\n".join(lines)


def _ip(*words: str, lines: Sequence[str] = ()) -> None:
    done = subprocess.run(["ip", *words], input="\n".join(lines), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"ip {' '.join(words)}: {done.stderr.strip()}")
