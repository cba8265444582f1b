"""What the owner of a library wants of its memories, and what the world is told of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class Suppression(Base):
    """What is never to be in a story."""

    __tablename__ = "suppressions"
    __table_args__ = (Index("suppressions_by_subject", "library_id", "kind", "value", unique=True),)

    suppression_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), type_=Integer)
    kind: Mapped[str]
    value: Mapped[str]
    item_id: Mapped[int | None]
    first: Mapped[date | None]
    last: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class MemorySignal(Base):
    """What the owner did with a memory, or with one picture of it."""

    __tablename__ = "memory_signals"
    __table_args__ = (Index("memory_signals_by_library", "library_id", "signal_id"),)

    signal_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), type_=Integer)
    signal: Mapped[str]
    memory_id: Mapped[str | None]
    kind: Mapped[str | None]
    item_id: Mapped[int | None]
    features: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class MemoryEvent(Base):
    """What is to be told of a memory to those who asked: written with the change, sent afterwards."""

    __tablename__ = "memory_events"
    __table_args__ = (Index("memory_events_waiting", "event_id", postgresql_where=text("sent_at IS NULL")),)

    event_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), type_=Integer)
    event: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    sent_at: Mapped[datetime | None] = mapped_column(UTC)
