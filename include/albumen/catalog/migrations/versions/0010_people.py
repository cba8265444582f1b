"""Faces are looked up by their vectors; people have a centre, and assignments the box of the face."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

DDL = (
    "CREATE INDEX faces_by_vector ON faces USING hnsw (vector vector_cosine_ops)",
    "ALTER TABLE people ADD COLUMN model_id TEXT, ADD COLUMN centre VECTOR(128)",
    "ALTER TABLE face_people ADD COLUMN x REAL NOT NULL, ADD COLUMN y REAL NOT NULL, "
    "ADD COLUMN width REAL NOT NULL, ADD COLUMN height REAL NOT NULL",
    """INSERT INTO dirty_items (library_id, item_id) SELECT DISTINCT library_id, item_id FROM faces
       ON CONFLICT DO NOTHING""",
)


def upgrade() -> None:
    """Add columns and the index, and have all faces looked at."""
    for statement in DDL:
        op.execute(statement)
