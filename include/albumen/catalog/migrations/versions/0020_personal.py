"""What an owner's signals were about, whether a library's stories are personal, and the owner's favourites."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns and the index."""
    op.execute("ALTER TABLE memory_signals ADD COLUMN features JSONB NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE libraries ADD COLUMN personal BOOLEAN NOT NULL DEFAULT true")
    op.execute("CREATE INDEX facts_favourite ON facts (library_id, item_id) WHERE extra ->> 'rating' IN ('4', '5')")
