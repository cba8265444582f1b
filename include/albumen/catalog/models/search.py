"""What searching needs of its own; places, people, labels and points are asked where they are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import ITEM_HASH, Base, ItemColumns


class ItemWords(ItemColumns, Base):
    """Words of an item, weighed by where they are from: A caption, B name and folders, C camera, D in the picture."""

    __tablename__ = "item_words"
    __table_args__ = (Index("item_words_by_word", "words", postgresql_using="gin"), ITEM_HASH)

    words: Mapped[Any] = mapped_column(TSVECTOR)


class CameraRow(Base):
    """A camera that photos of a library were taken with: make and model."""

    __tablename__ = "cameras"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    camera: Mapped[str] = mapped_column(primary_key=True)
