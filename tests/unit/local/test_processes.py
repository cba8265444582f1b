import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from albumen.local import processes
from albumen.local.processes import StackError

# A parent with one child; both say that they run by writing their pids.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session={apart})
open("pids", "w").write(f"{{os.getpid()}} {{child.pid}}\\n")
time.sleep(600)
"""

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("pids", "w").write("ready\\n")
time.sleep(600)
"""


@pytest.fixture
def run(tmp_path):
    """A folder of records; whatever a test leaves running is ended."""
    folder = tmp_path / "run"
    folder.mkdir()
    yield folder
    names = [path.stem for path in folder.glob("*.pid")]
    processes.stop(folder, names, signal.SIGKILL, 1.0)


def start(run, code, name="worker"):
    folder = run.parent
    record = processes.start(
        run,
        name,
        [sys.executable, "-c", code],
        environment=os.environ,
        log=folder / f"{name}.log",
        folder=folder,
    )
    return record, folder


def pids_of(folder):
    def written():
        path = folder / "pids"
        return path.exists() and path.read_text().endswith("\n")

    assert processes.wait_until(written, 20)
    return [int(pid) for pid in (folder / "pids").read_text().split() if pid.isdigit()]


def alive(pid):
    return processes.process_state(pid) is not None


@pytest.mark.parametrize("apart", [False, True], ids=["same session", "own session"])
def test_stopping_ends_the_process_and_its_children(run, apart):
    _, folder = start(run, FAMILY.format(apart=apart))
    parent, child = pids_of(folder)
    assert processes.stop(run, ["worker"], signal.SIGTERM, 5.0)
    assert not alive(parent)
    assert not alive(child)
    assert processes.find(run, "worker") is None


def test_orphans_of_a_killed_process_are_ended(run):
    record, folder = start(run, FAMILY.format(apart=False))
    _, child = pids_of(folder)
    os.kill(record.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_alive(record), 5)
    assert alive(child)
    processes.stop(run, ["worker"], signal.SIGTERM, 5.0)
    assert not alive(child)


def test_starting_again_clears_the_orphans_of_the_last_time(run):
    record, folder = start(run, FAMILY.format(apart=False))
    _, child = pids_of(folder)
    os.kill(record.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_alive(record), 5)
    start(run, "import time; time.sleep(600)")
    assert not alive(child)


def test_a_process_that_ignores_the_signal_is_killed(run):
    record, folder = start(run, STUBBORN)
    pids_of(folder)
    processes.stop(run, ["worker"], signal.SIGTERM, 0.2)
    assert not alive(record.pid)


def test_a_running_process_is_not_started_twice(run):
    first, _ = start(run, "import time; time.sleep(600)")
    second, _ = start(run, "import time; time.sleep(600)")
    assert first == second


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another boot"}], ids=["recycled pid", "rebooted"])
def test_a_process_that_only_has_the_recorded_pid_is_left_alone(run, change):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        state = processes.process_state(stranger.pid)
        truth = processes.Record("worker", stranger.pid, state.started, processes.boot_id(), os.getcwd())
        (run / "worker.pid").write_text(json.dumps(asdict(replace(truth, **change))))
        assert processes.find(run, "worker") is None
        assert not processes.stop(run, ["worker"], signal.SIGKILL, 1.0)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "not json", "[1]", '{"pid": 1}'])
def test_a_damaged_record_is_no_record(run, content):
    (run / "worker.pid").write_text(content)
    assert processes.find(run, "worker") is None
    assert not processes.stop(run, ["worker"], signal.SIGTERM, 1.0)


def test_a_missing_program_is_told_by_name(run, tmp_path):
    with pytest.raises(StackError, match="worker cannot be started"):
        processes.start(
            run, "worker", [str(tmp_path / "absent")], environment={}, log=tmp_path / "log", folder=tmp_path
        )


def test_the_error_of_a_dead_process_holds_the_end_of_its_log(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %d\n" % number for number in range(10_000)) + b"\xff the cause\n")
    message = str(processes.died("worker", log))
    assert "the cause" in message
    assert "line 9999" in message
    assert "line 9000" not in message


def test_a_program_name_with_parentheses_is_read(run, tmp_path):
    odd = tmp_path / "a) b (c"
    odd.symlink_to("/bin/sleep")
    record = processes.start(
        run, "worker", [str(odd), "600"], environment=os.environ, log=tmp_path / "log", folder=tmp_path
    )
    assert processes.process_state(record.pid).parent == os.getpid()
