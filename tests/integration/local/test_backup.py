"""A backup of a library with everything in it comes back whole, and tells what a bucket lost."""

from __future__ import annotations

import pytest

from albumen.catalog import engine, migrate
from albumen.local import backup
from albumen.local.backup import Difference
from albumen.local.processes import StackError
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack


@pytest.fixture
def worked(library: TestLibrary, photo) -> TestLibrary:
    for n in range(3):
        library.put(f"{n}.jpg", photo(n))
    library.put("bad.jpg", photo(9)[:3000])
    library.discover()
    library.work("original")
    return library


@pytest.fixture
def folder(worked, catalog, tmp_path):
    made = backup.make(catalog, worked.store, worked.settings.library_bucket, tmp_path / "backup")
    assert made.revision == migrate.head()
    assert made.objects >= 6
    assert backup.read(tmp_path / "backup") == made
    return tmp_path / "backup"


def rows(url: str) -> dict[str, list[str]]:
    from sqlalchemy import text

    from albumen.catalog.models import Base

    with engine.connect(url) as connection:
        return {
            name: list(connection.execute(text(f"SELECT CAST(t AS text) FROM {name} t ORDER BY 1")).scalars())
            for name in sorted(Base.metadata.tables)
        }


def test_every_row_comes_back_and_ids_go_on_where_they_were(folder, catalog, bare_catalog) -> None:
    backup.restore(bare_catalog, folder)
    assert rows(bare_catalog) == rows(catalog)
    assert rows(bare_catalog)["originals"]
    from sqlalchemy import text

    def last(url: str) -> int:
        with engine.connect(url) as connection:
            return connection.execute(text("SELECT last_value FROM subject_ids")).scalar_one()

    assert last(bare_catalog) == last(catalog)


def test_a_catalog_with_something_in_it_is_left_alone(folder, catalog) -> None:
    before = rows(catalog)
    with pytest.raises(StackError, match="not empty"):
        backup.restore(catalog, folder)
    assert rows(catalog) == before


def test_what_a_bucket_lost_or_changed_is_named_and_what_is_newer_is_not(folder, worked) -> None:
    bucket = worked.settings.library_bucket
    assert list(backup.differences(worked.store, bucket, folder)) == []
    keys = sorted(worked.stored())
    worked.store.delete_many(bucket, [keys[0]])
    worked.store.put(bucket, keys[1], b"other bytes", mime="image/jpeg")
    worked.store.put(bucket, "renditions/new", b"new", mime="image/jpeg")
    found = list(backup.differences(worked.store, bucket, folder))
    assert found == [Difference(keys[1], "changed"), Difference(keys[0], "missing")]


def test_a_folder_in_use_a_broken_backup_and_a_newer_one_are_refused_in_words(folder, worked, catalog, bare_catalog):
    with pytest.raises(StackError, match="not empty"):
        backup.make(catalog, worked.store, worked.settings.library_bucket, folder)
    (folder / backup.TOLD).write_text('{"revision": "9999", "objects": 1, "bytes": 1}')
    with pytest.raises(StackError, match="upgrade first"):
        backup.restore(bare_catalog, folder)
    (folder / backup.TOLD).unlink()
    with pytest.raises(StackError, match="no finished backup"):
        backup.restore(bare_catalog, folder)
