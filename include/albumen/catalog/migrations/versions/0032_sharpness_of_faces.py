"""How sharp the faces of a picture are, beside how sharp it is."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Null where faces are not looked at, or none is large enough to judge."""
    op.execute("ALTER TABLE quality ADD COLUMN faces REAL")
