"""Another team's DAG, from a bundle of its own, through a real scheduler and triggerer."""

import pytest

from albumen.testing.photos import a_photo
from albumen.testing.scene import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
DAG = "nightly_library_report"


def instance(api, run, task):
    return api._request("GET", f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances/{task}")


def returned(api, run, task):
    path = f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value?deserialize=true"
    return api._request("GET", path)["value"]


def test_a_report_waits_for_the_upload_and_the_work(scene, stack):
    photos = 5
    for number in range(photos):
        scene.upload(f"{number}.jpg", a_photo(f"r{number}"))
    scene.upload("broken.jpg", a_photo("broken")[:4000])
    with stack.airflow.api as api:
        wait_for(lambda: DAG in api.dags(), "the DAG of the second bundle to be parsed")
        conf = {"library": scene.name, "quiet_minutes": 0.4, "most_percent": 50}
        run = api.trigger(DAG, conf)
        wait_for(lambda: instance(api, run, "settled")["state"] == "deferred", "the wait to be the triggerer's")
        scene.upload("late.jpg", a_photo("late"))
        assert api.wait(DAG, run, 300) == "success"
        assert returned(api, run, "settled")["objects"] == photos + 2
        report = returned(api, run, "report")
        assert (report["library"], report["originals"], report["stale_renditions"]) == (scene.name, photos + 2, 0)
        assert report["quarantined_percent"] == pytest.approx(100 / (photos + 2), abs=0.01)
        assert {record["state"] for record in scene.records().values()} == {"done", "quarantined"}

        strict = api.trigger(DAG, {**conf, "quiet_minutes": 0, "most_percent": 1})
        assert api.wait(DAG, strict, 300) == "failed"
        assert instance(api, strict, "healthy")["state"] == "failed"
        assert instance(api, strict, "healthy")["try_number"] == 1, "trying again would change nothing"
        assert instance(api, strict, "report")["state"] == "upstream_failed"
