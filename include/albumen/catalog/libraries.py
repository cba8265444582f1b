"""Which libraries are there, and what are their policies?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from albumen.catalog import changes
from albumen.catalog.models import Library as LibraryTable
from albumen.settings import ProxyPolicy
from albumen.storage.layout import holds_ours

FAMILY = "family"
"""Consent to stories in which pictures of two libraries stand, both of which consent."""
CONSENTS = ("faces", FAMILY)
REVIEWS = ("never", "ask")


ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('albumen create library'))")
"""Two that are made at once must see one another, or they could overlap."""


class LibraryError(ValueError):
    """A library is missing, exists already, or was given something impossible."""


@dataclass(frozen=True, slots=True)
class Library:
    """One owner's collection.

    Attributes
    ----------
    bucket, prefix : str
        Where its originals are; a key below the prefix is what people see.
    home_zone : str
        IANA zone assumed where a photo does not tell its own.
    consents : tuple of str
        What the owner agreed to (`faces`).
    proxy : str
        Which videos get a `proxy`: `required`, `bitrate`, `always` or `never`.
    personal : bool
        Whether what the owner did with stories decides which are told.
    review : str
        Whether a person approves memories before they are published: `never` or `ask`.
    """

    library_id: int
    name: str
    bucket: str
    prefix: str
    home_zone: str
    locale: str
    consents: tuple[str, ...]
    proxy: ProxyPolicy = "required"
    review: str = "never"
    personal: bool = True


def _library(row: Mapping[str, Any]) -> Library:
    names = ("library_id", "name", "bucket", "prefix", "home_zone", "locale", "proxy", "review", "personal")
    fields = {name: row[name] for name in names}
    return Library(**fields, consents=tuple(row["consents"]))


def create(
    connection: Connection,
    *,
    name: str,
    bucket: str,
    prefix: str,
    home_zone: str,
    consents: tuple[str, ...],
    library_bucket: str = "",
) -> Library:
    """Make a library.

    Parameters
    ----------
    library_bucket : str
        Where Albumen writes: what lies there below its prefixes can be no source.

    Raises
    ------
    LibraryError
        If the name is taken, or the source overlaps another library's or our own files.
    """
    _check_consents(consents)
    if bucket == library_bucket and holds_ours(prefix):
        raise LibraryError(f"s3://{bucket}/{prefix} holds what Albumen writes itself: choose another source")
    connection.execute(ONE_AT_A_TIME)
    for other in everyone(connection):
        if other.bucket == bucket and (other.prefix.startswith(prefix) or prefix.startswith(other.prefix)):
            raise LibraryError(
                f"s3://{bucket}/{prefix} overlaps the source of library {other.name!r}: s3://{other.bucket}/{other.prefix}"
            )
    values = {"name": name, "bucket": bucket, "prefix": prefix, "home_zone": home_zone, "consents": list(consents)}
    try:
        row = (
            connection.execute(insert(LibraryTable).values(values).returning(*LibraryTable.__table__.columns))
            .mappings()
            .one()
        )
    except IntegrityError as error:
        raise LibraryError(f"library {name!r} exists already") from error
    return _library(dict(row))


def named(connection: Connection, name: str) -> Library:
    """The library of that name.

    Raises
    ------
    LibraryError
        If there is none; the message lists those there are.
    """
    for library in everyone(connection):
        if library.name == name:
            return library
    names = ", ".join(library.name for library in everyone(connection)) or "none yet"
    raise LibraryError(f"no library is called {name!r}; there are: {names}")


def everyone(connection: Connection) -> list[Library]:
    """All libraries, oldest first."""
    rows = connection.execute(select(*LibraryTable.__table__.columns).order_by(LibraryTable.library_id)).mappings()
    return [_library(dict(row)) for row in rows]


def by_id(connection: Connection) -> dict[int, Library]:
    """All libraries by their ids."""
    return {library.library_id: library for library in everyone(connection)}


def change(connection: Connection, name: str, values: Mapping[str, Any]) -> Library:
    """Set policies of a library (`home_zone`, `locale`, `consents`, `proxy`, `review`, `personal`)."""
    if values.get("review", "never") not in REVIEWS:
        raise LibraryError(f"unknown review {values['review']!r}; there are: {', '.join(REVIEWS)}")
    if "consents" in values:
        _check_consents(tuple(values["consents"]))
    library = named(connection, name)
    connection.execute(update(LibraryTable).where(LibraryTable.library_id == library.library_id).values(dict(values)))
    return named(connection, name)


def _check_consents(consents: tuple[str, ...]) -> None:
    unknown = sorted(set(consents) - set(CONSENTS))
    if unknown:
        raise LibraryError(f"unknown consent {unknown[0]!r}; there is: {', '.join(CONSENTS)}")


FORGET_FACES = (
    text("DELETE FROM due WHERE library_id = :library_id AND step = 'faces'"),
    text("UPDATE due SET shard_id = NULL WHERE library_id = :library_id AND step = 'quality' AND shard_id IS NOT NULL"),
    text("DELETE FROM faces WHERE library_id = :library_id"),
    text("""
        UPDATE quality SET faces = NULL, reasons = array_remove(reasons, 'blurred_faces')
        WHERE library_id = :library_id AND faces IS NOT NULL
    """),
    text("DELETE FROM face_people WHERE library_id = :library_id"),
    text("DELETE FROM face_decisions WHERE library_id = :library_id"),
    text("DELETE FROM person_pairs WHERE library_id = :library_id"),
    text("DELETE FROM people WHERE library_id = :library_id"),
    text("DELETE FROM highlights WHERE library_id = :library_id AND feature LIKE 'person:%'"),
    text("DELETE FROM memory_signals WHERE library_id = :library_id AND signal = 'pinned'"),
    text("""
        UPDATE memory_signals s SET features = (
            SELECT COALESCE(jsonb_object_agg(key, value), '{}') FROM jsonb_each(s.features)
            WHERE key NOT LIKE 'person:%'
        ) WHERE library_id = :library_id
    """),
    text("DELETE FROM outcomes WHERE library_id = :library_id AND step = 'faces'"),
    text("DELETE FROM tallies WHERE library_id = :library_id AND step = 'faces'"),
)
"""The due work first: that waits for the workers who are writing faces, and later ones write none without it. Scores
of quality that knew of faces stay until the step is done again.
"""


def forget_faces(connection: Connection, library_id: int) -> None:
    """Delete every face vector of a library, its people, and all work on faces: consent was withdrawn."""
    changes.wait(connection, library_id)
    for statement in FORGET_FACES:
        connection.execute(statement, {"library_id": library_id})
