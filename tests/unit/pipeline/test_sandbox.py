"""Whatever a file does to its decoder, it costs that file only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from albumen.pipeline.contract import StepResult, StepSkip
from albumen.pipeline.sandbox import Sandbox, SandboxError, WorkItem, WorkOutcome
from albumen.pipeline.sandbox_work import plan_windows
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import SandboxSettings, Settings

HERE = Path(__file__).parent
SHORT_SECONDS = 1.0
MEMORY_BYTES = 1024**3

Make = Callable[..., Sandbox]


@pytest.fixture
def make() -> Iterator[Make]:
    with contextlib.ExitStack() as stack:

        def make(*names: str, **limits: Any) -> Sandbox:
            sandbox = SandboxSettings(
                **{"memory_bytes": MEMORY_BYTES, "item_seconds": 30.0, "start_seconds": 60.0, **limits}
            )
            references = [f"sandbox_steps:{name}Step" for name in names]
            return stack.enter_context(Sandbox(references, Settings(sandbox=sandbox), search_path=[str(HERE)]))

        yield make


def item(number: int, data: bytes, *steps: str) -> WorkItem:
    return WorkItem(number, data, "photo", "image/jpeg", {"file_name": f"{number}.jpg"}, steps)


def orders(sandbox: Sandbox, *words: str, step: str = "obedient") -> list[WorkOutcome]:
    outcomes = list(sandbox.run([item(n, word.encode(), step) for n, word in enumerate(words)]))
    assert sorted((outcome.subject_id, outcome.step) for outcome in outcomes) == [(n, step) for n in range(len(words))]
    return sorted(outcomes, key=lambda outcome: outcome.subject_id)


def row(outcome: WorkOutcome) -> dict[str, Any]:
    assert isinstance(outcome.result, StepResult), outcome.result
    (rows,) = outcome.result.rows.values()
    return dict(rows[0])


def fault(outcome: WorkOutcome) -> tuple[Reason, str]:
    assert isinstance(outcome.result, ItemFault), outcome.result
    return outcome.result.reason, outcome.result.detail


def assert_only_the_middle_one_failed(outcomes: list[WorkOutcome]) -> tuple[Reason, str]:
    assert row(outcomes[0])["order"] == "fine"
    assert row(outcomes[2])["order"] == "fine"
    return fault(outcomes[1])


def assert_told(outcomes: list[WorkOutcome], expected: dict[str, tuple[Reason, str]]) -> None:
    assert row(outcomes.pop())["order"] == "fine"
    for outcome, (reason, words) in zip(outcomes, expected.values(), strict=True):
        code, detail = fault(outcome)
        assert code is reason
        assert words in detail


def test_rows_and_objects_come_back_as_they_were(make: Make) -> None:
    sandbox = make("Good")
    data = os.urandom(3 * 1024**2)
    (outcome,) = sandbox.run([item(7, data, "good")])
    assert outcome.subject_id == 7
    assert row(outcome) == {"bytes": len(data)}
    assert isinstance(outcome.result, StepResult)
    (stored,) = outcome.result.objects
    assert (stored.name, stored.mime, stored.data) == ("thumb", "image/webp", data[:7])
    assert outcome.wall_s > 0
    assert sandbox.restarts == 0
    assert 10 * 1024**2 < sandbox.peak_rss_bytes < MEMORY_BYTES


def test_every_kind_of_value_survives_the_way(make: Make) -> None:
    (outcome,) = make("Everything").run([item(1, b"", "everything")])
    values = row(outcome)
    assert values["when"].isoformat() == "2010-07-01T12:00:00+00:00"
    assert values["local"].isoformat() == "2010-07-01T12:00:00.123000"
    assert values["day"].isoformat() == "2012-02-29"
    assert values["vector"].dtype == np.float32
    assert values["vector"].tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert values["scalar"] == 0.5
    assert values["blob"] == b"\x00\xff"
    assert values["nested"] == {"a": [1, None, True, "ü"]}


def test_the_steps_of_an_item_share_its_input(make: Make) -> None:
    work = [item(n, b"x", "counting", "counting_again") for n in range(5)]
    outcomes = list(make("Counting", "CountingAgain").run(work))
    assert [(o.subject_id, o.step, row(o)["times"]) for o in outcomes] == [
        (n, step, times) for n in range(5) for times, step in ((1, "counting"), (2, "counting_again"))
    ]
    assert len({row(outcome)["pid"] for outcome in outcomes}) == 1


def test_an_abort_costs_one_item_and_is_quoted(make: Make) -> None:
    sandbox = make("Obedient")
    reason, detail = assert_only_the_middle_one_failed(orders(sandbox, "fine", "abort", "fine"))
    assert reason is Reason.CRASHED
    assert sandbox.load_s["obedient"] > 0
    assert detail.startswith(
        "SIGABRT in obedient; last words: decoder: impossible chroma | Fatal Python error: Aborted"
    )
    assert "sandbox_steps.py" in detail
    assert sandbox.restarts == 1


def test_a_hang_costs_one_item_and_its_time_limit(make: Make) -> None:
    sandbox = make("Obedient", item_seconds=SHORT_SECONDS)
    outcomes = orders(sandbox, "fine", "hang", "fine")
    reason, detail = assert_only_the_middle_one_failed(outcomes)
    assert reason is Reason.TIMED_OUT
    assert detail == "obedient took longer than 1 s (sandbox.item_seconds)"
    assert SHORT_SECONDS <= outcomes[1].wall_s < 4 * SHORT_SECONDS


def busy_process() -> subprocess.Popen[bytes]:
    code = "print('ready', flush=True)\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell who waits")
def test_waiting_for_a_busy_processor_is_not_the_items_time(make: Make) -> None:
    """Half a second of work, with a fifth of a processor, in a second's limit."""
    ours = os.sched_getaffinity(0)
    hogs = []
    try:
        os.sched_setaffinity(0, {min(ours)})
        sandbox = make("Obedient", item_seconds=SHORT_SECONDS)
        assert row(orders(sandbox, "fine")[0])["order"] == "fine"
        # A session each: the kernel may share a processor among sessions rather than processes.
        hogs = [busy_process() for _ in range(6)]
        (outcome,) = orders(sandbox, "compute")
    finally:
        os.sched_setaffinity(0, ours)
        for hog in hogs:
            hog.kill()
            hog.communicate()
    assert row(outcome)["order"] == "compute"
    assert outcome.wall_s > SHORT_SECONDS, "the processor was not busy: nothing was tried"


