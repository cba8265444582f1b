"""Asking a person: once for each edition, with the pictures; and what follows from the answer, or from none."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import DownstreamTasksSkipped, TaskAwaitingInput

from albumen.airflow.assets import MEMORIES, emissions
from albumen.airflow.operators import review
from albumen.airflow.operators.memories import GenerateMemoriesOperator
from albumen.airflow.operators.review import PlanReviewsOperator, PublishMemoryOperator, ReviewMemoryOperator
from albumen.catalog import audit, libraries, memories
from albumen.catalog.memories import StoredMemory
from albumen.storage.layout import feed_key
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

Run = Callable[..., Any]
DAY = "2023-06-12"


@pytest.fixture
def waiting(place: TestLibrary, sandbox: Any, run_task: Run) -> TestLibrary:
    """A library that wants to be asked, with one story that waits."""
    for year in (2019, 2020, 2021):
        for number in range(3):
            place.put(f"{year}/{number}.jpg", a_photo(f"{year} {number}", taken=f"{year}:06:12 {10 + number}:30:00"))
    place.discover()
    place.work()
    with place.connect() as connection:
        libraries.change(connection, "test", {"review": "ask"})
        connection.commit()
    generate = GenerateMemoriesOperator(task_id="generate", job={"library": "test", "day": DAY})
    assert run_task(generate).result["memories"] == [], "nobody is told of what waits"
    return place


def story(place: TestLibrary) -> StoredMemory:
    with place.connect() as connection:
        (found,) = memories.stored(connection, place.library.library_id)
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The questions that Airflow was given; nothing else of it is needed to put one."""
    questions: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **fields: questions.append(fields)
    )
    return questions


def ask(memory_id: str, inputs_key: str = "") -> Any:
    """Put the question of one memory."""
    with DAG("a_dag", schedule=None):
        task = ReviewMemoryOperator(task_id="ask", library="test", memory_id=memory_id, inputs_key=inputs_key)
        task >> PublishMemoryOperator(task_id="publish", library="test", memory_id=memory_id, changed=MEMORIES)
    ti = SimpleNamespace(id="ti", map_index=-1, xcom_push=lambda **_: None)
    return task.execute({"ti": ti, "task_instance": ti, "task": task})  # type: ignore[typeddict-item]


def answer(memory_id: str, inputs_key: str, choice: str, *, user: str | None = "bob") -> None:
    """What a person answers, as Airflow hands it to the task; without a user, nobody did."""
    task = ReviewMemoryOperator(task_id="ask", library="test", memory_id=memory_id, inputs_key=inputs_key)
    event = {
        "chosen_options": [choice],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": user and {"id": "1", "name": user},
    }
    task.execute_complete({"ti": SimpleNamespace(), "task": task}, event)  # type: ignore[typeddict-item]


def test_what_waits_is_asked_about_once(waiting: TestLibrary, run_task: Run, asked: list[dict[str, Any]]) -> None:
    held = story(waiting)
    plan = PlanReviewsOperator(task_id="reviews")
    assert run_task(plan).result == [{"library": "test", "memory": held.memory_id, "inputs": held.inputs_key}]
    with pytest.raises(TaskAwaitingInput):
        ask(held.memory_id, held.inputs_key)
    assert run_task(plan).result == []
    (question,) = asked
    assert question["options"] == ["Approve", "Reject"]
    assert "On this day, 12 June" in question["subject"]
    for _, key, reason in held.items:
        assert key.removeprefix("test/") in question["body"]
        assert reason in question["body"]
    assert f"/albumen/memory-cover?library=test&memory={held.memory_id}" in question["body"]


def test_an_approved_memory_is_published(waiting: TestLibrary, run_task: Run) -> None:
    held = story(waiting)
    answer(held.memory_id, held.inputs_key, "Approve")
    task = PublishMemoryOperator(
        task_id="publish", library="test", memory_id=held.memory_id, changed=MEMORIES, outlets=[emissions("a_dag")]
    )
    ran = run_task(task)
    assert ran.result is True
    assert ran.emitted == [("memories", {"memories": [held.memory_id]})]
    key = feed_key(waiting.library.library_id, date.fromisoformat(DAY))
    feed = json.loads(waiting.store.get(waiting.bucket, key))
    assert [told["id"] for told in feed["stories"]] == [held.memory_id]


def test_unanswered_it_is_left_out_and_the_audit_says_that_nobody_did(waiting: TestLibrary) -> None:
    held = story(waiting)
    task = ReviewMemoryOperator(task_id="ask", library="test", memory_id=held.memory_id)
    assert (task.defaults, task.response_timeout) == (["Reject"], timedelta(hours=48))
    answer(held.memory_id, held.inputs_key, "Reject", user=None)
    assert story(waiting).state == "declined"
    with waiting.connect() as connection:
        (entry,) = audit.recent(connection, most=5)
    assert (entry.by, entry.action) == (review.NOBODY, "leave memory out")


def test_what_no_answer_means_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_MEMORIES__REVIEW_UNANSWERED", "publish")
    monkeypatch.setenv("ALBUMEN_MEMORIES__REVIEW_HOURS", "1")
    task = ReviewMemoryOperator(task_id="ask", library="test", memory_id="0" * 16)
    assert (task.defaults, task.response_timeout) == (["Approve"], timedelta(hours=1))


def test_what_is_gone_answered_or_made_anew_is_not_asked_about(
    waiting: TestLibrary, asked: list[dict[str, Any]]
) -> None:
    held = story(waiting)
    for memory_id, inputs_key in (("0" * 16, ""), (held.memory_id, "another edition")):
        with pytest.raises(DownstreamTasksSkipped):
            ask(memory_id, inputs_key)
    answer(held.memory_id, held.inputs_key, "Approve")
    with pytest.raises(DownstreamTasksSkipped):
        ask(held.memory_id, held.inputs_key)
    assert asked == []


def test_a_withdrawn_memory_is_not_published_by_a_late_answer(waiting: TestLibrary, run_task: Run) -> None:
    held = story(waiting)
    with waiting.connect() as connection:
        memories.withdraw(connection, [held.memory_id])
        connection.commit()
    answer(held.memory_id, held.inputs_key, "Approve")
    task = PublishMemoryOperator(task_id="publish", library="test", memory_id=held.memory_id, changed=MEMORIES)
    assert run_task(task).result is False


def test_names_in_a_question_are_no_markup() -> None:
    hostile = StoredMemory(
        memory_id="0" * 16, kind="k", key="k", told_on=date(2023, 6, 12), title="[a](javascript:alert(1))",
        reason="`x` <img src=x>", strength=1.0, inputs_key="i", page_key="p", state="review", files={}, why={},
        items=[(1, "test/![x](http://elsewhere.test/x).jpg", "*bold*")], videos=0, lent={},
    )  # fmt: skip
    body = review.question(hostile, "test", "test/")
    told = body.partition("\n\n")[2]
    assert "javascript:alert1" in told
    assert not set("<>`") & set(told.replace("- `", "").replace("`: ", ""))
    assert "](http" not in told
