"""What to run next stands with each alert, and when it was told to who reads tomorrow."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE alerts ADD COLUMN command TEXT DEFAULT '' NOT NULL")
    op.execute("ALTER TABLE alerts ADD COLUMN noticed_at TIMESTAMP WITH TIME ZONE")
