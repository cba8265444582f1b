"""The ledger: pending work, leased shards, outcomes, what steps cost, backfills."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    REAL,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class Due(Base):
    """Pending work only: a row appears when work becomes due and goes when it ends."""

    __tablename__ = "due"
    __table_args__ = (
        Index("due_pick", "step", "lane", "library_id", "seq", postgresql_where=text("shard_id IS NULL")),
        Index("due_by_shard", "shard_id", postgresql_where=text("shard_id IS NOT NULL")),
        {
            "postgresql_with": {
                "fillfactor": "70",
                "autovacuum_vacuum_scale_factor": "0.02",
                "autovacuum_analyze_scale_factor": "0.05",
            }
        },
    )

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(1))
    lane: Mapped[int] = mapped_column(SmallInteger)
    seq: Mapped[int] = mapped_column(Identity(always=False))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    due_since: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    not_before: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    shard_id: Mapped[int | None]
    failing_since: Mapped[datetime | None] = mapped_column(UTC)


class Shard(Base):
    """A batch that one mapped task works on, leased with a fencing token (shard_id, generation)."""

    __tablename__ = "shards"
    __table_args__ = (
        Index("shards_open", "pass_name", "leased_until", postgresql_where=text("finished_at IS NULL")),
        Index("shards_by_claim", "claim", unique=True),
        Index("shards_by_end", "finished_at"),
        Index("shards_by_library", "pass_name", "library_id", "shard_id"),
        Index("shards_by_run", "claim", postgresql_ops={"claim": "text_pattern_ops"}),
    )

    shard_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    library_id: Mapped[int] = mapped_column(Integer)
    pass_name: Mapped[str]
    lane: Mapped[int] = mapped_column(SmallInteger)
    size: Mapped[int] = mapped_column(Integer)
    generation: Mapped[int] = mapped_column(Integer, server_default="1")
    claim: Mapped[str]
    leased_until: Mapped[datetime] = mapped_column(UTC)
    started_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)
    summary: Mapped[dict[str, Any] | None]


class OutcomeColumns:
    """What is known of one step on one subject after an attempt."""

    state: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(Integer)
    inputs_key: Mapped[str]
    cpu_s: Mapped[float] = mapped_column(REAL())
    wall_s: Mapped[float] = mapped_column(REAL())
    bytes_read: Mapped[int]
    bytes_written: Mapped[int]
    task: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class Outcome(OutcomeColumns, Base):
    """The current state of one step on one original or item."""

    __tablename__ = "outcomes"
    __table_args__ = (
        Index(
            "outcomes_quarantined_by_reason",
            "library_id",
            "step",
            "reason",
            "subject_id",
            postgresql_where=text("state = 'quarantined'"),
        ),
        Index(
            "outcomes_quarantined_by_subject",
            "library_id",
            "subject_id",
            "step",
            postgresql_where=text("state = 'quarantined'"),
        ),
        {"postgresql_partition_by": "HASH (library_id, subject_id)"},
    )

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(primary_key=True)


class PastOutcome(OutcomeColumns, Base):
    """Every outcome that ever was, append-only, dropped by the month after its retention."""

    __tablename__ = "outcome_history"
    __table_args__ = (
        Index("outcome_history_by_subject", "library_id", "subject_id", "at"),
        Index("outcome_history_by_time", "at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    history_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTC, server_default=NOW, primary_key=True)
    library_id: Mapped[int] = mapped_column(Integer)
    subject_id: Mapped[int]
    step: Mapped[str]


class Tally(Base):
    """How many subjects are in which state, kept by the result transactions; `slice` spreads the writers."""

    __tablename__ = "tallies"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True, server_default="")
    slice: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    n: Mapped[int]


class StepState(Base):
    """What has been learned of a step: its signature when last seen, its measured cost."""

    __tablename__ = "steps"

    step: Mapped[str] = mapped_column(primary_key=True)
    signature: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    items: Mapped[int] = mapped_column(server_default="0")
    wall_s: Mapped[float] = mapped_column(server_default="0")
    cpu_s: Mapped[float] = mapped_column(server_default="0")


class ModelInUse(Base):
    """The model whose results count, where it is not the one that Albumen comes with."""

    __tablename__ = "models_in_use"

    capability: Mapped[str] = mapped_column(primary_key=True)
    model_id: Mapped[str]
    before: Mapped[str | None]
    since: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class StepPause(Base):
    """A step that is stopped, by its breaker or by an operator; no row: it runs.

    `breaker` tells which; `since` is when the shard that tripped it began: what it ended from then
    on is released with it. `sample` holds a few of the faults.
    """

    __tablename__ = "step_pauses"

    step: Mapped[str] = mapped_column(primary_key=True)
    breaker: Mapped[bool]
    reason: Mapped[str]
    by: Mapped[str]
    since: Mapped[datetime] = mapped_column(UTC)
    paused_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    sample: Mapped[dict[str, Any] | None]


class Backfill(Base):
    """A step made due again for a selection, walked by a cursor so that a kill loses nothing."""

    __tablename__ = "backfills"

    backfill_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), type_=Integer)
    step: Mapped[str]
    selection: Mapped[dict[str, Any]]
    cursor: Mapped[int] = mapped_column(server_default="0")
    enqueued: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)
