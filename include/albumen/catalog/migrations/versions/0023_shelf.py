"""Items by day, however sure the date is, for a page of all photos; what homes were learned of; visits by cell."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

DDL = (
    "ALTER TABLE days ADD COLUMN shown INTEGER NOT NULL DEFAULT 0",
    """INSERT INTO dirty_days (library_id, day)
       SELECT DISTINCT library_id, CAST(taken_local AS date) FROM facts WHERE taken_local IS NOT NULL
       ON CONFLICT DO NOTHING""",
    """CREATE TABLE home_lessons (
        library_id INTEGER NOT NULL PRIMARY KEY,
        visits INTEGER NOT NULL,
        changed INTEGER NOT NULL
    )""",
    "CREATE INDEX visits_by_cell ON visits (library_id, lat_cell, lon_cell)",
)


def upgrade() -> None:
    """Add column, table and index; all days are counted anew."""
    for statement in DDL:
        op.execute(statement)
