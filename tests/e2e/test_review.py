"""A memory that waits for a person, through real Airflow: started by itself, answered over REST or by nobody."""

import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from albumen.catalog import audit, days, engine, libraries, memories
from albumen.local.postgres import server_url
from albumen.storage.layout import feed_key
from albumen.storage.object_store import ObjectMissing
from albumen.testing.photos import a_photo
from albumen.testing.scene import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
DAG = "review_memory"
DAY = "2026-06-12"
NOBODY = "nobody (it was not answered in time)"
DEADLINE = """
    SELECT trigger_timeout - now() FROM task_instance
    WHERE dag_id = 'review_memory' AND run_id = :run AND state = 'awaiting_input'
"""
TWO_DAYS_LATER = """
    UPDATE task_instance SET trigger_timeout = now() - interval '1 second'
    WHERE dag_id = 'review_memory' AND run_id = :run AND state = 'awaiting_input'
"""
"""As if the time to answer had passed: what the scheduler looks for is this column alone."""


class Asked:
    """A library that wants to see its memories first, with one of `DAY` that a person is asked about."""

    def __init__(self, scene, api):
        self.scene, self.api, self.library_id = scene, api, scene.library.library_id
        for year in (2021, 2022, 2023):
            for hour in (9, 11, 13):
                scene.upload(f"{year}/{hour}.jpg", a_photo(f"{year}{hour}", taken=f"{year}:06:12 {hour:02}:00:00"))
        with scene.session.connect() as connection:
            libraries.change(connection, scene.name, {"review": "ask"})
            connection.commit()
        scene.wait_settled(9)
        wait_for(self._organised, "the days to be organised")
        self.generate()
        self.memory = self.story()
        assert self.memory.state == "review"
        self.run = f"review__{self.memory.memory_id}__{self.memory.inputs_key[:8]}"
        wait_for(lambda: api.task(DAG, self.run, "ask")["state"] == "awaiting_input", "the question", 120)

    def _organised(self):
        with self.scene.session.connect() as connection:
            return len(days.counts(connection, self.library_id)) == 3

    def generate(self):
        made = self.api.trigger("generate_memories", {"library": self.scene.name, "as_of": DAY})
        assert self.api.wait("generate_memories", made, 300) == "success"

    def story(self):
        with self.scene.session.connect() as connection:
            found = [one for one in memories.stored(connection, self.library_id) if str(one.told_on) == DAY]
            return found[0] if found else None

    def fed(self):
        """Ids of the stories in the feed of the day, which there is none of before anything is published."""
        session = self.scene.session
        key = feed_key(self.library_id, self.memory.told_on)
        try:
            feed = json.loads(session.store.get(session.settings.library_bucket, key))
        except ObjectMissing:
            return []
        return [one["id"] for one in feed["stories"]]

    def answered(self):
        """Who answered, and what, as the audit has it."""
        with self.scene.session.connect() as connection:
            entries = audit.recent(connection, most=20)
        return [(one.by, one.action) for one in entries if one.details == {"memory": self.memory.memory_id}]


def test_what_a_library_wants_to_see_first_is_published_when_a_person_approves(scene, stack):
    with stack.airflow.api as api:
        asked = Asked(scene, api)
        time.sleep(12)  # as in test_erasure: an answer that comes before the asking process is gone is not taken
        asked.generate()
        api.answer(DAG, asked.run, "ask", "Approve")
        assert api.wait(DAG, asked.run, 120) == "success"
        runs = [one["dag_run_id"] for one in api.runs(DAG) if asked.memory.memory_id in one["dag_run_id"]]
    assert runs == [asked.run]
    assert asked.story().state == "published"
    assert asked.fed() == [asked.memory.memory_id]
    assert asked.answered() == [("admin", "publish memory")]


@pytest.mark.slow
def test_a_question_that_nobody_answers_in_time_leaves_the_memory_out(scene, stack):
    secrets = stack.home.secrets
    airflow = server_url(stack.home, "airflow", secrets["airflow_db_password"], "airflow")
    with stack.airflow.api as api:
        asked = Asked(scene, api)
        with engine.connect(airflow) as connection:
            (left,) = connection.execute(text(DEADLINE), {"run": asked.run}).scalars()
            assert timedelta(hours=47) < left <= timedelta(hours=48), "memories.review_hours"
            connection.execute(text(TWO_DAYS_LATER), {"run": asked.run})
            connection.commit()
        assert api.wait(DAG, asked.run, 180) == "success"
        assert api.task(DAG, asked.run, "publish")["state"] == "skipped"
        asked.generate()
    assert asked.story().state == "declined", "and it is not asked about again that day"
    assert asked.answered() == [(NOBODY, "leave memory out")]
    assert asked.fed() == []
