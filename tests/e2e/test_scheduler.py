"""The main job through real Airflow processes, and what happens when they are hurt."""

import contextlib
import os
import signal
import time
from datetime import date

import psutil
import pytest
from sqlalchemy import text

from albumen.catalog import days, memories
from albumen.local import processes
from albumen.testing.photos import a_photo
from albumen.testing.scene import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
CHILD = "albumen.pipeline.sandbox_child"


def has_ended(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def rows(session, statement, **parameters):
    with session.connect() as connection:
        return connection.execute(text(statement), parameters).mappings().all()


def test_uploads_become_accounted_items_and_a_memory(scene, stack):
    for year in (2021, 2022, 2023):
        for hour in (9, 11, 13):
            scene.upload(f"{year}/{hour}.jpg", a_photo(f"{year}{hour}", taken=f"{year}:06:12 {hour:02}:00:00"))
    scene.upload("copy of 9.jpg", a_photo("20219", taken="2021:06:12 09:00:00"))
    scene.upload("broken.jpg", a_photo("broken")[:4000])
    scene.upload("notes.txt", b"milk, eggs")
    scene.wait_settled(12)
    records = scene.records()
    assert {key: record["state"] for key, record in records.items() if record["state"] != "done"} == {
        "broken.jpg": "quarantined",
        "notes.txt": "skipped",
    }
    assert sum(record["duplicate_of"] is not None for record in records.values()) == 1
    assert {rendition["name"] for rendition in records["2021/9.jpg"]["renditions"]} == {"thumb", "preview"}
    assert records["2021/9.jpg"]["quality"] is not None

    def organised():
        with scene.session.connect() as connection:
            return len(days.counts(connection, scene.library.library_id)) == 3

    wait_for(organised, "the days to be organised")
    with stack.airflow.api as api:
        run = api.trigger("generate_memories", {"library": scene.name, "as_of": "2026-06-12"})
        assert api.wait("generate_memories", run, 300) == "success"
    with scene.session.connect() as connection:
        (memory,) = [m for m in memories.stored(connection, scene.library.library_id) if m.told_on == date(2026, 6, 12)]
    assert len(memory.items) == 9
    page = scene.session.store.get(scene.session.settings.library_bucket, memory.page_key)
    assert page.lower().startswith(b"<!doctype html>")


def test_a_task_killed_in_the_middle_of_its_shard_loses_nothing(scene, stack):
    photos = 120
    for number in range(photos):
        scene.upload(f"{number:03}.jpg", a_photo(f"k{number}", size=(3000, 2000)))
    ours = psutil.Process(processes.find(stack.home.run, "scheduler").pid)

    def a_task_at_work():
        done = rows(scene.session, "SELECT count(*) AS n FROM items WHERE library_id = :l", l=scene.library.library_id)
        for process in ours.children(recursive=True) if done[0]["n"] else ():
            with contextlib.suppress(psutil.NoSuchProcess):  # tasks of other runs end while we look
                if CHILD in " ".join(process.cmdline()):
                    return process.ppid(), process
        return None

    task, child = wait_for(a_task_at_work, "a task to be in the middle of a shard")
    os.kill(task, signal.SIGKILL)
    killed = time.monotonic()
    wait_for(lambda: has_ended(child), "its child to die", 20)
    scene.wait_settled(photos)
    print(f"\nall {photos} ended {time.monotonic() - killed:.0f} s after the kill")
    assert {record["state"] for record in scene.records().values()} == {"done"}
    taken_over = rows(
        scene.session,
        "SELECT max(generation) AS generation FROM shards WHERE library_id = :l AND pass_name = 'original'",
        l=scene.library.library_id,
    )
    assert taken_over[0]["generation"] >= 2
    twice = rows(
        scene.session,
        "SELECT subject_id FROM outcome_history WHERE library_id = :l AND step = 'renditions' AND state = 'done' "
        "GROUP BY 1 HAVING count(*) > 1",
        l=scene.library.library_id,
    )
    assert twice == []


def test_clearing_a_finished_task_changes_nothing(scene, stack):
    scene.upload("one.jpg", a_photo("one"))
    scene.wait_settled(1)
    claim = rows(
        scene.session,
        "SELECT claim FROM shards WHERE library_id = :l AND pass_name = 'original'",
        l=scene.library.library_id,
    )[0]["claim"]
    dag_id, rest = claim.split("/", 1)
    run_id = rest.rsplit("/", 2)[0]
    before = scene.records()
    with stack.airflow.api as api:
        wait_for(lambda: api.run(dag_id, run_id)["state"] == "success", "the run to end")
        api.clear(dag_id, run_id, "process")
        assert api.wait(dag_id, run_id, 300) == "success"
    history = rows(
        scene.session,
        "SELECT count(*) AS n FROM outcome_history WHERE library_id = :l AND step = 'renditions'",
        l=scene.library.library_id,
    )
    assert history[0]["n"] == 1
    assert scene.records() == before
