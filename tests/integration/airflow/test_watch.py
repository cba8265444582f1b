"""Alerts: found in a real catalog, told once over a real connection, grouped, silenced, resolved."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from albumen.airflow.notifiers import channels
from albumen.airflow.notifiers.alert import AlertNotifier
from albumen.airflow.notifiers.channels import ChannelError
from albumen.airflow.notifiers.notice import NoticeNotifier
from albumen.airflow.operators.watch import WatchOperator
from albumen.catalog import alerts, step_pauses
from albumen.pipeline import watching

Run = Callable[..., Any]


class OnCall:
    """A webhook's other end."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.status = 200


@pytest.fixture
def on_call(monkeypatch: pytest.MonkeyPatch) -> Iterator[OnCall]:
    """Somebody who is told over a webhook."""
    found = OnCall()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = {"conn_type": "http", "password": f"http://127.0.0.1:{server.server_port}/hook/secret"}
    monkeypatch.setenv("AIRFLOW_CONN_ON_CALL", json.dumps(connection))
    monkeypatch.setenv("ALBUMEN_NOTIFY__ALERTS", '["webhook:on_call"]')
    yield found
    server.shutdown()
    server.server_close()


def trip(place: Any, step: str = "quality") -> None:
    with place.connect() as connection:
        step_pauses.trip(connection, "preview", step, "12 of 20 failed", {"failed": 12, "of": 20, "faults": []})
        connection.commit()


def watch(run_task: Run) -> dict[str, int]:
    result: dict[str, int] = run_task(WatchOperator(task_id="watch")).result
    return result


def failed(task_id: str) -> Any:
    return {"ti": SimpleNamespace(dag_id="enrich_items", task_id=task_id), "exception": OSError("the store is away")}


def test_a_breaker_is_told_once_with_its_next_command_and_is_over_when_resumed(
    place: Any, run_task: Run, on_call: OnCall
) -> None:
    trip(place)
    assert watch(run_task) == {"wrong": 1, "told": 1, "over": 0}
    assert watch(run_task) == {"wrong": 1, "told": 0, "over": 0}
    (message,) = on_call.got
    assert "quality is stopped by its breaker" in message["subject"]
    assert "next: ./albumen step list" in message["text"]
    assert "docs/operations.md#a-step-is-stopped" in message["text"]
    with place.connect() as connection:
        step_pauses.resume(connection, "quality")
        connection.commit()
    assert watch(run_task) == {"wrong": 0, "told": 0, "over": 1}


def test_a_fault_of_a_stopped_step_is_the_next_thing_to_look_at(
    place: Any, photo: Any, run_task: Run, on_call: OnCall
) -> None:
    place.put("it's one.jpg", photo(1))
    place.discover()
    (row,) = place.query("SELECT original_id FROM originals")
    faults = [{"subject_id": subject, "reason": "bug", "detail": "KeyError"} for subject in (999, row.original_id)]
    with place.connect() as connection:
        step_pauses.trip(connection, "original", "renditions", "x", {"failed": 12, "of": 20, "faults": faults})
        connection.commit()
    watch(run_task)
    (message,) = on_call.got
    assert """next: ./albumen why 'it'"'"'s one.jpg' --library test""" in message["text"]
    assert "when it is mended: ./albumen step resume renditions" in message["text"]


@pytest.mark.parametrize(
    ("task", "command"),
    [
        ("enrich_items/process", "./albumen models verify"),
        ("generate_memories/announce", "./albumen memories announce"),
        ("erase_content/approve", "./albumen erase status"),
        ("transcode_originals/process", "./albumen doctor"),
    ],
)
def test_a_failed_task_has_a_next_command_of_its_own(task: str, command: str) -> None:
    assert watching.failure(task, "failed").command == command


