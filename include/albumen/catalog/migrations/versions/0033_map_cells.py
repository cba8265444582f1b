"""Visits counted by cells of thirteen sizes, for the map."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"

DDL = (
    """CREATE TABLE map_cells (
        library_id INTEGER NOT NULL,
        level SMALLINT NOT NULL,
        cell_row INTEGER NOT NULL,
        cell_col INTEGER NOT NULL,
        photos BIGINT NOT NULL,
        days INTEGER NOT NULL,
        lat_sum FLOAT(53) NOT NULL,
        lon_sum FLOAT(53) NOT NULL,
        PRIMARY KEY (library_id, level, cell_row, cell_col)
    )""",
    """INSERT INTO map_cells
       SELECT library_id, level, floor(lat / 2.0::float8 ^ level), floor(lon / 2.0::float8 ^ level), sum(photos),
           count(DISTINCT day), sum(lat * photos), sum(lon * photos)
       FROM visits CROSS JOIN generate_series(-7, 5) AS level GROUP BY 1, 2, 3, 4""",
    "CREATE INDEX map_cells_empty ON map_cells (library_id) WHERE days = 0",
)


def upgrade() -> None:
    """Add the table; the visits known are counted."""
    for statement in DDL:
        op.execute(statement)
