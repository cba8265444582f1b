"""What pictures show: words, and points of any number of models."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

HASH_PARTITIONS = 16

DDL = """
CREATE TABLE scenes (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    model_id TEXT NOT NULL,
    labels TEXT[] NOT NULL,
    scores FLOAT(24)[] NOT NULL,
    PRIMARY KEY (library_id, item_id, model_id)
) PARTITION BY HASH (library_id, item_id);
CREATE INDEX scenes_by_label ON scenes USING gin (labels);

CREATE TABLE embeddings (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    model_id TEXT NOT NULL,
    vector HALFVEC NOT NULL,
    PRIMARY KEY (library_id, item_id, model_id)
) PARTITION BY HASH (library_id, item_id);

CREATE TABLE models_in_use (
    capability TEXT NOT NULL,
    model_id TEXT NOT NULL,
    before TEXT,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (capability)
);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in DDL.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in ("scenes", "embeddings"):
        for part in range(HASH_PARTITIONS):
            op.execute(
                f"CREATE TABLE {table}_p{part:02} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {HASH_PARTITIONS}, REMAINDER {part})"
            )
