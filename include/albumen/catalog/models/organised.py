"""What organising a library gives: places, visits, homes, events, trips. All of it can be computed anew."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ARRAY, REAL, BigInteger, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import ITEM_HASH, LOCAL, NOW, UTC, Base, ItemColumns


class DirtyItem(Base):
    """An item that changed since it was last organised."""

    __tablename__ = "dirty_items"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class ItemPlace(ItemColumns, Base):
    """Where an item was taken; an inferred position says how far off it may be."""

    __tablename__ = "item_places"
    __table_args__ = (Index("item_places_by_place", "library_id", "place_id", "item_id"), ITEM_HASH)

    lat: Mapped[float]
    lon: Mapped[float]
    place_id: Mapped[str | None]
    inferred: Mapped[bool]
    within_km: Mapped[float | None] = mapped_column(REAL())


class PlaceRow(Base):
    """A named place that a library has photos of."""

    __tablename__ = "places"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    place_id: Mapped[str] = mapped_column(primary_key=True)
    city: Mapped[str | None]
    region: Mapped[str | None]
    country: Mapped[str]
    country_code: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]


class VisitRow(Base):
    """A local day at a cell of 0.01 degrees, by which homes and trips are found; its first and last instant."""

    __tablename__ = "visits"
    __table_args__ = (Index("visits_by_cell", "library_id", "lat_cell", "lon_cell"),)

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    lat_cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    lon_cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    lat: Mapped[float]
    lon: Mapped[float]
    photos: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UTC)
    last_at: Mapped[datetime] = mapped_column(UTC)


class MapCell(Base):
    """A cell of a map, 2^level degrees wide: photos and days there, and the sums that their middle comes from."""

    __tablename__ = "map_cells"
    __table_args__ = (Index("map_cells_empty", "library_id", postgresql_where=text("days = 0")),)

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    cell_row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    cell_col: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    photos: Mapped[int] = mapped_column(BigInteger)
    days: Mapped[int] = mapped_column(Integer)
    lat_sum: Mapped[float]
    lon_sum: Mapped[float]


class HomeRow(Base):
    """A place lived at, from one day to another."""

    __tablename__ = "homes"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    home_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    lat: Mapped[float]
    lon: Mapped[float]
    first_day: Mapped[date]
    last_day: Mapped[date]
    days: Mapped[int] = mapped_column(Integer)


class HomeLesson(Base):
    """Of how many visits the homes of a library were last learned, and how many have changed since."""

    __tablename__ = "home_lessons"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    visits: Mapped[int] = mapped_column(Integer)
    changed: Mapped[int] = mapped_column(Integer)


class ItemEvent(ItemColumns, Base):
    """The event and the trip an item belongs to."""

    __tablename__ = "item_events"
    __table_args__ = (
        Index("item_events_by_event", "library_id", "event_id"),
        Index("item_events_by_trip", "library_id", "trip_id"),
        ITEM_HASH,
    )

    event_id: Mapped[str | None]
    trip_id: Mapped[str | None]


class EventRow(Base):
    """One occasion; local wall times."""

    __tablename__ = "events"
    __table_args__ = (Index("events_by_time", "library_id", "starts"),)

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    starts: Mapped[datetime] = mapped_column(LOCAL)
    ends: Mapped[datetime] = mapped_column(LOCAL)
    starts_at: Mapped[datetime] = mapped_column(UTC)
    ends_at: Mapped[datetime] = mapped_column(UTC)
    photos: Mapped[int] = mapped_column(Integer)
    place_id: Mapped[str | None]


class TripRow(Base):
    """One time away from home; days are the local ones where it began and ended, places in the order visited."""

    __tablename__ = "trips"
    __table_args__ = (Index("trips_by_time", "library_id", "starts_at"),)

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    trip_id: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UTC)
    ends_at: Mapped[datetime] = mapped_column(UTC)
    first_day: Mapped[date]
    last_day: Mapped[date]
    days: Mapped[int] = mapped_column(SmallInteger)
    photos: Mapped[int] = mapped_column(Integer)
    farthest_km: Mapped[float] = mapped_column(REAL())
    place_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
