"""Detached processes that are found again, and stopped, by what was recorded of them.

A record holds the pid with the start time and the boot it belongs to, so that a pid which the
kernel has given to somebody else since is never signalled.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from albumen.local.home import write_private

LOG_BYTES_KEPT = 10 * 1024**2


class StackError(Exception):
    """A part of the stack cannot do its work; the message says which, why, and what to do."""


class Account(NamedTuple):
    """An operating system account that a process runs under."""

    name: str
    uid: int
    gid: int


class Identity(NamedTuple):
    """What tells a process from every other that had or will have its pid."""

    pid: int
    started: int


class ProcessState(NamedTuple):
    """A line of the kernel's process table; `started` is in clock ticks since boot."""

    pid: int
    parent: int
    session: int
    started: int
    state: str


@dataclass(frozen=True, slots=True)
class Record:
    """A process that was started by us."""

    name: str
    pid: int
    started: int
    boot: str
    folder: str


def unprivileged_account() -> Account | None:
    """The account servers run under that refuse root: None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError("PostgreSQL does not run as root, and there is neither an account `postgres` nor `nobody`")


def boot_id() -> str:
    """The id of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def process_state(pid: int) -> ProcessState | None:
    """What the kernel says of this pid, or None; a process that ended but was not yet reaped is gone."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    fields = line.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return ProcessState(pid, int(fields[1]), int(fields[3]), int(fields[19]), fields[0])


def process_table() -> list[ProcessState]:
    """All living processes."""
    states = (process_state(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [state for state in states if state is not None]


def start(
    run: Path,
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    folder: Path,
    account: Account | None = None,
) -> Record:
    """Start a process in its own session, detached from the terminal, and record it.

    Parameters
    ----------
    run : Path
        Folder of the records.
    name : str
        Name of the record; a process still recorded under it is left alone and returned.
    command : sequence of str
        Program and arguments.
    environment : mapping of str to str
        The whole environment.
    log : Path
        File that takes its output.
    folder : Path
        Its working directory, and the mark by which its orphans are known.
    account : Account, optional
        The account to run under, when we are root.

    Raises
    ------
    StackError
        When it cannot be started.
    """
    running = find(run, name)
    if running is not None:
        return running
    # The process is gone; its children may not be.
    stop(run, [name], signal.SIGTERM, 0.0)
    if log.exists() and log.stat().st_size > LOG_BYTES_KEPT:
        log.replace(log.with_suffix(".1.log"))
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
    except OSError as error:
        raise StackError(f"{name} cannot be started: {error}") from error
    # It is meant to outlive us: without a return code, dropping the object would warn of it.
    process.returncode = 0
    state = process_state(process.pid)
    record = Record(name, process.pid, state.started if state else 0, boot_id(), str(folder))
    write_private(run / f"{name}.pid", json.dumps(asdict(record)))
    return record


def read_record(run: Path, name: str) -> Record | None:
    """What was recorded under this name, whether it still runs or not."""
    try:
        content = json.loads((run / f"{name}.pid").read_text(encoding="utf-8"))
        return Record(**content)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_alive(record: Record) -> bool:
    """Whether this very process still runs."""
    _reap(record.pid)
    state = process_state(record.pid)
    return state is not None and state.started == record.started and record.boot == boot_id()


def find(run: Path, name: str) -> Record | None:
    """The record of this name if its process still runs."""
    record = read_record(run, name)
    return record if record and is_alive(record) else None


def members(record: Record) -> set[Identity]:
    """The recorded process, its descendants and what is left of its session.

    A descendant may have left the session, and one whose parent was killed has lost its line of
    descent: both ways are looked at. Once the recorded process itself is gone, a process of the session counts
    only if it works in the recorded folder.
    """
    if record.boot != boot_id():
        return set()
    table = process_table()
    leader = next((state for state in table if state.pid == record.pid), None)
    if leader is not None and leader.started != record.started:
        return set()
    found = {
        state
        for state in table
        if state.session == record.pid
        and state.started >= record.started
        and (leader is not None or _works_in(state.pid, record.folder))
    }
    grown = True
    while grown:
        pids = {state.pid for state in found}
        children = {state for state in table if state.parent in pids} - found
        found |= children
        grown = bool(children)
    return {Identity(state.pid, state.started) for state in found}


def stop(run: Path, names: Sequence[str], stop_signal: signal.Signals, grace_seconds: float) -> bool:
    """End what was recorded under these names, together and with all children, and nobody else.

    Parameters
    ----------
    run : Path
        Folder of the records.
    names : sequence of str
        Names of the records.
    stop_signal : signal.Signals
        What asks the processes to end.
    grace_seconds : float
        How long they may take, before they and their children are killed.

    Returns
    -------
    bool
        Whether there was something to end.
    """
    records = [record for name in names if (record := read_record(run, name)) is not None]
    ours = set().union(*map(members, records))
    for record in records:
        if is_alive(record):
            send_signal(Identity(record.pid, record.started), stop_signal)
    wait_until(lambda: not any(map(is_alive, records)), grace_seconds)
    ours = ours.union(*map(members, records))
    for member in ours:
        send_signal(member, signal.SIGKILL)
    wait_until(lambda: not any(map(_same_process, ours)), 5.0)
    for record in records:
        (run / f"{record.name}.pid").unlink(missing_ok=True)
    return bool(ours)


def send_signal(identity: Identity, number: signal.Signals) -> None:
    """Signal this very process; nothing happens when it is gone."""
    try:
        descriptor = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return
    try:
        # The descriptor pins the process: what is checked is what is signalled.
        if _same_process(identity):
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = 0.05) -> bool:
    """Ask again and again until the condition holds, or the seconds are over; returns whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval)
    return True


def log_tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            text = file.read().decode("utf-8", errors="replace")
    except OSError as error:
        return f"({log} cannot be read: {error})"
    return "\n".join(text.splitlines()[-lines:])


def died(name: str, log: Path) -> StackError:
    """The error for a process that ended by itself."""
    return StackError(f"{name} ended by itself. The end of {log}:\n{log_tail(log)}")


def _same_process(identity: Identity) -> bool:
    _reap(identity.pid)
    state = process_state(identity.pid)
    return state is not None and state.started == identity.started


def _works_in(pid: int, folder: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(folder)
    except OSError:
        return False


def _reap(pid: int) -> None:
    """Take a child of ours that has ended off the process table."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
