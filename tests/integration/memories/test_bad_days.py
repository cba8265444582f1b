"""Bad days of a library in the real catalog and store: screenshots, a kill, an erasure, another machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from albumen.catalog import erasures, memories
from albumen.catalog.erasures import Selection
from albumen.local.home import Home
from albumen.local.seaweed import storage_connection
from albumen.memories.story import Story
from albumen.pipeline import erasing
from albumen.storage.layout import feed_key
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]
DAY = date(2023, 6, 12)

GENERATE = """
import os, signal, sys
from datetime import date
from albumen.catalog import engine, libraries
from albumen.memories import generating
from albumen.memories.publishers.page import PagePublisher
from albumen.settings import Settings
from albumen.storage import connections
from albumen.storage.object_store import ObjectStore

url, bucket, where = sys.argv[1:]
store = ObjectStore(connections.from_environment("albumen_s3", os.environ, check_etags=True))
put, puts = store.put, []

def put_and_die(*arguments, **options):
    puts.append(put(*arguments, **options))
    if len(puts) == int(where):
        os.kill(os.getpid(), signal.SIGKILL)

if where != "0":
    store.put = put_and_die
with engine.connect(url) as connection:
    library = libraries.named(connection, "test")
settings = Settings(library_bucket=bucket)
told = generating.generate(lambda: engine.connect(url), store, library, date(2023, 6, 12), settings, seed=1)
print(len(told))
"""


def elsewhere(place: TestLibrary, servers: Home, *, die_at: int = 0, **environment: str) -> int:
    """Make the memories in a process of its own, which is killed after so many files; its exit code."""
    known = {
        **os.environ, "AIRFLOW_CONN_ALBUMEN_S3": storage_connection(servers), "ALBUMEN_MEMORIES__LINK_HOURS": "0",
    } | environment  # fmt: skip
    command = [sys.executable, "-c", GENERATE, place.url, place.bucket, str(die_at)]
    return subprocess.run(command, env=known, capture_output=True, timeout=120, check=False).returncode


def written(place: TestLibrary) -> dict[str, bytes]:
    """All files of memories and feeds, by key."""
    found = [one.key for one in place.store.list_all(place.bucket, "") if one.key.startswith(("memories/", "feeds/"))]
    return {key: place.store.get(place.bucket, key) for key in found}


def rows(place: TestLibrary) -> list[Any]:
    with place.connect() as connection:
        return memories.stored(connection, place.library.library_id)


def feed(place: TestLibrary) -> Any:
    return json.loads(place.store.get(place.bucket, feed_key(place.library.library_id, DAY)))


@pytest.mark.parametrize("die_at", [1, 4])
def test_killed_in_the_middle_nothing_half_made_is_told_and_the_next_run_tells_the_same(
    three_years: TestLibrary, servers: Home, die_at: int
) -> None:
    assert elsewhere(three_years, servers, die_at=die_at) == -signal.SIGKILL
    assert rows(three_years) == []
    assert not [key for key in written(three_years) if key.startswith("feeds/")]
    assert elsewhere(three_years, servers) == 0
    first = written(three_years)
    assert len(rows(three_years)) == 1
    three_years.execute("DELETE FROM memories")
    three_years.store.delete_many(three_years.bucket, list(first))
    assert elsewhere(three_years, servers) == 0
    assert written(three_years) == first, "as if nobody had been killed"


def test_another_machines_zone_and_language_change_no_byte(three_years: TestLibrary, servers: Home) -> None:
    assert elsewhere(three_years, servers, TZ="Europe/Madrid", LC_ALL="C") == 0
    first = written(three_years)
    assert {key.rpartition(".")[2] for key in first} == {"html", "json", "jpg"}
    three_years.execute("DELETE FROM memories")
    three_years.store.delete_many(three_years.bucket, list(first))
    assert elsewhere(three_years, servers, TZ="Pacific/Kiritimati", LC_ALL="tr_TR.UTF-8", PYTHONHASHSEED="7") == 0
    assert written(three_years) == first


def test_two_in_five_are_screenshots_and_none_of_them_is_told(three_years: TestLibrary, tell: Tell) -> None:
    screens = {row.item_id for row in three_years.query("SELECT item_id FROM items ORDER BY item_id LIMIT 4")}
    three_years.execute(
        "INSERT INTO picture_kinds (library_id, item_id, kind, score) "
        "SELECT library_id, item_id, 'screenshot', 1 FROM items WHERE item_id = ANY(:items) "
        "ON CONFLICT (library_id, item_id) DO UPDATE SET kind = excluded.kind",
        items=sorted(screens),
    )
    (story,) = tell(three_years)
    assert len(story.items) == 5
    assert screens.isdisjoint(item.photo.item_id for item in story.items)


def test_what_is_erased_after_publishing_is_out_of_story_feed_and_bucket(three_years: TestLibrary, tell: Tell) -> None:
    (story,) = tell(three_years)
    gone = story.items[0].photo
    with three_years.connect() as connection:
        selection = Selection(keys=(gone.key,))
        erasure_id = erasures.create(
            connection, three_years.library, selection, claim="", requested_by="ann", reason="asked"
        )
        erasures.approve(connection, erasure_id, by="bob")
        connection.commit()
    place = erasing.Workplace(three_years.connect, three_years.store, three_years.store, three_years.settings)
    while erasing.run(erasure_id, place, task="dag/run/erase/-1/1"):
        pass
    assert rows(three_years) == []
    assert written(three_years) == {}
    (anew,) = tell(three_years)
    assert gone.item_id not in {item.photo.item_id for item in anew.items}
    assert [told["pictures"] for told in feed(three_years)["stories"]] == [8]


def test_late_photos_refresh_only_what_they_change(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    before = written(three_years)
    tell(three_years)
    assert {key for key in written(three_years) if key not in before} == set()
    assert tell(three_years, date(2023, 9, 1)) == [], "an empty day"
    assert {key: data for key, data in written(three_years).items() if "memories/" in key} == {
        key: data for key, data in before.items() if "memories/" in key
    }
