"""Shards are found by when they ended: metrics count them since a time."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the index."""
    op.execute("CREATE INDEX shards_by_end ON shards (finished_at)")