def test_a_bad_night_pages_once_and_the_rest_is_read_tomorrow(
    place: Any, run_task: Run, on_call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALBUMEN_NOTIFY__NOTICES", '["slack:on_call"]')
    for step in ("quality", "likeness", "metadata"):
        trip(place, step)
    assert watch(run_task)["told"] == 3
    for _ in range(20):
        AlertNotifier().notify(failed("process"))
        AlertNotifier().notify(failed("settle"))
    trip(place, "renditions")
    assert watch(run_task) == {"wrong": 4, "told": 0, "over": 0}
    assert [message["subject"] for message in on_call.got if "subject" in message] == ["Albumen: 3 alerts"]
    assert [message["text"].splitlines()[0] for message in on_call.got if "subject" not in message] == [
        "*Albumen: also enrich_items: task process failed after its last retry: the store is away*",
        "*Albumen: also enrich_items: task settle failed after its last retry: the store is away*",
        "*Albumen: also renditions is stopped by its breaker at " + on_call.got[-1]["text"].split(" at ")[1][:16]
        + " UTC: 12 of 20 failed*",
    ]  # fmt: skip
    place.execute("UPDATE alerts SET told_at = now() - interval '9 hours' WHERE told_at IS NOT NULL")
    assert watch(run_task)["told"] == 3
    assert on_call.got[-1]["subject"] == "Albumen: 3 alerts"


def test_what_only_came_back_pages_nobody_and_what_is_new_after_the_end_does(
    place: Any, run_task: Run, on_call: OnCall
) -> None:
    trip(place)
    assert watch(run_task)["told"] == 1
    for _ in range(2):
        place.execute("DELETE FROM step_pauses")
        assert watch(run_task)["over"] == 1
        trip(place)
        assert watch(run_task)["told"] == 0
    place.execute("DELETE FROM step_pauses")
    watch(run_task)
    trip(place, "likeness")
    assert watch(run_task)["told"] == 1
    assert len(on_call.got) == 2


def test_a_silence_holds_until_its_end_and_then_what_goes_on_is_told(
    place: Any, run_task: Run, on_call: OnCall
) -> None:
    with place.connect() as connection:
        ends_at = datetime.now(UTC) + timedelta(hours=1)
        alerts.silence(connection, kind="step_stopped", about="", reason="known", by="me", ends_at=ends_at)
        connection.commit()
    trip(place)
    assert watch(run_task) == {"wrong": 1, "told": 0, "over": 0}
    place.execute("UPDATE silences SET ends_at = now()")
    assert watch(run_task)["told"] == 1
    assert len(on_call.got) == 1


def test_what_could_not_be_told_is_told_by_the_next_look(place: Any, run_task: Run, on_call: OnCall) -> None:
    trip(place)
    on_call.status = 500
    with pytest.raises(ChannelError, match="webhook:on_call: HTTPStatusError"):
        watch(run_task)
    on_call.status = 200
    assert watch(run_task)["told"] == 1


def test_a_channel_that_fails_keeps_no_other_from_being_tried_and_tells_no_secret(on_call: OnCall) -> None:
    with pytest.raises(ChannelError) as told:
        channels.send(["pigeon:home", "webhook:nowhere", "webhook:on_call"], "s", "w")
    assert len(on_call.got) == 1
    assert "'pigeon:home' is no channel; there are: webhook, slack, email, sns" in str(told.value)
    assert "secret" not in str(told.value)


def test_notices_go_to_their_own_channels(on_call: OnCall, monkeypatch: pytest.MonkeyPatch) -> None:
    NoticeNotifier("done").notify({})
    assert on_call.got == []
    monkeypatch.setenv("ALBUMEN_NOTIFY__NOTICES", '["slack:on_call"]')
    NoticeNotifier("done").notify({})
    assert on_call.got == [{"text": "*Albumen: done*\ndone"}]


def test_a_lag_a_lost_worker_and_a_broken_promise_are_found(
    place: Any, photo: Any, sandbox: Any, run_task: Run
) -> None:
    place.put("good.jpg", photo(1))
    place.put("bad.jpg", photo(2)[:200])
    place.discover()
    place.work()
    place.put("late.jpg", photo(3))
    place.discover()
    place.execute("UPDATE due SET due_since = now() - interval '1 hour'")
    place.execute("""
        INSERT INTO shards (library_id, pass_name, lane, size, claim, leased_until)
        VALUES (1, 'preview', 0, 1, 'd/r/t/0', now() - interval '1 hour')
    """)
    place.execute("INSERT INTO memory_turns (library_id, day) VALUES (1, '2020-01-01')")
    watch(run_task)
    found = {row.kind: row.summary for row in place.query("SELECT kind, summary FROM alerts")}
    assert set(found) == {"lane_lags", "worker_lost", "preview", "quarantine", "memories"}
    assert "has waited 60 min" in found["lane_lags"]
    assert "50.0% of the latest 2; 1 wait longer" in found["preview"]


def test_nothing_is_wrong_with_a_library_at_rest(place: Any, photo: Any, sandbox: Any, run_task: Run) -> None:
    assert watch(run_task)["wrong"] == 0
    place.put("good.jpg", photo(1))
    place.discover()
    place.work()
    assert watch(run_task)["wrong"] == 0


def test_a_failed_task_that_is_quiet_for_a_day_is_forgotten(place: Any, run_task: Run, on_call: OnCall) -> None:
    AlertNotifier().notify(failed("process"))
    watch(run_task)
    assert place.query("SELECT resolved_at FROM alerts")[0].resolved_at is None
    place.execute("UPDATE alerts SET seen_at = now() - interval '2 days'")
    watch(run_task)
    assert place.query("SELECT resolved_at FROM alerts")[0].resolved_at is not None


def test_every_runbook_entry_is_there_and_every_command_exists() -> None:
    from typer.main import get_command

    from albumen.cli import app
    from albumen.local.home import REPOSITORY

    verbs: Any = get_command(app)
    for kind in watching.KINDS.values():
        file, _, anchor = kind.runbook.partition("#")
        headings = [line for line in (REPOSITORY / file).read_text(encoding="utf-8").splitlines() if line[:2] == "##"]
        plain = ["".join(c for c in line.lower() if c.isalnum() or c in " -_") for line in headings]
        assert anchor in {line.strip().replace(" ", "-") for line in plain}, kind
        for command in (kind.command, *([kind.then] if kind.then else [])):
            assert command.split()[1] in verbs.commands
    for command in watching.AFTER_A_FAILURE.values():
        assert command.split()[1] in verbs.commands


def test_what_is_over_is_forgotten_after_its_days_and_what_is_open_stays(place: Any) -> None:
    from albumen.pipeline.maintenance import retiring

    place.execute("""
        INSERT INTO alerts (kind, about, summary, resolved_at)
        VALUES ('preview', 'a', 'old', now() - interval '90 days'), ('preview', 'b', 'open', NULL)
    """)
    place.execute("""
        INSERT INTO silences (reason, by, ends_at) VALUES ('old', 'me', now() - interval '90 days')
    """)
    place.execute("""
        INSERT INTO hours_of_work VALUES (1, now() - interval '500 days', 's', 'done', '', 0, 1, 1, 1, 1, 1),
            (1, now() - interval '5 days', 's', 'done', '', 0, 1, 1, 1, 1, 1)
    """)
    retiring.retire(place.workplace(), dry_run=False)
    assert [row.summary for row in place.query("SELECT summary FROM alerts")] == ["open"]
    assert place.query("SELECT * FROM silences") == []
    assert len(place.query("SELECT * FROM hours_of_work")) == 1
