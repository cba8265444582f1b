"""Photos that show the same: near-duplicates, bursts as stacks, and similar ones."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, Index, Integer, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import ITEM_HASH, UTC, Base, ItemColumns


class DuplicateGroup(Base):
    """A group of near-duplicates (`near`), a burst (`stack`) or variations of one picture (`similar`).

    `keeper_item_id` is the member to keep, by rank or, once `resolved_at` is set, by someone's choice; nothing is
    ever deleted. A resolved group stays resolved; `decision` is `keep`, `keep all` or `different`.
    """

    __tablename__ = "duplicate_groups"
    __table_args__ = (Index("duplicate_groups_open", "library_id", "kind", "resolved_at"),)

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    group_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(7))
    items: Mapped[int] = mapped_column(Integer)
    keeper_item_id: Mapped[int]
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    decision: Mapped[str | None]
    resolved_by: Mapped[str | None]
    resolved_at: Mapped[datetime | None] = mapped_column(UTC)


class DuplicateMember(ItemColumns, Base):
    """An item of a group: its rank (0 is kept), how alike it is to the keeper (0-1), and how it is turned."""

    __tablename__ = "duplicate_members"
    __table_args__ = (Index("duplicate_members_by_group", "library_id", "group_id"), ITEM_HASH)

    kind: Mapped[str] = mapped_column(String(7), primary_key=True)
    group_id: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    likeness: Mapped[float]
    turned: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
