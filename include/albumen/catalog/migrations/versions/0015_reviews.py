"""When a person was asked about a memory, and those that wait for an answer."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column and its index."""
    op.execute("ALTER TABLE memories ADD COLUMN asked_at TIMESTAMPTZ")
    op.execute("CREATE INDEX memories_in_review ON memories (told_on) WHERE state = 'review'")
