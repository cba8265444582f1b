"""What was taken out of a library for good, and what keeps it out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class Erasure(Base):
    """One request to erase content: who asked, who approved, how far it is, and its receipt.

    No reference to `libraries`: the receipt of an erased library outlives it. `claim` is the run that
    asked, so that asking twice makes one request; `closed_at` is when nothing could be added any more.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index("erasures_by_claim", "claim", unique=True),)

    erasure_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    claim: Mapped[str]
    library_id: Mapped[int] = mapped_column(Integer)
    library: Mapped[str]
    selection: Mapped[dict[str, Any]]
    reason: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None] = mapped_column(UTC)
    phase: Mapped[str]
    cursor: Mapped[str] = mapped_column(server_default="")
    closed_at: Mapped[datetime | None] = mapped_column(UTC)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)
    receipt: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class Tombstone(Base):
    """Content that was erased: no listing and no copy brings it back."""

    __tablename__ = "tombstones"
    __table_args__ = (Index("tombstones_by_erasure", "erasure_id", "sha256"),)

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    item_id: Mapped[int | None]
    erasure_id: Mapped[int]
    erased_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
