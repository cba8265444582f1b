"""Local days, and the memories told of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class Day(Base):
    """One local day of a library; `photos` and `good` have a date that is no guess, `shown` is all there is."""

    __tablename__ = "days"

    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), primary_key=True, type_=Integer)
    day: Mapped[date] = mapped_column(primary_key=True)
    photos: Mapped[int] = mapped_column(Integer)
    good: Mapped[int] = mapped_column(Integer)
    shown: Mapped[int] = mapped_column(Integer, server_default="0")


class Highlights(Base):
    """The best items of a local day, in order: of all of it (`feature` is empty), or of a person, place or label.

    `score` is the best one's; favourites have more than 1.
    """

    __tablename__ = "highlights"
    __table_args__ = (
        Index("highlights_by_day", "library_id", "day"),
        {"postgresql_partition_by": "HASH (library_id, feature)"},
    )

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    feature: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    items: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    score: Mapped[float] = mapped_column(REAL())


class DirtyDay(Base):
    """A local day whose items changed since it was last organised."""

    __tablename__ = "dirty_days"

    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), primary_key=True, type_=Integer)
    day: Mapped[date] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class Memory(Base):
    """A story made of chosen items."""

    __tablename__ = "memories"
    __table_args__ = (
        Index("memories_by_day", "library_id", "told_on"),
        Index("memories_in_review", "told_on", postgresql_where=text("state = 'review'")),
    )

    memory_id: Mapped[str] = mapped_column(primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), type_=Integer, index=True)
    kind: Mapped[str]
    key: Mapped[str]
    told_on: Mapped[date]
    title: Mapped[str]
    reason: Mapped[str]
    strength: Mapped[float]
    cover_item_id: Mapped[int]
    inputs_key: Mapped[str]
    page_key: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="published")
    files: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    why: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    asked_at: Mapped[datetime | None] = mapped_column(UTC)
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class MemoryItem(Base):
    """One chosen picture of a memory and why it was chosen; whose it is, where another library lent it."""

    __tablename__ = "memory_items"
    __table_args__ = (
        Index("memory_items_by_item", "item_id"),
        Index("memory_items_lent", "library_id", "item_id", postgresql_where=text("library_id IS NOT NULL")),
    )

    memory_id: Mapped[str] = mapped_column(ForeignKey("memories.memory_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    item_id: Mapped[int]
    reason: Mapped[str]
    library_id: Mapped[int | None] = mapped_column(Integer)


class MemoryTurn(Base):
    """The last local day a library's memories were made for, so that each morning has one turn."""

    __tablename__ = "memory_turns"

    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), primary_key=True, type_=Integer)
    day: Mapped[date]
    at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
