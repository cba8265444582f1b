from datetime import UTC, datetime

import pytest

from albumen.catalog import engine, history

pytestmark = pytest.mark.stack


def keep_room(url, year, month, *, keep_days=400):
    with engine.connect(url) as connection:
        changed = history.keep_room(connection, datetime(year, month, 15, tzinfo=UTC), keep_days=keep_days)
        connection.commit()
    return changed


def test_room_is_made_for_this_month_and_the_next_once(catalog):
    assert keep_room(catalog, 2026, 12) == ["+outcome_history_2026_12", "+outcome_history_2027_01"]
    assert keep_room(catalog, 2026, 12) == []


def test_a_month_past_its_retention_goes_and_one_within_it_stays(catalog):
    keep_room(catalog, 2026, 1)
    assert keep_room(catalog, 2026, 3, keep_days=30) == [
        "+outcome_history_2026_03",
        "+outcome_history_2026_04",
        "-outcome_history_2026_01",
    ]
