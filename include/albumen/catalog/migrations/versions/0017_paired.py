"""Which clip belongs to which still: asked wherever the two are shown, grouped or counted as one."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

VIEW = """
    CREATE VIEW paired AS
    SELECT c.library_id, c.item_id AS clip_id, s.item_id AS still_id
    FROM pair_marks c
    JOIN pair_marks s ON s.library_id = c.library_id AND s.mark = c.mark AND s.half = 'still'
    JOIN items i ON i.library_id = s.library_id AND i.item_id = s.item_id AND i.retired_at IS NULL
    WHERE c.half = 'clip'
"""


def upgrade() -> None:
    """Create the view; asked by one item, it is answered by index."""
    op.execute(VIEW)
