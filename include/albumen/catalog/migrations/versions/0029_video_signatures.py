"""How the beginnings of videos move, by which copies are found; videos read before wait to be looked at again."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"

HASH_PARTITIONS = 16

TABLE = """
    CREATE TABLE video_signatures (
        library_id INTEGER NOT NULL,
        item_id BIGINT NOT NULL,
        frames BYTEA NOT NULL,
        structure VECTOR(64) NOT NULL,
        PRIMARY KEY (library_id, item_id)
    ) PARTITION BY HASH (library_id, item_id)
"""
INDEX = "CREATE INDEX video_signatures_by_structure ON video_signatures USING hnsw (structure vector_cosine_ops)"


def upgrade() -> None:
    """Create the table, its partitions and its index."""
    op.execute(TABLE)
    for part in range(HASH_PARTITIONS):
        op.execute(
            f"CREATE TABLE video_signatures_p{part:02} PARTITION OF video_signatures "
            f"FOR VALUES WITH (MODULUS {HASH_PARTITIONS}, REMAINDER {part})"
        )
    op.execute(INDEX)
