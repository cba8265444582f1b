"""Cameras whose clocks seem to be off."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"

DDL = (
    """CREATE TABLE camera_clocks (
        clock_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        library_id INTEGER NOT NULL,
        camera TEXT NOT NULL,
        first TIMESTAMP NOT NULL,
        last TIMESTAMP NOT NULL,
        ahead INTEGER NOT NULL,
        utc_minutes SMALLINT NOT NULL,
        matches INTEGER NOT NULL,
        days INTEGER NOT NULL,
        decision VARCHAR(9),
        by TEXT,
        decided_at TIMESTAMPTZ
    )""",
    "CREATE INDEX camera_clocks_by_library ON camera_clocks (library_id, camera, first)",
)


def upgrade() -> None:
    """Create the table."""
    for statement in DDL:
        op.execute(statement)
