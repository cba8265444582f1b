"""Words of items, and an index of pictures among sentences."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

HASH_PARTITIONS = 16

DDL = (
    """CREATE TABLE item_words (
        library_id INTEGER NOT NULL,
        item_id BIGINT NOT NULL,
        words TSVECTOR NOT NULL,
        PRIMARY KEY (library_id, item_id)
    ) PARTITION BY HASH (library_id, item_id)""",
    "CREATE INDEX item_words_by_word ON item_words USING gin (words)",
    """CREATE INDEX embeddings_by_text_space ON embeddings USING hnsw ((CAST(vector AS halfvec(384))) halfvec_ip_ops)
       WHERE model_id = 'efficientnet-lite2.minilm-l6-v2-int8'""",
    """INSERT INTO dirty_items (library_id, item_id) SELECT library_id, item_id FROM items WHERE retired_at IS NULL
       ON CONFLICT DO NOTHING""",
)


def upgrade() -> None:
    """Create the table and the indexes; all items are read for their words."""
    for statement in DDL[:1]:
        op.execute(statement)
    for part in range(HASH_PARTITIONS):
        op.execute(
            f"CREATE TABLE item_words_p{part:02} PARTITION OF item_words "
            f"FOR VALUES WITH (MODULUS {HASH_PARTITIONS}, REMAINDER {part})"
        )
    for statement in DDL[1:]:
        op.execute(statement)
