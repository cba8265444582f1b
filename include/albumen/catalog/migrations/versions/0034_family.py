"""Whose picture a memory shows, where it is another library's."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Null where it is of the memory's own library, as all are that are there."""
    op.execute("ALTER TABLE memory_items ADD COLUMN library_id INTEGER")
    op.execute("CREATE INDEX memory_items_lent ON memory_items (library_id, item_id) WHERE library_id IS NOT NULL")
