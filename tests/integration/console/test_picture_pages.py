"""Pages of many pictures: the shelf by date, hits of a search, the map."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from albumen.catalog import map_cells, shelf
from albumen.console import media

ITEM = """
    INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
    SELECT 1, n, sha256(CAST(CAST(n AS text) AS bytea)), 1, 'photo', 'image/jpeg'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n
"""
FACTS = """
    INSERT INTO facts (library_id, item_id, original_id, taken_local, taken_confidence)
    SELECT 1, n, n, timestamp '2019-07-31 12:00' - interval '1 hour' * (n - CAST(:first AS bigint)), 'low'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n
"""


def many(library: Any, first: int, last: int) -> None:
    for statement in (ITEM, FACTS, "INSERT INTO dirty_days SELECT DISTINCT 1, CAST(taken_local AS date) FROM facts"):
        library.execute(statement, **({"first": first, "last": last} if ":first" in statement else {}))
    library.organise()


def test_the_shelf_counts_every_month_and_gives_any_stretch_of_it(operator: Any, library: Any) -> None:
    many(library, 1001, 1800)
    with library.connect() as connection:
        assert [(one.first.isoformat(), one.items) for one in shelf.months(connection, 1) if one.first] == [
            ("2019-07-01", 733), ("2019-06-01", 67),
        ]  # fmt: skip
    page = operator.get("/albumen/library?library=test&day=2019-06-30").text
    assert "2019-07 (733)" in page
    assert 'data-day="2019-06-30"' in page
    seen = []
    for first in range(0, 733, 200):
        seen += operator.get(f"/albumen/library-items?library=test&month=2019-07&first={first}").json()
    assert [one["id"] for one in seen] == list(range(1001, 1734))
    assert seen[0]["taken"] == "2019-07-31 12:00"


def test_what_has_no_date_stands_at_the_end(operator: Any, library: Any) -> None:
    many(library, 1001, 1002)
    library.execute("UPDATE facts SET taken_local = NULL WHERE item_id = 1002")
    library.execute("INSERT INTO dirty_days VALUES (1, '2019-07-31') ON CONFLICT DO NOTHING")
    library.organise()
    with library.connect() as connection:
        assert [(one.first is None, one.items) for one in shelf.months(connection, 1)] == [(False, 1), (True, 1)]
    (undated,) = operator.get("/albumen/library-items?library=test").json()
    assert (undated["id"], undated["taken"]) == (1002, "")


def test_thumbs_come_by_links_that_are_one_persons_and_expire(
    operator: Any, viewer: Any, photos: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (item, *_) = operator.get("/albumen/library-items?library=test&month=2020-05").json()
    assert operator.get(f"/albumen/{item['thumb']}").headers["content-type"] == "image/webp"
    assert viewer.get(f"/albumen/{item['thumb']}").status_code == 403
    monkeypatch.setattr(media, "LINK_SECONDS", -1)
    assert operator.get(f"/albumen/{item['thumb']}").status_code == 403


@pytest.mark.parametrize("query", ["month=2019-13", "month=x", "first=-1", "most=100000", "month=2019-07'--"])
def test_an_impossible_stretch_is_refused(operator: Any, library: Any, query: str) -> None:
    assert operator.get(f"/albumen/library-items?library=test&{query}").status_code == 422


def test_hits_are_shown_with_their_reasons(operator: Any, photos: Any) -> None:
    photos.execute("UPDATE originals SET key = 'test/2020/<i>dog</i>.jpg' WHERE key = 'test/2020/1.jpg'")
    photos.execute("INSERT INTO dirty_items SELECT library_id, item_id FROM items ON CONFLICT DO NOTHING")
    photos.organise()
    page = operator.get("/albumen/search?library=test&asked=dog&since=2020-01-01").text
    assert "&lt;i&gt;dog" in page
    assert "its name or folder says so" in page
    assert "taken on 2020-05-01" in page
    assert "Nothing fits" in operator.get("/albumen/search?library=test&asked=dog&until=2019-12-31").text
    assert "Nothing fits" in operator.get("/albumen/search?library=test&asked=dog&kind=receipt").text
    assert operator.get("/albumen/search?library=test&asked=dog&since=&until=").status_code == 200


@pytest.mark.parametrize(
    "asked", ["'; DROP TABLE items; --", "x" * 500, "🏖️", "(((", "%00", "<script>alert(1)</script>"]
)
def test_a_search_for_nonsense_is_answered(operator: Any, library: Any, asked: str) -> None:
    answer = operator.get("/albumen/search", params={"library": "test", "asked": asked})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_the_map_gathers_photos_by_cells_and_tells_the_days(operator: Any, library: Any) -> None:
    library.execute(
        "INSERT INTO visits VALUES (1, '2020-05-01', 4332, -198, 43.32, -1.98, 5, now(), now()),"
        " (1, '2020-05-02', 4332, -199, 43.325, -1.985, 2, now(), now()),"
        " (1, '2021-01-01', -1800, 17999, -18.0, 179.99, 1, now(), now())"
    )
    with library.connect() as connection:
        map_cells.count(connection, 1, [date(2020, 5, 1), date(2020, 5, 2), date(2021, 1, 1)])
        connection.commit()
    found = operator.get("/albumen/map-clusters?library=test&size=1").json()
    assert [(one["photos"], one["days"]) for one in found] == [(7, 2), (1, 1)]
    near = operator.get("/albumen/map-clusters?library=test&size=1&south=-20&north=-10&west=170&east=180").json()
    assert [one["lon"] for one in near] == [179.99]
    days = operator.get("/albumen/map-days?library=test&lat=43.3&lon=-1.9&size=1").json()
    assert [one["day"] for one in days] == ["2020-05-02", "2020-05-01"]
    towns = operator.get("/albumen/map-towns?south=43&north=44&west=-3&east=-1").json()
    assert "Bilbao" in [name for name, *_ in towns[:3]]
    for bad in ("size=0", "size=1&south=100", "size=1&west=x"):
        assert operator.get(f"/albumen/map-clusters?library=test&{bad}").status_code == 422
