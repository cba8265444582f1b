"""Objects beside the labels of a picture."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Null until a model of objects has looked."""
    op.execute("ALTER TABLE scenes ADD COLUMN objects JSONB")