def test_hunger_is_too_large_and_the_child_is_replaced(make: Make) -> None:
    sandbox = make("Obedient")
    reason, detail = assert_only_the_middle_one_failed(outcomes := orders(sandbox, "fine", "eat", "fine"))
    assert reason is Reason.TOO_LARGE
    assert detail == f"needs more than {MEMORY_BYTES} bytes of memory (sandbox.memory_bytes)"
    assert sandbox.restarts == 2, "once for a second chance in a fresh child, once after it"
    assert row(outcomes[0])["pid"] != row(outcomes[2])["pid"]


def test_the_peak_of_memory_is_seen(make: Make) -> None:
    sandbox = make("Obedient")
    orders(sandbox, "nibble")
    assert 150 * 1024**2 < sandbox.peak_rss_bytes < MEMORY_BYTES


def test_an_input_that_does_not_fit_the_memory_is_too_large(make: Make) -> None:
    sandbox = make("Good", memory_bytes=400 * 1024**2)
    outcomes = list(sandbox.run([item(1, bytes(500 * 1024**2), "good"), item(2, b"fine", "good")]))
    assert fault(outcomes[0])[0] is Reason.TOO_LARGE
    assert row(outcomes[1]) == {"bytes": 4}


def test_what_a_step_raises_is_told_without_a_restart(make: Make) -> None:
    sandbox = make("Obedient")
    expected = {
        "raise": (Reason.BUG, "KeyError: 'no such tag'; last frame "),
        "sys.exit": (Reason.BUG, "SystemExit: enough"),
        "unsendable": (Reason.BUG, "a object in a row"),
        "fault": (Reason.UNREADABLE, "broken  marker"),
    }
    assert_told(orders(sandbox, *expected, "fine"), expected)
    assert sandbox.restarts == 0


