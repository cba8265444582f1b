"""The schema: what the models say is what the migrations make, and it is partitioned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from albumen.catalog import engine, migrate
from albumen.catalog.models import Base
from albumen.catalog.models.base import ItemColumns

pytestmark = pytest.mark.stack

RESULTS = {mapper.class_.__tablename__ for mapper in Base.registry.mappers if issubclass(mapper.class_, ItemColumns)}
GROW_WITH_A_LIBRARY = {"fingerprints", "highlights", "items", "originals", "outcomes"} | RESULTS
BOUNDED = {
    "alerts",
    "audit",
    "backfills",
    "camera_clocks",
    "cameras",
    "days",
    "dirty_days",
    "dirty_items",
    "due",
    "duplicate_groups",
    "erasures",
    "events",
    "home_lessons",
    "homes",
    "hours_of_work",
    "integrity_checks",
    "libraries",
    "listed_keys",
    "listing_shards",
    "listings",
    "map_cells",
    "memories",
    "memory_events",
    "memory_items",
    "memory_signals",
    "memory_turns",
    "models_in_use",
    "outcome_history",
    "people",
    "person_pairs",
    "places",
    "shards",
    "silences",
    "step_pauses",
    "steps",
    "superseded_objects",
    "suppressions",
    "tallies",
    "tombstones",
    "trips",
    "visits",
}
PARTITIONED = """
    SELECT c.relname AS name, p.partstrat AS strategy, pg_get_partkeydef(c.oid) AS key,
        (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = c.oid) AS parts
    FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid WHERE c.relkind = 'p'
"""


def test_the_models_are_what_the_migrations_make(catalog: str) -> None:
    def is_ours(item: Any, name: str, kind: str, reflected: bool, compare_to: Any) -> bool:
        return not (kind == "table" and reflected and compare_to is None and _is_partition(name))

    with engine.connect(catalog) as connection:
        partitions = set(connection.execute(text("SELECT relname FROM pg_class WHERE relispartition")).scalars())

        def _is_partition(name: str) -> bool:
            return name in partitions or name == "alembic_version"

        options = {"include_object": is_ours, "compare_type": True, "compare_server_default": False}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_every_table_that_grows_with_a_library_is_partitioned_by_hash_with_the_library_in_its_key(catalog: str) -> None:
    with engine.connect(catalog) as connection:
        found = {row.name: row for row in connection.execute(text(PARTITIONED))}
    hashed = {name for name, row in found.items() if row.strategy == "h"}
    assert hashed == GROW_WITH_A_LIBRARY
    for name in hashed:
        assert found[name].key.startswith("HASH (library_id, "), name
        assert found[name].parts == 16, name
        assert "library_id" in Base.metadata.tables[name].primary_key.columns, name
    assert found["outcome_history"].key == "RANGE (at)"


def test_every_table_is_either_partitioned_or_said_to_be_bounded() -> None:
    assert set(Base.metadata.tables) == GROW_WITH_A_LIBRARY | BOUNDED


def test_migrating_again_and_by_two_at_once_changes_nothing(bare_catalog: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate.upgrade, [bare_catalog, bare_catalog]))
    migrate.upgrade(bare_catalog)
    with engine.connect(bare_catalog) as connection:
        assert migrate.current(connection) == migrate.head() != ""


def test_a_catalog_that_was_never_migrated_has_no_revision(bare_catalog: str) -> None:
    with engine.connect(bare_catalog) as connection:
        assert migrate.current(connection) == ""
