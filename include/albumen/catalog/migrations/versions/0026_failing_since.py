"""Since when work fails, beside since when it is due."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Work that failed before counts as failing from its next fault on."""
    op.execute("ALTER TABLE due ADD COLUMN failing_since TIMESTAMP WITH TIME ZONE")
