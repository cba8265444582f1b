"""What an owner does with stories decides which are told, says so, and can be switched off."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from albumen.catalog import libraries, memories
from albumen.catalog.memories import StoredMemory
from albumen.cli import app
from albumen.local.home import Home
from albumen.local.seaweed import storage_connection
from albumen.memories import feedback
from albumen.memories.feedback import FeedbackError
from albumen.memories.gathering import outline, taste_of
from albumen.memories.personal import Taste
from albumen.memories.story import Story
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]
DAY = date(2023, 6, 12)


def story(place: TestLibrary) -> StoredMemory:
    with place.connect() as connection:
        (found,) = memories.stored(connection, place.library.library_id)
    return found


def told(place: TestLibrary, signal: str, **arguments: Any) -> None:
    with place.connect() as connection:
        feedback.told(connection, place.library, story(place).memory_id, signal, **arguments)
        connection.commit()


def taste(place: TestLibrary) -> Taste:
    """As it is tomorrow."""
    day = datetime.now(UTC).date() + timedelta(days=1)
    with place.connect() as connection:
        library = libraries.named(connection, "test")
        return taste_of(connection, library, outline(connection, library, day), day)


def test_feedback_counts_is_explained_and_changes_no_story(three_years: TestLibrary, tell: Tell) -> None:
    (before,) = tell(three_years)
    first = story(three_years)
    assert (first.why["personal"], first.why["weights"]) == (0.0, [])
    for signal, kind in (("shared", "on_this_day"), ("skipped", "recap")):
        three_years.execute(
            "INSERT INTO memory_signals (library_id, signal, features, at) "
            "SELECT library_id, :signal, CAST(:features AS jsonb), '2023-06-01' FROM libraries",
            signal=signal, features=json.dumps({f"kind:{kind}": 1}),
        )  # fmt: skip
    (after,) = tell(three_years)
    weighed = story(three_years)
    assert weighed.page_key == first.page_key, "what is told stays as it is"
    assert after.strength > before.strength
    assert weighed.strength == pytest.approx(after.strength)
    assert weighed.why["weights"][0]["feature"] == "stories of the kind on this day"
    three_years.library = set_policy(three_years, personal=False)
    (plain,) = tell(three_years)
    assert plain.strength == before.strength
    assert story(three_years).why["weights"] == []


def set_policy(place: TestLibrary, **values: Any) -> libraries.Library:
    with place.connect() as connection:
        changed = libraries.change(connection, "test", values)
        connection.commit()
    return changed


def test_a_signal_is_kept_with_what_it_is_about(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    item = story(three_years).items[0][0]
    three_years.execute(
        "INSERT INTO scenes (library_id, item_id, model_id, labels, scores) "
        "SELECT library_id, :item, :model, '{dog,grass}', '{0.9,0.5}' FROM libraries "
        "ON CONFLICT (library_id, item_id, model_id) DO UPDATE SET labels = excluded.labels",
        item=item, model=three_years.settings.models.scene,
    )  # fmt: skip
    told(three_years, "less", item_id=item)
    told(three_years, "finished")
    weights = taste(three_years).weights
    assert weights["label:dog"] < 0 < weights["kind:on_this_day"]
    with three_years.connect() as connection:
        memory_id = story(three_years).memory_id
        for wrong, words in (("liked", "no signal 'liked'"), ("less", "does not show item 999999")):
            with pytest.raises(FeedbackError, match=words):
                feedback.told(connection, three_years.library, memory_id, wrong, item_id=999999)
        with pytest.raises(FeedbackError, match="has no memory"):
            feedback.told(connection, three_years.library, "0" * 16, "less")


def test_stars_and_pins_count_and_go_with_the_consent(three_years: TestLibrary, tell: Tell) -> None:
    library_id = three_years.library.library_id
    tell(three_years)
    items = [item for item, _, _ in story(three_years).items][:4]
    for item in items:
        three_years.execute(
            "INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height) "
            "VALUES (:library_id, :item, 0, 'ann', 1, .4, .4, .2, .2)", library_id=library_id, item=item,
        )  # fmt: skip
        three_years.execute("UPDATE facts SET extra = extra || '{\"rating\": 5}' WHERE item_id = :item", item=item)
    assert taste(three_years).weight("person:ann") > 0
    with three_years.connect() as connection:
        feedback.pin(connection, three_years.library, "bob")
        feedback.pin(connection, three_years.library, "bob")
        connection.commit()
    assert taste(three_years).weight("person:bob") == 2.0
    with three_years.connect() as connection:
        assert feedback.unpin(connection, three_years.library, "bob")
        assert not feedback.unpin(connection, three_years.library, "bob")
        feedback.pin(connection, three_years.library, "bob")
        libraries.forget_faces(connection, library_id)
        connection.commit()
    assert not [name for name in taste(three_years).weights if name.startswith("person:")]


def test_the_favourites_are_found_by_their_index(three_years: TestLibrary) -> None:
    three_years.execute("SET enable_seqscan = on")
    with three_years.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        plan = connection.exec_driver_sql(
            "EXPLAIN SELECT item_id FROM facts WHERE library_id = 1 AND extra ->> 'rating' IN ('4', '5') "
            "ORDER BY item_id DESC LIMIT 10"
        ).scalars()
        lines = "\n".join(plan)
    assert "Seq Scan" not in lines
    assert "library_id_item_id_idx" in lines


def test_the_commands(three_years: TestLibrary, tell: Tell, servers: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", three_years.url)
    tell(three_years)
    memory_id = story(three_years).memory_id

    def run(*arguments: str, code: int = 0) -> str:
        outcome = CliRunner().invoke(app, ["memories", *arguments, "--library", "test"])
        assert outcome.exit_code == code, outcome.output
        return outcome.output

    assert "finished" in run("feedback", memory_id, "finished")
    assert "skipped: 2020/1.jpg" in run("feedback", memory_id, "skipped", "--item", "2020/1.jpg")
    assert "no signal 'loved'" in run("feedback", memory_id, "loved", code=1)
    assert "no picture 'test/none.jpg'" in run("feedback", memory_id, "less", "--item", "none.jpg", code=1)
    assert "knows no person 'Ann'" in run("pin", "Ann", code=1)
    words = run("why", memory_id)
    assert "strength 0.725 = 0.725 of the story +0.000 of what its owner likes" in words
    explained = json.loads(run("why", memory_id, "--json"))
    assert {one["key"] for one in explained["items"]} >= {"2020/1.jpg", "2019/0.jpg"}
    assert explained["why"]["impersonal"] == explained["strength"]
    assert "has no memory" in run("why", "0" * 16, code=1)
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_S3", storage_connection(servers))
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", three_years.bucket)
    assert f"{memory_id}  {DAY}  On this day, 12 June" in run("render", "--date", "2023-06-12")
    assert "has no story on 2023-09-01" in run("render", "--date", "2023-09-01")
