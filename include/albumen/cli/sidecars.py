"""`albumen sidecars`: what is known of each original, as XMP that other programs read."""

from __future__ import annotations

from typing import Annotated

import typer

from albumen.catalog import told_facts
from albumen.catalog.told_facts import ToldFacts
from albumen.cli.library import split_source
from albumen.cli.session import Session, fail
from albumen.media.metadata.write_xmp import Told, write_xmp

CERTAIN = ("high", "medium")


def sidecars(
    library: Annotated[str, typer.Argument(help="Name of the library.")],
    to: Annotated[str, typer.Option(help="Where they go: s3://bucket/prefix, not into the library's source.")],
) -> None:
    """Write an XMP sidecar, `name.ext.xmp`, for every original of which something is known."""
    bucket, prefix = split_source(to)
    session = Session.of_environment()
    written = silent = 0
    with session.connect() as connection:
        found = session.library(connection, library)
        if bucket == found.bucket and (prefix.startswith(found.prefix) or found.prefix.startswith(prefix)):
            fail(f"{to} is in the source of library {library}, which is only read: choose another place", 2)
        for facts in told_facts.everyone(connection, found):
            told = told_of(facts)
            if told.is_empty:
                silent += 1
                continue
            key = f"{prefix}{facts.key.removeprefix(found.prefix)}.xmp"
            session.library_store.put(bucket, key, write_xmp(told), mime="application/rdf+xml")
            written += 1
    typer.echo(f"{written} sidecars written to {to}; of {silent} originals nothing is known that one could tell")


def told_of(facts: ToldFacts) -> Told:
    """What a sidecar tells; a date that is a guess is none."""
    taken = None
    if facts.taken_local is not None and facts.taken_confidence in CERTAIN:
        minutes = facts.taken_offset_minutes
        sign = "-" if (minutes or 0) < 0 else "+"
        offset = "" if minutes is None else f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        taken = facts.taken_local.isoformat() + offset
    extra = facts.extra
    return Told(
        taken=taken,
        lat=facts.gps_lat,
        lon=facts.gps_lon,
        alt=facts.gps_alt,
        rating=extra.get("rating"),
        title=extra.get("title"),
        description=extra.get("description"),
        keywords=tuple(extra.get("keywords", ())),
        width=facts.width,
        height=facts.height,
        orientation=facts.orientation,
        regions=tuple(extra.get("face_regions", ())),
    )
