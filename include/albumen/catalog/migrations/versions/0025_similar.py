"""Groups of a third kind: similar pictures."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"

DDL = (
    "ALTER TABLE duplicate_groups ALTER COLUMN kind TYPE VARCHAR(7)",
    "ALTER TABLE duplicate_members ALTER COLUMN kind TYPE VARCHAR(7)",
)


def upgrade() -> None:
    """Make room for the longer name; days that change are looked at from then on."""
    for statement in DDL:
        op.execute(statement)
