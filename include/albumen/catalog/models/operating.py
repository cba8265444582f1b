"""What operators did, and how much was done when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class AuditEntry(Base):
    """One action of a person in the console; written in the transaction of the action, and never changed."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_by_time", "at"),)

    audit_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    by: Mapped[str]
    action: Mapped[str]
    library: Mapped[str] = mapped_column(server_default="")
    details: Mapped[dict[str, Any]]


class HourOfWork(Base):
    """Step outcomes and their cost by the hour, kept by the result transactions; `slice` spreads the writers."""

    __tablename__ = "hours_of_work"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTC, primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True, server_default="")
    slice: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    n: Mapped[int]
    cpu_s: Mapped[float]
    wall_s: Mapped[float]
    bytes_read: Mapped[int]
    bytes_written: Mapped[int]
