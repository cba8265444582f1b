"""What is wrong, since when, and who asked for silence about it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class Alert(Base):
    """Something that needs a person, and the exact command to run next; open until `resolved_at`, and told once."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("alerts_open", "kind", "about", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("alerts_by_time", "opened_at"),
    )

    alert_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    about: Mapped[str]
    summary: Mapped[str]
    command: Mapped[str] = mapped_column(server_default="")
    opened_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    told_at: Mapped[datetime | None] = mapped_column(UTC)
    noticed_at: Mapped[datetime | None] = mapped_column(UTC)
    resolved_at: Mapped[datetime | None] = mapped_column(UTC)


class Silence(Base):
    """Nobody is told of alerts of a kind (empty: all) about something (empty: anything) until it ends."""

    __tablename__ = "silences"

    silence_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default="")
    about: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str]
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    ends_at: Mapped[datetime] = mapped_column(UTC)
