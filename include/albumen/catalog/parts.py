"""A library in parts, each read by one statement: what a statement takes may not grow with the library.

A statement has a minute. What has to see all rows asks for the parts first, and then of each; it sees what others
commit meanwhile, as people who count a library that is being worked on expect.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, TextClause, text

READ_AT_ONCE = 50_000
"""So many rows a statement reads."""


def _until(table: str) -> TextClause:
    return text(f"""
        SELECT max(item_id) FROM (
            SELECT item_id FROM {table} WHERE library_id = :library_id AND item_id > :after
            ORDER BY item_id LIMIT :read
        ) AS next
    """)  # noqa: S608


def _count(table: str) -> TextClause:
    return text(f"""
        SELECT count(*) FROM {table} WHERE library_id = :library_id AND item_id > :after AND item_id <= :until
    """)  # noqa: S608


TABLES = ("items", "renditions", "faces", "face_people")
UNTIL = {table: _until(table) for table in TABLES}
COUNT = {table: _count(table) for table in TABLES}

UNTIL_KEY = text("""
    SELECT max(key) FROM (
        SELECT key FROM originals WHERE library_id = :library_id AND bucket = :bucket AND key > :after
        ORDER BY key LIMIT :read
    ) AS next
""")


def of_items(
    connection: Connection, library_id: int, *, table: str = "items", after: int = 0
) -> Iterator[tuple[int, int]]:
    """Parts of a table that has rows of items, behind one item: behind which item, up to and with which."""
    scope = {"library_id": library_id, "read": READ_AT_ONCE}
    while (until := connection.execute(UNTIL[table], {**scope, "after": after}).scalar_one()) is not None:
        yield after, until
        after = until


def of_keys(connection: Connection, library_id: int, bucket: str) -> Iterator[tuple[str, str]]:
    """Parts of the originals by key, with the library's prefix: behind which key, up to and with which."""
    after = ""
    scope = {"library_id": library_id, "bucket": bucket, "read": READ_AT_ONCE}
    while (until := connection.execute(UNTIL_KEY, {**scope, "after": after}).scalar_one()) is not None:
        yield after, until
        after = until


def count(connection: Connection, library_id: int, table: str) -> int:
    """Rows of a table that has rows of items. Grows with them."""
    return sum(
        int(connection.execute(COUNT[table], {"library_id": library_id, "after": after, "until": until}).scalar_one())
        for after, until in of_items(connection, library_id, table=table)
    )
