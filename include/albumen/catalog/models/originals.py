"""Libraries, the objects of their sources, and the items these are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    Identity,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import ITEM_HASH, NOW, UTC, Base


class Library(Base):
    """One owner's collection: a bucket and prefix, a home, policies."""

    __tablename__ = "libraries"

    library_id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    bucket: Mapped[str]
    prefix: Mapped[str] = mapped_column(server_default="")
    home_zone: Mapped[str] = mapped_column(server_default="UTC")
    locale: Mapped[str] = mapped_column(server_default="en")
    consents: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    personal: Mapped[bool] = mapped_column(server_default=text("true"))
    proxy: Mapped[str] = mapped_column(server_default="required")
    review: Mapped[str] = mapped_column(server_default="never")
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class Original(Base):
    """One object of a source bucket."""

    __tablename__ = "originals"
    __table_args__ = (
        Index("originals_by_id", "original_id"),
        Index("originals_by_item", "library_id", "item_id", "original_id"),
        {"postgresql_partition_by": "HASH (library_id, bucket, key)"},
    )

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    bucket: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    original_id: Mapped[int] = mapped_column(server_default=text("nextval('subject_ids')"))
    etag: Mapped[str]
    size: Mapped[int]
    last_modified: Mapped[datetime] = mapped_column(UTC)
    item_id: Mapped[int | None]
    kind: Mapped[str | None]
    mime: Mapped[str | None]
    discovered_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    missed_listing: Mapped[int | None]
    vanished_at: Mapped[datetime | None] = mapped_column(UTC)


class Fingerprint(Base):
    """What makes items unique within a library: SHA-256 of the content."""

    __tablename__ = "fingerprints"
    __table_args__ = ({"postgresql_partition_by": "HASH (library_id, sha256)"},)

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(server_default=text("nextval('subject_ids')"))


class Item(Base):
    """One piece of content in a library."""

    __tablename__ = "items"
    __table_args__ = (
        Index("items_by_kind", "library_id", "kind", "item_id", postgresql_where=text("kind <> 'photo'")),
        ITEM_HASH,
    )

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[bytes]
    bytes: Mapped[int]
    kind: Mapped[str]
    mime: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
    retired_at: Mapped[datetime | None] = mapped_column(UTC)
