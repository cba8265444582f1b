"""Whose turn it is: the latest shard of a library, found at once."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Small: shards are as many as tasks that ran."""
    op.execute("CREATE INDEX shards_by_library ON shards (pass_name, library_id, shard_id)")
