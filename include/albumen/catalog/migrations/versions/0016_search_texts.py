"""Text in pictures is searched too; cameras, and the few items that are no photos, are found by an index."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

DDL = (
    """CREATE TABLE cameras (
        library_id INTEGER NOT NULL,
        camera TEXT NOT NULL,
        PRIMARY KEY (library_id, camera)
    )""",
    "CREATE INDEX picture_kinds_by_kind ON picture_kinds (library_id, kind) WHERE kind <> 'photo'",
    "CREATE INDEX items_by_kind ON items (library_id, kind) WHERE kind <> 'photo'",
    """INSERT INTO dirty_items (library_id, item_id) SELECT library_id, item_id FROM items WHERE retired_at IS NULL
       ON CONFLICT DO NOTHING""",
)


def upgrade() -> None:
    """Create the table and the indexes; the words of all items are read anew."""
    for statement in DDL:
        op.execute(statement)
