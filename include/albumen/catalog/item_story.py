"""Everything that is known of one subject: which table of which step it lies in does not matter.

Steps of other packages keep their rows in tables of their own: every table with the key of an item is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Connection, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from albumen.catalog.libraries import Library
from albumen.catalog.removal import item_tables

MOST_ROWS = 50
TOLD_ELSEWHERE = {"due", "facts", "items", "memory_items", "outcome_history", "outcomes", "raw_tags", "renditions"}
"""Tables whose rows the page shows in a form of their own."""
LONG = 300
UNREADABLE = {"VECTOR", "HALFVEC", "LargeBinary"}

KEY_OF = text("""
    (SELECT key, original_id FROM originals
     WHERE library_id = :library_id AND item_id = :subject_id AND vanished_at IS NULL)
    UNION ALL
    (SELECT key, original_id FROM originals WHERE library_id = :library_id AND original_id = :subject_id)
    ORDER BY original_id LIMIT 1
""")

COPIES = text("""
    SELECT c.key, c.original_id, c.size, c.last_modified, c.vanished_at, o.item_id
    FROM originals o JOIN originals c ON c.library_id = o.library_id
        AND (c.original_id = o.original_id OR c.item_id = o.item_id)
    WHERE o.library_id = :library_id AND o.bucket = :bucket AND o.key = :key ORDER BY c.original_id LIMIT 100
""")

FACTS = text("SELECT to_jsonb(f) FROM facts f WHERE library_id = :library_id AND item_id = :item_id")

TAGS = text("SELECT tags FROM raw_tags WHERE library_id = :library_id AND item_id = :item_id")

MEMORIES = text("""
    SELECT m.title, m.kind, m.told_on, i.reason FROM memories m JOIN memory_items i USING (memory_id)
    WHERE COALESCE(i.library_id, m.library_id) = :library_id AND i.item_id = :item_id ORDER BY m.told_on DESC LIMIT 20
""")


@dataclass(frozen=True, slots=True)
class ItemStory:
    """What lies in the catalog of one original's content.

    Attributes
    ----------
    originals : list
        It and its copies, with key, size, when changed and when vanished.
    facts, tags : dict
        Facts with where each came from, and the raw tags.
    found : dict of table name to rows
        What steps found, each row with its columns but the key, long values cut.
    """

    item_id: int | None
    originals: Sequence[Any]
    facts: dict[str, Any]
    tags: dict[str, Any]
    found: dict[str, list[dict[str, Any]]]
    memories: Sequence[Any]


def key_of(connection: Connection, library_id: int, subject_id: int) -> str | None:
    """The key of the first living original of an item, or of an original; None for neither."""
    return connection.execute(KEY_OF, {"library_id": library_id, "subject_id": subject_id}).scalars().first()


def of_key(connection: Connection, library: Library, key: str) -> ItemStory | None:
    """All that is known of the content of a key; None for an unknown key."""
    scope = {"library_id": library.library_id}
    originals = connection.execute(COPIES, {**scope, "bucket": library.bucket, "key": key}).all()
    if not originals:
        return None
    item = {**scope, "item_id": originals[0].item_id}
    if item["item_id"] is None:
        return ItemStory(None, originals, {}, {}, {}, [])
    tables = [table for table in item_tables() if table.name not in TOLD_ELSEWHERE]
    rows = {table.name: _rows(connection, table, item) for table in tables}
    return ItemStory(
        item_id=item["item_id"],
        originals=originals,
        facts=connection.execute(FACTS, item).scalar_one_or_none() or {},
        tags=connection.execute(TAGS, item).scalar_one_or_none() or {},
        found={name: found for name, found in rows.items() if found},
        memories=connection.execute(MEMORIES, item).all(),
    )


def _rows(connection: Connection, table: Table, item: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of an item, without vectors, bytes and arrays of numbers: nobody reads those."""
    columns = [column for column in table.c if column.name not in {"library_id", "item_id"} and _is_readable(column)]
    if not columns:
        return []
    query = table.select().with_only_columns(*columns).where(table.c.library_id == item["library_id"])
    rows = connection.execute(query.where(table.c.item_id == item["item_id"]).limit(MOST_ROWS)).mappings()
    return [{name: _cut(value) for name, value in row.items()} for row in rows]


def _is_readable(column: Any) -> bool:
    is_text = isinstance(column.type, ARRAY) and column.type.item_type.python_type is str
    is_plain = not isinstance(column.type, ARRAY) and type(column.type).__name__ not in UNREADABLE
    return is_text or is_plain or isinstance(column.type, JSONB)


def _cut(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return f"{value[:LONG]}…" if isinstance(value, str) and len(value) > LONG else value
