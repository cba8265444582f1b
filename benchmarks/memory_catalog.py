"""Libraries of simulated rows as memories see them: one of any size, and one life with stories planted in it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import days, highlights, models_in_use
from albumen.catalog import engine as engines
from albumen.organise.organising import DAYS_AT_ONCE

FILL = (
    "INSERT INTO libraries (name, bucket, home_zone, consents) VALUES ('bench', 'bench', 'Europe/Zagreb', '{faces}')",
    """INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
       SELECT 1, n, sha256(CAST(CAST(n AS text) AS bytea)), 3000000, 'photo', 'image/jpeg'
       FROM generate_series(1, :n) n""",
    """INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id)
       SELECT 1, 'bench', 'IMG_' || n || '.jpg', n, 'e', 3000000, now(), n FROM generate_series(1, :n) n""",
    """INSERT INTO facts (library_id, item_id, original_id, width, height, taken_local, taken_confidence, gps_lat,
           gps_lon, make, model)
       SELECT 1, n, n, 4000, 3000, timestamp '2001-01-01' + interval '1 second' * floor(n * 788400000.0 / :n), 'high',
           45.8 + 0.01 * (n % 7), 15.97, 'Bench', 'One' FROM generate_series(1, :n) n""",
    """INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes)
       SELECT 1, n, name, 'renditions/1/' || n || '/' || name, 'image/jpeg', 1920, 1440, 300000
       FROM generate_series(1, :n) n, unnest(ARRAY['preview', 'thumb']) name""",
    "INSERT INTO quality SELECT 1, n, 0.4 + 0.6 * random(), 0.5, 0.5, 0.5 FROM generate_series(1, :n) n",
    """INSERT INTO likenesses (library_id, item_id, phash)
       SELECT 1, n, hashint8extended(n, 7) FROM generate_series(1, :n) n""",
    """INSERT INTO placeholders (library_id, item_id, thumbhash, dominant, frames)
       SELECT 1, n, '\\x00', '#123456', 1 FROM generate_series(1, :n) n""",
    """INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height)
       SELECT 1, n, 0, 'p' || n % 40, 1, 0.4, 0.3, 0.2, 0.2 FROM generate_series(1, :n) n WHERE n % 3 = 0""",
    """INSERT INTO people (library_id, person_id, name, faces)
       SELECT 1, 'p' || p, 'Person ' || p, 100 FROM generate_series(0, 39) p""",
    """INSERT INTO scenes (library_id, item_id, model_id, labels, scores)
       SELECT 1, n, :scene, ARRAY['thing ' || n % 90], ARRAY[0.9] FROM generate_series(1, :n) n""",
    """INSERT INTO places SELECT 1, 'place' || p, 'Town ' || p, 'Region', 'Croatia', 'HR', 45, 15
       FROM generate_series(0, 99) p""",
    """INSERT INTO item_places (library_id, item_id, lat, lon, place_id, inferred)
       SELECT 1, n, 45, 15, 'place' || n % 100, false FROM generate_series(1, :n) n""",
    """INSERT INTO trips (library_id, trip_id, starts_at, ends_at, first_day, last_day, days, photos, farthest_km)
       SELECT 1, 't' || t, d, d + 6, d, d + 6, 7, 50, 200
       FROM (SELECT t, date '2001-03-01' + t * 60 AS d FROM generate_series(0, 140) t) AS made""",
    """INSERT INTO item_events (library_id, item_id, trip_id)
       SELECT 1, item_id, t.trip_id FROM facts JOIN trips t
       ON CAST(taken_local AS date) BETWEEN t.first_day AND t.last_day""",
)

TAKEN_ON = "SELECT DISTINCT CAST(taken_local AS date) FROM facts ORDER BY 1"


def fill(url: str, items: int) -> None:
    """Twenty-five years of photos, the same number on every day, with people, places, labels and 141 trips."""
    with engines.engine(url).connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        known = {"n": items, "scene": models_in_use.model_ids(connection)[models_in_use.SCENE]}
        for statement in FILL:
            connection.execute(text(statement), {name: known[name] for name in known if f":{name}" in statement})
        connection.commit()
    analyze(url)
    with engines.engine(url).connect() as connection:
        every = connection.execute(text(TAKEN_ON)).scalars().all()
        for first in range(0, len(every), DAYS_AT_ONCE):
            look_at(connection, every[first : first + DAYS_AT_ONCE])
            connection.commit()
    analyze(url)


def look_at(connection: Connection, changed: Sequence[date]) -> None:
    """Organise some days as far as memories read them: counts, and the pictures that stand for them."""
    days.recount(connection, 1, changed)
    highlights.choose(connection, 1, changed)


def analyze(url: str) -> None:
    """Have the planner know what there is."""
    with engines.engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")


@dataclass
class Life:
    """Ten years of somebody, as rows, and what is planted in them."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    anniversaries: list[date] = field(default_factory=list)
    trips: list[tuple[str, date, date]] = field(default_factory=list)
    excluded: set[int] = field(default_factory=set)
    """Items of screenshots, receipts and unsafe pictures."""
    days: list[date] = field(default_factory=list)


