"""What sidecars say."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

PARTITIONS = 16


def upgrade() -> None:
    """Create the table and its partitions."""
    op.execute("""
        CREATE TABLE sidecars (
            library_id INTEGER NOT NULL,
            item_id BIGINT NOT NULL,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            content BYTEA NOT NULL,
            PRIMARY KEY (library_id, item_id)
        ) PARTITION BY HASH (library_id, item_id)
    """)
    for part in range(PARTITIONS):
        op.execute(
            f"CREATE TABLE sidecars_p{part:02} PARTITION OF sidecars "
            f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
        )
