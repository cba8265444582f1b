"""How far the checks of what is stored have come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class IntegrityCheck(Base):
    """One walk of one check (`missing`, `orphaned`, `changed`, `superseded`) over a library, in pieces.

    `cursor` names the piece that comes next, `looked_at` is when the last one ended; `found` holds
    counts, a sample of keys, and the keys whose deletion is not confirmed yet.
    """

    __tablename__ = "integrity_checks"
    __table_args__ = (Index("integrity_checks_by_library", "library_id", "kind", "started_at"),)

    check_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    library_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)
    cursor: Mapped[str]
    looked_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    checked: Mapped[int] = mapped_column(server_default="0")
    found: Mapped[dict[str, Any]]
