"""What videos are made of; videos that waited for their pass become due."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

PARTITIONS = 16

DDL = """
ALTER TABLE libraries ADD COLUMN proxy TEXT DEFAULT 'required' NOT NULL;

CREATE TABLE videos (
    library_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL,
    container TEXT NOT NULL,
    duration_s FLOAT(53),
    rotation SMALLINT NOT NULL,
    fps FLOAT(53),
    frames INTEGER,
    bit_rate BIGINT,
    video_codec TEXT,
    pixel_format TEXT,
    transfer TEXT,
    audio_codec TEXT,
    audio_channels SMALLINT,
    content_identifier TEXT,
    PRIMARY KEY (library_id, item_id)
) PARTITION BY HASH (library_id, item_id);

INSERT INTO due (library_id, subject_id, step, subject_kind, lane)
SELECT o.library_id, o.subject_id, s.step, 'o', 2
FROM outcomes o CROSS JOIN (VALUES ('video_metadata'), ('poster'), ('hover'), ('proxy')) AS s(step)
WHERE o.step = 'renditions' AND o.state = 'skipped' AND o.reason = 'video_pass_pending'
ON CONFLICT DO NOTHING;
"""


def upgrade() -> None:
    """Create the table and its partitions, hand the waiting videos over."""
    for statement in DDL.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for part in range(PARTITIONS):
        op.execute(
            f"CREATE TABLE videos_p{part:02} PARTITION OF videos "
            f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
        )