def a_life(seed: int, *, anniversaries: int = 20, trips: int = 20) -> Life:
    """A quiet life with a few photos now and then; some calendar days come back every other year, and some journeys."""
    dice, life = random.Random(seed), Life()
    first = date(2014, 1, 1)
    for number in range(10 * 365):
        if dice.random() < 0.05:
            _take(life, dice, first + timedelta(days=number), dice.randint(1, 3))
    for number in range(anniversaries):
        day = date(2014, 1, 1) + timedelta(days=10 + number * 17)
        for year in dice.sample(range(2014, 2024), dice.randint(2, 4)):
            _take(life, dice, day.replace(year=year), dice.randint(4, 9))
        life.anniversaries.append(day)
    for number in range(trips):
        start = first + timedelta(days=90 + number * 170 + dice.randint(0, 30))
        length = dice.choice((2, 3, 5, 7, 14))
        life.trips.append((f"t{number}", start, start + timedelta(days=length - 1)))
        for offset in range(length):
            _take(life, dice, start + timedelta(days=offset), dice.randint(4, 12), trip=f"t{number}")
    life.days = sorted({row["taken"].date() for row in life.rows})
    return life


def _take(life: Life, dice: random.Random, day: date, photos: int, trip: str | None = None) -> None:
    """Photos of a day: some are bursts of nearly the same, some are no photos."""
    at = datetime(day.year, day.month, day.day, 8)
    for _ in range(photos):
        at += timedelta(minutes=dice.randint(15, 70))
        seen = dice.getrandbits(64)
        for shot in range(dice.choice((1, 1, 1, 3))):
            item, taken = len(life.rows) + 1, at + timedelta(seconds=2 * shot)
            kind = dice.choice(("screenshot", "receipt", "document")) if dice.random() < 0.15 else "photo"
            safety = 0.9 if dice.random() < 0.02 else 0.0
            near = seen ^ sum(1 << bit for bit in dice.sample(range(64), 2 * shot))
            life.excluded |= {item} if kind != "photo" or safety else set()
            life.rows.append(
                {"item": item, "taken": taken, "kind": kind, "safety": safety, "phash": near - 2**63, "trip": trip,
                 "quality": round(dice.uniform(0.5, 0.95), 3)}
            )  # fmt: skip


LIVE = (
    "INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime) "
    "VALUES (1, :item, sha256(CAST(CAST(CAST(:item AS bigint) AS text) AS bytea)), 1, 'photo', 'image/jpeg')",
    "INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id) "
    "VALUES (1, 'bench', 'IMG_' || CAST(:item AS bigint), :item, 'e', 1, now(), :item)",
    "INSERT INTO facts (library_id, item_id, original_id, width, height, taken_local, taken_confidence, make) "
    "VALUES (1, :item, :item, 4000, 3000, :taken, 'high', 'Bench')",
    "INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes) "
    "SELECT 1, :item, name, name || CAST(:item AS bigint), 'image/jpeg', 1920, 1440, 1 "
    "FROM unnest(ARRAY['preview', 'thumb']) name",
    "INSERT INTO quality VALUES (1, :item, :quality, 0.5, 0.5, 0.5)",
    "INSERT INTO likenesses (library_id, item_id, phash) VALUES (1, :item, :phash)",
    "INSERT INTO picture_kinds VALUES (1, :item, :kind, 1)",
    "INSERT INTO safety VALUES (1, :item, :safety, 'm')",
    "INSERT INTO item_events (library_id, item_id, trip_id) VALUES (1, :item, :trip)",
)
TRIP = (
    "INSERT INTO trips (library_id, trip_id, starts_at, ends_at, first_day, last_day, days, photos, farthest_km) "
    "VALUES (1, :trip, :first, :last, :first, :last, CAST(:last AS date) - CAST(:first AS date) + 1, 10, 200)"
)


def live(url: str, life: Life) -> None:
    """Write a life into a catalog, organised as far as days and trips."""
    with engines.engine(url).connect() as connection:
        connection.execute(text(FILL[0]))
        for statement in LIVE:
            connection.execute(text(statement), life.rows)
        trips: Sequence[dict[str, Any]] = [{"trip": name, "first": a, "last": b} for name, a, b in life.trips]
        connection.execute(text(TRIP), trips)
        look_at(connection, life.days)
        connection.commit()
    analyze(url)
