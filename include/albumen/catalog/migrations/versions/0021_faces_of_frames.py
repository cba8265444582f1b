"""Faces in frames of a video beside its poster: when the frame comes."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Faces so far are of the picture itself."""
    op.execute("ALTER TABLE faces ADD COLUMN frame_s REAL")
