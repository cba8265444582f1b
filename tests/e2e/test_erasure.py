"""Erasing through real Airflow processes: a person answers over the REST API."""

import json
import time

import pytest

from albumen.catalog import erasures
from albumen.catalog.erasures import Phase
from albumen.local.seaweed import SOURCE_BUCKET
from albumen.testing.photos import a_photo
from albumen.testing.scene import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
DAG = "erase_content"


def wait_for_questions(api, *runs):
    """Wait until all are put, and as long as a person takes at least.

    Airflow takes an answer that comes before the end of the asking process is noticed (up to
    `socket_cleanup_timeout`) for a failure of the task, and asks again.
    """
    for run in runs:
        wait_for(lambda run=run: api.task(DAG, run, "approve")["state"] == "awaiting_input", "the question", 60)
    time.sleep(12)


def stored(scene):
    prefix = f"renditions/{scene.library.library_id}/"
    return [listed.key for listed in scene.session.store.list_all(scene.session.settings.library_bucket, prefix)]


def requests(scene):
    with scene.session.connect() as connection:
        return erasures.listed(connection, library=scene.name)


def test_what_a_person_approves_is_erased_and_what_nobody_answers_blocks_nothing(scene, stack):
    for name in ("one", "two"):
        scene.upload(f"{name}.jpg", a_photo(f"erase {name}"))
    scene.upload("copy.jpg", a_photo("erase one"))
    scene.wait_settled(3)
    form = {"library": scene.name, "dry_run": False}
    with stack.airflow.api as api:
        unanswered = api.trigger(DAG, {**form, "keys": ["two.jpg"]})
        dry = api.trigger(DAG, {"library": scene.name, "whole_library": True})
        named = api.trigger(DAG, {**form, "keys": ["one.jpg"], "reason": "a wish"})
        whole = api.trigger(DAG, {**form, "whole_library": True})
        assert api.wait(DAG, dry, 120) == "success"
        wait_for_questions(api, unanswered, named, whole)
        api.answer(DAG, named, "approve", "Approve", library_name="")
        api.answer(DAG, whole, "approve", "Reject", library_name="")
        assert [api.wait(DAG, run, 120) for run in (named, whole)] == ["success", "success"]
        assert api.run(DAG, unanswered)["state"] == "running"
        api.answer(DAG, unanswered, "approve", "Reject", library_name="")
        assert api.wait(DAG, unanswered, 120) == "success"
    by_phase = {one.phase: one for one in requests(scene)}
    assert len(requests(scene)) == 3
    assert by_phase.keys() == {Phase.FINISHED, Phase.REJECTED}
    done = by_phase[Phase.FINISHED]
    assert (done.requested_by, done.approved_by, done.reason) == ("admin", "admin", "a wish")
    assert {key: (record["state"], record["reason"]) for key, record in scene.records().items()} == {
        "one.jpg": ("skipped", "erased"),
        "copy.jpg": ("skipped", "erased"),
        "two.jpg": ("done", None),
    }
    assert len(stored(scene)) == 2
    scene.upload("copy of the copy.jpg", a_photo("erase one"))
    scene.wait_settled(4)
    assert scene.records()["copy of the copy.jpg"]["reason"] == "erased"
    assert len(stored(scene)) == 2


def test_a_whole_library_goes_when_its_name_is_typed(scene, stack):
    scene.upload("one.jpg", a_photo("whole one"))
    scene.wait_settled(1)
    with stack.airflow.api as api:
        run = api.trigger(DAG, {"library": scene.name, "whole_library": True, "dry_run": False})
        wait_for_questions(api, run)
        api.answer(DAG, run, "approve", "Approve", library_name=scene.name)
        assert api.wait(DAG, run, 120) == "success"
    (done,) = requests(scene)
    assert done.phase is Phase.FINISHED
    assert scene.records() == {}
    assert stored(scene) == []
    bucket = scene.session.settings.library_bucket
    (line,) = scene.session.store.get(bucket, done.receipt["keys_object"]).decode().splitlines()
    assert scene.session.store.head(SOURCE_BUCKET, json.loads(line)["key"]).size > 0
