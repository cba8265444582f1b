"""What pictures show, from a bucket to the catalog's questions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from albumen.catalog import embeddings, models_in_use, scenes
from albumen.settings import ModelSettings
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo
from albumen.vision.weights import WeightsError

pytestmark = pytest.mark.stack


@pytest.fixture
def filled(library: TestLibrary) -> TestLibrary:
    for number in range(3):
        library.put(f"{number}.jpg", a_photo(number))
    library.discover()
    library.work()
    return library


def test_every_photo_has_labels_and_points_of_the_models_in_use(filled: TestLibrary) -> None:
    with filled.connect() as connection:
        ids = models_in_use.model_ids(connection)
        items = [row.item_id for row in filled.query("SELECT item_id FROM items ORDER BY 1")]
        number = filled.library.library_id
        assert scenes.labels(connection, number, items, model_id=ids["scene"]).keys() == set(items)
        for capability, dimensions in (("scene", 1280), ("text_space", 384)):
            points = embeddings.vectors(connection, number, items, model_id=ids[capability])
            assert points.keys() == set(items)
            for point in points.values():
                assert point.shape == (dimensions,)
                assert float(np.linalg.norm(point)) == pytest.approx(1, abs=1e-3)
        assert all(isinstance(record["labels"], list) for record in filled.records().values())


def test_the_nearest_item_to_a_point_is_its_own_and_retired_ones_are_not_near(filled: TestLibrary) -> None:
    with filled.connect() as connection:
        model, number = models_in_use.model_ids(connection)["scene"], filled.library.library_id
        items = [row.item_id for row in filled.query("SELECT item_id FROM items ORDER BY 1")]
        points = embeddings.vectors(connection, number, items, model_id=model)
        for item, point in points.items():
            first, *others = embeddings.nearest(connection, number, point, model_id=model, most=9)
            assert first.item_id == item
            assert first.cosine == pytest.approx(1, abs=2e-3)
            assert {other.item_id for other in others} == set(items) - {item}
        assert embeddings.nearest(connection, number + 1, point, model_id=model, most=9) == []
    filled.execute("UPDATE items SET retired_at = now() WHERE item_id = :item", item=items[0])
    with filled.connect() as connection:
        near = embeddings.nearest(connection, number, points[items[0]], model_id=model, most=9)
    assert {one.item_id for one in near} == set(items[1:])


def test_what_another_model_said_stands_beside_it(filled: TestLibrary) -> None:
    filled.execute("INSERT INTO scenes SELECT library_id, item_id, 'other', '{sea}', '{0.9}' FROM items")
    filled.execute(
        "INSERT INTO due (library_id, subject_id, step, subject_kind, lane) "
        "SELECT library_id, item_id, 'scene', 'i', 0 FROM items"
    )
    filled.work("preview")
    counts = filled.query("SELECT model_id, count(*) AS n FROM scenes GROUP BY 1 ORDER BY 1")
    assert [(row.model_id, row.n) for row in counts] == [("efficientnet-lite2", 3), ("other", 3)]
    with filled.connect() as connection:
        number = filled.library.library_id
        assert len(scenes.showing(connection, number, "sea", model_id="other", most=9)) == 3
        assert scenes.showing(connection, number, "sea", model_id="efficientnet-lite2", most=9) == []


def test_the_id_of_a_model_is_no_place_for_sql(filled: TestLibrary) -> None:
    with filled.connect() as connection, pytest.raises(ValueError, match="no model id"):
        embeddings.nearest(connection, 1, np.ones(3, np.float32), model_id="x' OR '1'='1", most=1)


def test_missing_weights_cost_only_their_own_step(library: TestLibrary, tmp_path: Path) -> None:
    library.put("a.jpg", a_photo(1))
    library.discover()
    library.work("original")
    library.settings.models = ModelSettings(directory=str(tmp_path))
    with pytest.raises(WeightsError, match="albumen models fetch"):
        library.work("preview")
    steps = library.records()["a.jpg"]["steps"]
    assert {name: steps[name]["state"] for name in ("quality", "likeness", "scene")} == {
        "quality": "done",
        "likeness": "done",
        "scene": "leased",
    }
    library.execute("UPDATE shards SET leased_until = now() WHERE finished_at IS NULL")
    library.settings.models = ModelSettings()
    library.work("preview")
    assert library.records()["a.jpg"]["steps"]["scene"]["state"] == "done"


def test_a_switch_changes_which_rows_count_and_another_one_goes_back(filled: TestLibrary) -> None:
    filled.execute("INSERT INTO scenes SELECT library_id, item_id, 'efficientnet-lite0', '{sea}', '{0.9}' FROM items")
    filled.execute("INSERT INTO embeddings SELECT library_id, item_id, 'efficientnet-lite0', '[1,0]' FROM items")
    with filled.connect() as connection:
        assert models_in_use.coverage(connection, "efficientnet-lite0") == models_in_use.Coverage(3, 3)
        assert models_in_use.coverage(connection, "efficientnet-lite1") == models_in_use.Coverage(3, 0)
        before = models_in_use.switch(connection, scene="efficientnet-lite0", text_space="efficientnet-lite0.x")
        connection.commit()
    assert before == {"scene": ModelSettings().scene, "text_space": ModelSettings().text_space}
    assert {record["labels"][0]["name"] for record in filled.records().values()} == {"sea"}
    with filled.connect() as connection:
        models_in_use.switch(connection, **before)
        connection.commit()
        assert models_in_use.model_ids(connection) == before
    assert all(label["name"] != "sea" for record in filled.records().values() for label in record["labels"])


def test_a_models_points_are_indexed_once_and_a_search_among_them_finds_what_it_is_asked_for(
    filled: TestLibrary,
) -> None:
    named = "SELECT indexname FROM pg_indexes WHERE tablename = 'embeddings' AND indexdef LIKE '%hnsw%' ORDER BY 1"
    chosen = ModelSettings()
    with filled.connect() as connection:
        assert embeddings.finds_itself(connection, "nobody") is None
        assert not embeddings.index(connection, "nobody")
        for model_id in (chosen.scene, chosen.text_space, chosen.scene):
            assert embeddings.index(connection, model_id)
            assert embeddings.finds_itself(connection, model_id)
        with pytest.raises(ValueError, match="no model id"):
            embeddings.index(connection, "x'; DROP TABLE items; --")
        connection.execute(text("UPDATE items SET retired_at = now()"))
        assert embeddings.finds_itself(connection, chosen.scene) is None
        connection.rollback()
    assert [name for (name,) in filled.query(named)] == ["embeddings_by_text_space"]
