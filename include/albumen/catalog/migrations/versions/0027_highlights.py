"""The best pictures of each local day, of all of it and of everybody and everything on it."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"

PARTITIONS = 16

DDL = (
    """CREATE TABLE highlights (
        library_id INTEGER NOT NULL,
        feature TEXT NOT NULL,
        day DATE NOT NULL,
        items BIGINT[] NOT NULL,
        score REAL NOT NULL,
        PRIMARY KEY (library_id, feature, day)
    ) PARTITION BY HASH (library_id, feature)""",
    "CREATE INDEX highlights_by_day ON highlights (library_id, day)",
    *(
        f"CREATE TABLE highlights_p{part:02} PARTITION OF highlights "
        f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
        for part in range(PARTITIONS)
    ),
    """INSERT INTO dirty_days (library_id, day) SELECT library_id, day FROM days
       ON CONFLICT DO NOTHING""",
)


def upgrade() -> None:
    """Create the table; all days are looked at anew."""
    for statement in DDL:
        op.execute(statement)
