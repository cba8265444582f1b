"""The quarantine of a step and a reason is read in the order of its subjects, without sorting all of it."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Put an index in the place of the one that has no order."""
    op.execute(
        "CREATE INDEX outcomes_quarantined_by_reason ON outcomes (library_id, step, reason, subject_id) "
        "WHERE state = 'quarantined'"
    )
    op.execute("DROP INDEX outcomes_quarantined")
