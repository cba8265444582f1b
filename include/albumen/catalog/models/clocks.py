"""Cameras whose clocks seem to be off, and what was decided of each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import LOCAL, UTC, Base


class CameraClock(Base):
    """A clock that shows `ahead` minutes too much, over a time by that clock; `utc_minutes` is what phones had then.

    `decision` is `applied`, `dismissed`, or none while it waits for an answer.
    """

    __tablename__ = "camera_clocks"
    __table_args__ = (Index("camera_clocks_by_library", "library_id", "camera", "first"),)

    clock_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    library_id: Mapped[int] = mapped_column(Integer)
    camera: Mapped[str]
    first: Mapped[datetime] = mapped_column(LOCAL)
    last: Mapped[datetime] = mapped_column(LOCAL)
    ahead: Mapped[int] = mapped_column(Integer)
    utc_minutes: Mapped[int] = mapped_column(SmallInteger)
    matches: Mapped[int] = mapped_column(Integer)
    days: Mapped[int] = mapped_column(Integer)
    decision: Mapped[str | None] = mapped_column(String(9))
    by: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(UTC)