def test_other_deaths_cost_one_item_each(make: Make) -> None:
    sandbox = make("Obedient")
    expected = {
        "exit": (Reason.CRASHED, "exit code 3 in obedient"),
        "kill": (Reason.CRASHED, "SIGKILL in obedient"),
        "bad_alloc": (Reason.TOO_LARGE, "std::bad_alloc"),
        "garbage": (Reason.CRASHED, "obedient spoke garbage: a frame of"),
        "lie": (Reason.CRASHED, "obedient spoke garbage: spoke out of turn"),
        "close": (Reason.CRASHED, "closed its pipe in obedient"),
    }
    assert_told(orders(sandbox, *expected, "fine"), expected)
    assert sandbox.restarts == len(expected) + 1, "a child that somebody killed gets a second chance"


def test_a_skip_is_a_skip(make: Make) -> None:
    (outcome,) = orders(make("Obedient"), "skip")
    assert outcome.result == StepSkip(Reason.UNSUPPORTED, "not this kind")


def test_what_a_step_prints_does_not_disturb_the_conversation(make: Make) -> None:
    sandbox = make("Obedient")
    assert [row(outcome)["order"] for outcome in orders(sandbox, "chatter", "fine")] == ["chatter", "fine"]


def test_steps_done_before_a_crash_are_not_repeated(make: Make) -> None:
    sandbox = make("Counting", "Obedient", "Good")
    outcomes = list(sandbox.run([item(1, b"abort", "counting", "obedient", "good")]))
    assert [outcome.step for outcome in outcomes] == ["counting", "obedient", "good"]
    assert row(outcomes[0])["times"] == 1
    assert fault(outcomes[1])[0] is Reason.CRASHED
    assert row(outcomes[2]) == {"bytes": 5}


def test_a_batch_goes_together(make: Make) -> None:
    outcomes = orders(make("Batch"), *["fine"] * 6, step="batch")
    assert [row(outcome)["together"] for outcome in outcomes] == [4, 4, 4, 4, 2, 2]


@pytest.mark.parametrize(
    ("order", "reason", "restarts"),
    [("abort", Reason.CRASHED, 2), ("eat", Reason.TOO_LARGE, 3), ("raise", Reason.BUG, 0)],
)
def test_only_the_guilty_of_a_batch_is_blamed(make: Make, order: str, reason: Reason, restarts: int) -> None:
    sandbox = make("Batch")
    outcomes = orders(sandbox, "fine", "fine", order, "fine", "fine", step="batch")
    assert fault(outcomes.pop(2))[0] is reason
    assert [row(outcome)["together"] for outcome in outcomes] == [1, 1, 1, 1]
    assert sandbox.restarts == restarts


def test_only_the_hanging_item_of_a_batch_is_blamed(make: Make) -> None:
    outcomes = orders(make("Batch", item_seconds=SHORT_SECONDS), "fine", "hang", step="batch")
    assert row(outcomes[0])["together"] == 1
    assert fault(outcomes[1]) == (Reason.TIMED_OUT, "batch took longer than 1 s (sandbox.item_seconds)")


def test_a_step_that_answers_too_little_has_a_bug(make: Make) -> None:
    (outcome,) = make("Forgetful").run([item(1, b"", "forgetful")])
    assert fault(outcome)[0] is Reason.BUG
    assert "0 outcomes for 1 inputs" in fault(outcome)[1]


def test_the_child_sees_little(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("ALBUMEN_RENDITIONS__PREVIEW_SHORT_SIDE", "720")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)
    try:
        (outcome,) = make("Inspecting").run([item(3, b"", "inspecting")])
    finally:
        os.close(read_end)
        os.close(write_end)
    seen = row(outcome)
    allowed = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME"}
    assert all(name in allowed or name.endswith(("_THREADS", "_THREADS_NUM")) for name in seen["environment"])
    assert seen["airflow"] is False
    assert seen["timezone"] == "UTC"
    assert len(seen["descriptors"]) <= 10  # 0, 1, 2, two pipes, four slots, and the step's own /dev/null
    assert seen["leader"] is True
    assert seen["preview_short_side"] == 720
    assert seen["context"] == {"file_name": "3.jpg"}
    assert seen["kind"] == "photo"


@pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="the system call filter knows two machines")
def test_the_child_reaches_neither_network_nor_programs_nor_its_parent(make: Make) -> None:
    (outcome,) = make("Inspecting").run([item(1, b"", "inspecting")])
    seen = row(outcome)
    assert (seen["socket"], seen["program"], seen["kill_parent"]) == ("denied", "denied", "denied")


def test_a_video_step_may_start_programs_and_they_end_with_the_child(make: Make) -> None:
    outcomes = list(make("Video").run([item(1, b"leave a child", "video"), item(2, b"", "video")]))
    reason, detail = fault(outcomes[0])
    assert reason is Reason.CRASHED
    left = int(detail.split("left ")[1].split()[0])
    assert row(outcomes[1]) == {"said": "encoded"}
    wait_until_gone(left)


def test_a_child_that_cannot_start_is_an_error_with_its_words(make: Make) -> None:
    with pytest.raises(SandboxError, match=r"FileNotFoundError: weights are missing"):
        list(make("Unwilling").run([item(1, b"", "unwilling")]))
    with pytest.raises(SandboxError, match=r"NoSuchStep"):
        list(make("NoSuch").run([item(1, b"", "no_such")]))


def test_a_child_that_starts_too_slowly_is_an_error(make: Make) -> None:
    sandbox = make("SlowStart", start_seconds=0.5)
    with pytest.raises(SandboxError, match=r"not ready after 0.5 s \(sandbox.start_seconds\)"):
        list(sandbox.run([item(1, b"", "slow_start")]))


def test_a_child_without_memory_to_start_is_an_error(make: Make) -> None:
    with pytest.raises(SandboxError, match=r"did not start|cannot start"):
        list(make("Good", memory_bytes=30 * 1024**2).run([item(1, b"", "good")]))


def test_an_unknown_step_is_the_callers_mistake(make: Make) -> None:
    with pytest.raises(ValueError, match="no such step in the sandbox: other"):
        list(make("Good").run([item(1, b"", "other")]))


def test_a_child_killed_between_two_runs_blames_nobody(make: Make) -> None:
    sandbox = make("Obedient")
    (first,) = orders(sandbox, "fine")
    os.kill(row(first)["pid"], signal.SIGKILL)
    (second,) = orders(sandbox, "fine")
    assert row(second)["pid"] != row(first)["pid"]
    assert sandbox.restarts == 1


def test_a_child_killed_once_in_the_middle_of_an_item_blames_nobody(make: Make) -> None:
    sandbox = make("Obedient")
    words = (b"fine", *[b"compute"] * 4, b"fine")
    outcomes = sandbox.run([item(n, word, "obedient") for n, word in enumerate(words)])
    first = next(outcomes)
    child = psutil.Process(row(first)["pid"])

    def kill_at_work() -> None:
        before = child.cpu_times().user
        while child.cpu_times().user < before + 0.1:
            time.sleep(0.01)
        child.kill()

    killer = threading.Thread(target=kill_at_work)
    killer.start()
    rest = list(outcomes)
    killer.join()
    assert [row(outcome)["order"] for outcome in rest] == ["compute"] * 4 + ["fine"]
    assert sandbox.restarts == 1


def test_an_abandoned_run_ends_the_child_and_the_next_run_starts_anew(make: Make) -> None:
    sandbox = make("Obedient")
    running = sandbox.run([item(n, b"fine", "obedient") for n in range(9)])
    pid = row(next(running))["pid"]
    running.close()  # type: ignore[attr-defined]
    assert not Path(f"/proc/{pid}").exists()
    assert len(orders(sandbox, "fine", "fine")) == 2


def test_a_slow_caller_does_not_time_out_the_child(make: Make) -> None:
    sandbox = make("Obedient", item_seconds=0.6)
    for outcome in sandbox.run([item(n, b"fine", "obedient") for n in range(2)]):
        assert row(outcome)["order"] == "fine"
        time.sleep(0.8)


