"""What makes a still and a clip a pair, and the clips that lie in photos."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

PARTITIONS = 16

DDL = (
    """
    CREATE TABLE pair_marks (
        library_id INTEGER NOT NULL,
        item_id BIGINT NOT NULL,
        mark TEXT NOT NULL,
        half TEXT NOT NULL,
        PRIMARY KEY (library_id, item_id, mark)
    ) PARTITION BY HASH (library_id, item_id)
    """,
    "CREATE INDEX pair_marks_by_mark ON pair_marks (library_id, mark)",
    """
    CREATE TABLE motions (
        library_id INTEGER NOT NULL,
        item_id BIGINT NOT NULL,
        sha1 BYTEA NOT NULL,
        bytes BIGINT NOT NULL,
        starts BIGINT NOT NULL,
        PRIMARY KEY (library_id, item_id)
    ) PARTITION BY HASH (library_id, item_id)
    """,
)


def upgrade() -> None:
    """Create the tables and their partitions."""
    for statement in DDL:
        op.execute(statement)
    for table in ("pair_marks", "motions"):
        for part in range(PARTITIONS):
            op.execute(
                f"CREATE TABLE {table}_p{part:02} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
            )
