"""People, and which face is whose: what was computed, and apart from it what someone decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pgvector.sqlalchemy import Vector
from sqlalchemy import REAL, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import ITEM_HASH, NOW, UTC, Base, ItemColumns


class PersonRow(Base):
    """Someone whose face was seen. `merged_into` keeps an old id working; an ignored person is shown nowhere.

    A hidden person is kept out of memories, and photos that show one as well. `centre` is the mean of the face vectors
    of one model: biometric, gone with the consent.
    """

    __tablename__ = "people"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    birth_date: Mapped[date | None]
    hidden: Mapped[bool] = mapped_column(server_default="false")
    ignored: Mapped[bool] = mapped_column(server_default="false")
    merged_into: Mapped[str | None]
    faces: Mapped[int] = mapped_column(Integer, server_default="0")
    cover_item_id: Mapped[int | None]
    cover_face_no: Mapped[int | None] = mapped_column(SmallInteger)
    model_id: Mapped[str | None]
    centre: Mapped[Any | None] = mapped_column(Vector(128))
    created_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class FacePerson(ItemColumns, Base):
    """Whose face it is, as computed with all decisions in force; no row: nobody knows.

    The box is kept, so that a face found again by another model is still the same person's.
    """

    __tablename__ = "face_people"
    __table_args__ = (Index("face_people_by_person", "library_id", "person_id", "item_id"), ITEM_HASH)

    face_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[str]
    confidence: Mapped[float] = mapped_column(REAL())
    x: Mapped[float] = mapped_column(REAL())
    y: Mapped[float] = mapped_column(REAL())
    width: Mapped[float] = mapped_column(REAL())
    height: Mapped[float] = mapped_column(REAL())


class FaceDecision(ItemColumns, Base):
    """What someone said of a face: it `is` a person, or is `not`.

    The face is known by its box, which outlives another detector and its numbering.
    """

    __tablename__ = "face_decisions"
    __table_args__ = (Index("face_decisions_by_person", "library_id", "person_id"), ITEM_HASH)

    person_id: Mapped[str] = mapped_column(primary_key=True)
    x: Mapped[float] = mapped_column(REAL(), primary_key=True)
    y: Mapped[float] = mapped_column(REAL(), primary_key=True)
    width: Mapped[float] = mapped_column(REAL())
    height: Mapped[float] = mapped_column(REAL())
    verdict: Mapped[str] = mapped_column(String(3))
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class PersonPair(Base):
    """Two people that someone said are different; `first_id` < `second_id`. They are never suggested as one again."""

    __tablename__ = "person_pairs"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    first_id: Mapped[str] = mapped_column(primary_key=True)
    second_id: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)
