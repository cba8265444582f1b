"""Places, homes, events, trips, people, duplicates; the items that wait to be organised."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

HASH_PARTITIONS = 16
HASH_PARTITIONED = ("item_places", "item_events", "face_people", "face_decisions", "duplicate_members")

DDL = """
CREATE TABLE dirty_items (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (library_id, item_id)
);

CREATE TABLE item_places (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    lat FLOAT(53) NOT NULL,
    lon FLOAT(53) NOT NULL,
    place_id TEXT,
    inferred BOOLEAN NOT NULL,
    within_km REAL,
    PRIMARY KEY (library_id, item_id)
) PARTITION BY HASH (library_id, item_id);
CREATE INDEX item_places_by_place ON item_places (library_id, place_id);

CREATE TABLE places (
    library_id INTEGER NOT NULL,
    place_id TEXT NOT NULL,
    city TEXT,
    region TEXT,
    country TEXT NOT NULL,
    country_code TEXT NOT NULL,
    lat FLOAT(53) NOT NULL,
    lon FLOAT(53) NOT NULL,
    PRIMARY KEY (library_id, place_id)
);

CREATE TABLE visits (
    library_id INTEGER NOT NULL,
    day DATE NOT NULL,
    lat_cell INTEGER NOT NULL,
    lon_cell INTEGER NOT NULL,
    lat FLOAT(53) NOT NULL,
    lon FLOAT(53) NOT NULL,
    photos INTEGER NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (library_id, day, lat_cell, lon_cell)
);

CREATE TABLE homes (
    library_id INTEGER NOT NULL,
    home_no INTEGER NOT NULL,
    lat FLOAT(53) NOT NULL,
    lon FLOAT(53) NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    days INTEGER NOT NULL,
    PRIMARY KEY (library_id, home_no)
);

CREATE TABLE item_events (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    event_id TEXT,
    trip_id TEXT,
    PRIMARY KEY (library_id, item_id)
) PARTITION BY HASH (library_id, item_id);
CREATE INDEX item_events_by_event ON item_events (library_id, event_id);
CREATE INDEX item_events_by_trip ON item_events (library_id, trip_id);

CREATE TABLE events (
    library_id INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    starts TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    ends TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    photos INTEGER NOT NULL,
    place_id TEXT,
    PRIMARY KEY (library_id, event_id)
);
CREATE INDEX events_by_time ON events (library_id, starts);

CREATE TABLE trips (
    library_id INTEGER NOT NULL,
    trip_id TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    days SMALLINT NOT NULL,
    photos INTEGER NOT NULL,
    farthest_km REAL NOT NULL,
    place_ids TEXT[] DEFAULT '{}' NOT NULL,
    PRIMARY KEY (library_id, trip_id)
);
CREATE INDEX trips_by_time ON trips (library_id, starts_at);

CREATE TABLE people (
    library_id INTEGER NOT NULL,
    person_id TEXT NOT NULL,
    name TEXT,
    birth_date DATE,
    hidden BOOLEAN DEFAULT 'false' NOT NULL,
    ignored BOOLEAN DEFAULT 'false' NOT NULL,
    merged_into TEXT,
    faces INTEGER DEFAULT '0' NOT NULL,
    cover_item_id BIGINT,
    cover_face_no SMALLINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (library_id, person_id)
);

CREATE TABLE face_people (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    face_no SMALLINT NOT NULL,
    person_id TEXT NOT NULL,
    confidence REAL NOT NULL,
    PRIMARY KEY (library_id, item_id, face_no)
) PARTITION BY HASH (library_id, item_id);
CREATE INDEX face_people_by_person ON face_people (library_id, person_id);

CREATE TABLE face_decisions (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    person_id TEXT NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    width REAL NOT NULL,
    height REAL NOT NULL,
    verdict VARCHAR(3) NOT NULL,
    by TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (library_id, item_id, person_id, x, y)
) PARTITION BY HASH (library_id, item_id);
CREATE INDEX face_decisions_by_person ON face_decisions (library_id, person_id);

CREATE TABLE person_pairs (
    library_id INTEGER NOT NULL,
    first_id TEXT NOT NULL,
    second_id TEXT NOT NULL,
    by TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (library_id, first_id, second_id)
);

CREATE TABLE duplicate_groups (
    library_id INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    kind VARCHAR(5) NOT NULL,
    items INTEGER NOT NULL,
    keeper_item_id BIGINT NOT NULL,
    reasons TEXT[] DEFAULT '{}' NOT NULL,
    decision TEXT,
    resolved_by TEXT,
    resolved_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (library_id, group_id)
);
CREATE INDEX duplicate_groups_open ON duplicate_groups (library_id, kind, resolved_at);

CREATE TABLE duplicate_members (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    kind VARCHAR(5) NOT NULL,
    group_id TEXT NOT NULL,
    rank SMALLINT NOT NULL,
    likeness FLOAT(53) NOT NULL,
    turned SMALLINT DEFAULT '0' NOT NULL,
    reasons TEXT[] DEFAULT '{}' NOT NULL,
    PRIMARY KEY (library_id, item_id, kind)
) PARTITION BY HASH (library_id, item_id);
CREATE INDEX duplicate_members_by_group ON duplicate_members (library_id, group_id);
"""

EVERYTHING = (
    "INSERT INTO dirty_items (library_id, item_id) SELECT library_id, item_id FROM items WHERE retired_at IS NULL",
    """INSERT INTO dirty_days (library_id, day)
       SELECT DISTINCT library_id, CAST(taken_local AS date) FROM facts WHERE taken_local IS NOT NULL
       ON CONFLICT DO NOTHING""",
)
"""What is there already is organised for the first time."""


def upgrade() -> None:
    """Create the tables, and have all that is there organised."""
    for statement in DDL.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in HASH_PARTITIONED:
        for part in range(HASH_PARTITIONS):
            op.execute(
                f"CREATE TABLE {table}_p{part:02} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {HASH_PARTITIONS}, REMAINDER {part})"
            )
    for statement in EVERYTHING:
        op.execute(statement)
