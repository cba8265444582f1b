"""A memory that waits for a person, through real Airflow processes: started by itself, answered over the REST API."""

import json
import time

import pytest

from albumen.catalog import audit, days, libraries, memories
from albumen.storage.layout import feed_key
from albumen.testing.photos import a_photo
from albumen.testing.scene import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
DAG = "review_memory"
DAY = "2026-06-12"


def test_what_a_library_wants_to_see_first_is_published_when_a_person_approves(scene, stack):
    for year in (2021, 2022, 2023):
        for hour in (9, 11, 13):
            scene.upload(f"{year}/{hour}.jpg", a_photo(f"{year}{hour}", taken=f"{year}:06:12 {hour:02}:00:00"))
    with scene.session.connect() as connection:
        libraries.change(connection, scene.name, {"review": "ask"})
        connection.commit()
    scene.wait_settled(9)
    library_id = scene.library.library_id

    def organised():
        with scene.session.connect() as connection:
            return len(days.counts(connection, library_id)) == 3

    def story():
        with scene.session.connect() as connection:
            found = [one for one in memories.stored(connection, library_id) if str(one.told_on) == DAY]
            return found[0] if found else None

    wait_for(organised, "the days to be organised")
    with stack.airflow.api as api:
        made = api.trigger("generate_memories", {"library": scene.name, "as_of": DAY})
        assert api.wait("generate_memories", made, 300) == "success"
        held = story()
        assert held.state == "review"
        run = f"review__{held.memory_id}__{held.inputs_key[:8]}"
        wait_for(lambda: api.task(DAG, run, "ask")["state"] == "awaiting_input", "the question", 120)
        time.sleep(12)  # as in test_erasure: an answer that comes before the asking process is gone is not taken
        again = api.trigger("generate_memories", {"library": scene.name, "as_of": DAY})
        assert api.wait("generate_memories", again, 300) == "success"
        api.answer(DAG, run, "ask", "Approve")
        assert api.wait(DAG, run, 120) == "success"
        asked = [one["dag_run_id"] for one in api.runs(DAG) if held.memory_id in one["dag_run_id"]]
    assert asked == [run]
    assert story().state == "published"
    feed = json.loads(
        scene.session.store.get(scene.session.settings.library_bucket, feed_key(library_id, held.told_on))
    )
    assert [one["id"] for one in feed["stories"]] == [held.memory_id]
    with scene.session.connect() as connection:
        (entry,) = [one for one in audit.recent(connection, most=20) if one.details == {"memory": held.memory_id}]
    assert (entry.by, entry.action) == ("admin", "publish memory")
