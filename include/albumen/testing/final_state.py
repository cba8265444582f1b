"""What a library has come to, without what differs from run to run: to compare two libraries of the same files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import export
from albumen.catalog.libraries import Library
from albumen.catalog.models import Base
from albumen.catalog.models.base import ItemColumns
from albumen.storage.layout import renditions_prefix
from albumen.storage.object_store import ObjectStore

OF_THE_RUN = frozenset({"library_id", "item_id", "original_id", "at", "last_modified", "etag"})
"""Columns that tell of this run, this upload or these ids."""


@dataclass(frozen=True)
class FinalState:
    """One library at rest.

    Attributes
    ----------
    records : dict
        The export by key, without costs and times.
    rows : dict of table to sorted lines
        All rows of the tables that hold what steps found, by SHA-256 in place of ids.
    objects : dict of key to SHA-256
        What the library bucket holds, each object read whole.
    outcomes : list of (SHA-256, step, state, reason, attempts)
    doubled : list
        (SHA-256, step) that ended as `done` more than once, of content that lies under one key: copies
        that two shards meet at the same moment are both worked on.
    """

    records: dict[str, Any]
    rows: dict[str, list[str]]
    objects: dict[str, str]
    outcomes: list[tuple[Any, ...]]
    doubled: list[tuple[Any, ...]]


GROUPS = ("event", "trip", "near_duplicates")
"""Fields of a record whose ids are another library's own."""

GROUP_IDS = ("group_id", "event_id", "trip_id")
"""Columns with such ids: who shares one is compared, not what it is."""

OUTCOMES = text("""
    SELECT COALESCE(encode(i.sha256, 'hex'), (SELECT substr(g.key, length(:prefix) + 1) FROM originals g
        WHERE g.library_id = o.library_id AND g.original_id = o.subject_id)) AS subject,
        o.step, o.state, o.reason, o.attempts
    FROM outcomes o LEFT JOIN items i ON i.library_id = o.library_id AND i.item_id = o.subject_id
    WHERE o.library_id = :library_id
""")

DOUBLED = text("""
    SELECT encode(i.sha256, 'hex') AS subject, h.step FROM outcome_history h
    JOIN items i ON i.library_id = h.library_id AND i.item_id = h.subject_id
    WHERE h.library_id = :library_id AND h.state = 'done' AND 1 = (
        SELECT count(*) FROM originals g WHERE g.library_id = i.library_id AND g.item_id = i.item_id
    ) GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2
""")


def final_state(connection: Connection, library: Library, store: ObjectStore, library_bucket: str) -> FinalState:
    """Look at everything there is of a library."""
    scope = {"library_id": library.library_id}
    models = [mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, ItemColumns)]
    tables = sorted({str(mapper.local_table) for mapper in models})
    prefix = renditions_prefix(library.library_id)
    objects = {
        listed.key.removeprefix(prefix): hashlib.sha256(store.get(library_bucket, listed.key)).hexdigest()
        for listed in store.list_all(library_bucket, prefix)
    }
    outcomes = connection.execute(OUTCOMES, {**scope, "prefix": library.prefix})
    return FinalState(
        records={record["key"]: _without_prefix(record, prefix) for record in export.records(connection, library)},
        rows={table: _rows(connection, table, library.library_id, prefix) for table in tables},
        objects=objects,
        outcomes=sorted((tuple(row) for row in outcomes), key=repr),
        doubled=[tuple(row) for row in connection.execute(DOUBLED, scope)],
    )


def _rows(connection: Connection, table: str, library_id: int, prefix: str) -> list[str]:
    columns = [column.name for column in Base.metadata.tables[table].columns if column.name not in OF_THE_RUN]
    named = ", ".join(f't."{column}"' for column in columns)
    statement = f"""
        SELECT encode(i.sha256, 'hex') AS sha256, {named} FROM {table} t
        JOIN items i ON i.library_id = t.library_id AND i.item_id = t.item_id WHERE t.library_id = :library_id
    """  # noqa: S608
    rows = [dict(row) for row in connection.execute(text(statement), {"library_id": library_id}).mappings()]
    for column in GROUP_IDS:
        first: dict[Any, str] = {}
        for row in sorted(rows, key=lambda row: str(row["sha256"])):
            if row.get(column) is not None:
                row[column] = first.setdefault(row[column], row["sha256"])
    return sorted(repr(row).replace(prefix, "") for row in rows)


def _without_prefix(record: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A record whose renditions are named alike in every library, and whose groups are told without their ids."""
    renditions = [{**one, "key": one["key"].removeprefix(prefix)} for one in record["renditions"]]
    return {**record, **{name: record[name] is not None for name in GROUPS}, "renditions": renditions}
