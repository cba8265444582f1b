"""What searching needs of its own; places, people, labels and points are asked where they are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import ITEM_HASH, Base, ItemColumns


class ItemWords(ItemColumns, Base):
    """Words of an item's name, folders, caption, keywords and camera."""

    __tablename__ = "item_words"
    __table_args__ = (Index("item_words_by_word", "words", postgresql_using="gin"), ITEM_HASH)

    words: Mapped[Any] = mapped_column(TSVECTOR)
