"""Miniatures, and the structure that copies are found by."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

DDL = (
    "ALTER TABLE likenesses ADD COLUMN miniature BYTEA, ADD COLUMN structure VECTOR(64)",
    "CREATE INDEX likenesses_by_structure ON likenesses USING hnsw (structure vector_cosine_ops)",
)


def upgrade() -> None:
    """Add the columns; the new version of the step fills them."""
    for statement in DDL:
        op.execute(statement)