def test_nothing_is_left_after_close(make: Make) -> None:
    sandbox = make("Obedient")
    before = open_descriptors()
    (outcome,) = orders(sandbox, "fine")
    sandbox.close()
    assert not Path(f"/proc/{row(outcome)['pid']}").exists()
    assert len(open_descriptors()) < len(before)
    with pytest.raises(SandboxError, match="closed"):
        list(sandbox.run([item(1, b"fine", "obedient")]))


def test_the_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys\n"
        "from albumen.pipeline.sandbox import Sandbox, WorkItem\n"
        "from albumen.settings import Settings\n"
        f"steps = ['sandbox_steps:CountingStep', 'sandbox_steps:HangingStep']\n"
        f"sandbox = Sandbox(steps, Settings(), search_path=[{str(HERE)!r}])\n"
        "for outcome in sandbox.run([WorkItem(1, b'x', 'photo', 'image/jpeg', {}, ('counting', 'hanging'))]):\n"
        "    print(outcome.result.rows['seen'][0]['pid'], flush=True)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.send_signal(signal.SIGKILL)
    wait_until_gone(child)


def test_what_earlier_items_left_behind_is_not_blamed_on_a_later_one(make: Make) -> None:
    outcomes = orders(make("Obedient"), "hoard", "take 600 MiB", "fine")
    assert [row(outcome)["order"] for outcome in outcomes] == ["hoard", "take 600 MiB", "fine"]
    assert row(outcomes[0])["pid"] != row(outcomes[1])["pid"]


def test_batches_are_planned_in_windows_and_in_order() -> None:
    sizes = {"faces": 1, "scene": 2, "text": 1}
    items = [item(n, b"123", "faces", "scene", "text") for n in range(3)]
    alone = [("faces", [0]), ("scene", [0]), ("text", [0])]
    together = [("faces", [0]), ("faces", [1]), ("scene", [0, 1]), ("text", [0]), ("text", [1])]
    assert list(plan_windows(items, sizes, 6)) == [(items[:2], together), (items[2:], alone)]
    apart = [([one], alone) for one in items]
    assert list(plan_windows(items, sizes, 5)) == apart, "two do not fit the budget together"
    mixed = [item(0, b"", "faces"), item(2, b"", "scene", "faces")]
    assert list(plan_windows(mixed, sizes, 6)) == [(mixed, [("faces", [0]), ("scene", [1]), ("faces", [1])])]


def test_items_are_taken_a_few_ahead_of_the_child(make: Make) -> None:
    taken: list[int] = []

    def work() -> Iterator[WorkItem]:
        for number in range(100):
            taken.append(number)
            yield item(number, b"fine", "obedient")

    ahead = [len(taken) - n for n, _ in enumerate(make("Obedient").run(work()))]
    assert len(ahead) == 100
    assert 1 < max(ahead) < 30


def open_descriptors() -> list[str]:
    return os.listdir("/proc/self/fd")


def wait_until_gone(pid: int) -> None:
    def gone() -> bool:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        return True

    deadline = time.monotonic() + 5
    while not gone():
        assert time.monotonic() < deadline, f"process {pid} survived"
        time.sleep(0.02)


def test_a_step_that_reports_may_take_longer_than_an_items_time(tmp_path: Path) -> None:
    told: list[tuple[str, int, float]] = []
    limits = SandboxSettings(memory_bytes=MEMORY_BYTES, item_seconds=SHORT_SECONDS)
    film = WorkItem(7, b"", "video", "video/mp4", {}, ("reporting",), str(tmp_path / "source"))
    with Sandbox(
        ["sandbox_steps:ReportingStep"],
        Settings(sandbox=limits),
        search_path=[str(HERE)],
        on_progress=lambda *report: told.append(report),
    ) as sandbox:
        (outcome,) = sandbox.run([film])
    assert row(outcome) == {"path": str(tmp_path / "source")}
    assert told == [("reporting", 7, share) for share in (0.2, 0.4, 0.6, 0.8, 1.0)]
