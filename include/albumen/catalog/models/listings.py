"""Full listings and their checkpoints."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Identity,
    Integer,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import NOW, UTC, Base


class Listing(Base):
    """One full listing of a library's source."""

    __tablename__ = "listings"

    listing_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("libraries.library_id"), type_=Integer, index=True)
    started_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)
    keys: Mapped[int] = mapped_column(server_default="0")


class ListingShard(Base):
    """A prefix of a listing with its checkpoint: the store's token for the page after those registered."""

    __tablename__ = "listing_shards"

    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id", ondelete="CASCADE"), primary_key=True)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    direct: Mapped[bool] = mapped_column(server_default=text("false"))
    token: Mapped[str] = mapped_column(server_default="")
    keys: Mapped[int] = mapped_column(server_default="0")
    finished_at: Mapped[datetime | None] = mapped_column(UTC)


class ListedKey(Base):
    """The keys a running listing has seen, to find what is missing; emptied when it ends (unlogged)."""

    __tablename__ = "listed_keys"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    listing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
