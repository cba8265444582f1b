"""What all models share: the base, the id sequence, types, the key of result tables."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Sequence,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PARTITIONS = 16
UTC = DateTime(timezone=True)
LOCAL = DateTime(timezone=False)
NOW = text("now()")
ITEM_HASH = {"postgresql_partition_by": "HASH (library_id, item_id)"}


class Base(DeclarativeBase):
    """Base of all models."""

    type_annotation_map = {  # noqa: RUF012
        int: BigInteger,
        str: Text,
        float: Float(53),
        dict[str, Any]: JSONB,
        bytes: LargeBinary,
        bool: Boolean,
        date: Date,
    }


SUBJECT_IDS = Sequence("subject_ids", metadata=Base.metadata)
"""One sequence for originals and items, so that an id alone says which subject is meant."""


class ItemColumns:
    """The key of every result table."""

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-2)
    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-1)
