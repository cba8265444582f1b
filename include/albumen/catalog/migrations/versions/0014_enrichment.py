"""Safety, kind and text of pictures; noise, resolution, and where faces look."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

HASH_PARTITIONS = 16

DDL = """
CREATE TABLE safety (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    score FLOAT(24) NOT NULL,
    model_id TEXT NOT NULL,
    PRIMARY KEY (library_id, item_id)
) PARTITION BY HASH (library_id, item_id);

CREATE TABLE picture_kinds (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    score FLOAT(24) NOT NULL,
    PRIMARY KEY (library_id, item_id)
) PARTITION BY HASH (library_id, item_id);

CREATE TABLE texts (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    lines JSONB NOT NULL,
    model_id TEXT NOT NULL,
    PRIMARY KEY (library_id, item_id)
) PARTITION BY HASH (library_id, item_id);

ALTER TABLE quality ADD COLUMN noise FLOAT(24), ADD COLUMN resolution FLOAT(24);

ALTER TABLE faces ADD COLUMN roll FLOAT(24), ADD COLUMN yaw FLOAT(24), ADD COLUMN pitch FLOAT(24);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in DDL.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in ("safety", "picture_kinds", "texts"):
        for part in range(HASH_PARTITIONS):
            op.execute(
                f"CREATE TABLE {table}_p{part:02} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {HASH_PARTITIONS}, REMAINDER {part})"
            )
