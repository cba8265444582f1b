"""`albumen search`: photos and clips by what they show, where, when and with whom."""

from __future__ import annotations

import json
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer

from albumen.cli.session import LIBRARY_OPTION, Session
from albumen.organise import searching
from albumen.organise.searching import Found, Only

DAY = "%Y-%m-%d"


class Kind(StrEnum):
    """What is looked for."""

    ANY = "any"
    PHOTO = "photo"
    VIDEO = "video"
    SCREENSHOT = "screenshot"
    DOCUMENT = "document"
    RECEIPT = "receipt"
    GRAPHIC = "graphic"
    SCAN = "scan"


def search(
    asked: Annotated[str, typer.Argument(help="In plain words: dog on the beach in Croatia 2019.")],
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    most: Annotated[int, typer.Option(min=1, max=1000, help="Most hits.")] = 20,
    kind: Annotated[Kind, typer.Option(help="Only these.")] = Kind.ANY,
    since: Annotated[datetime | None, typer.Option(formats=[DAY], help="First local day, as 2019-07-01.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=[DAY], help="Last local day.")] = None,
    why: Annotated[bool, typer.Option("--why", help="Say why each is a hit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Search a library."""
    from albumen.vision import asking

    session = Session.of_environment()
    only = Only(
        since.date() if since else None, until.date() if until else None, "" if kind is Kind.ANY else kind.value
    )
    with session.connect() as connection:
        found_library = session.library(connection, library)
        found = searching.run(
            connection,
            found_library.library_id,
            asked,
            today=date.today(),
            labels=asking.vocabulary(session.settings.models),
            encode=partial(asking.point_of, models=session.settings.models),
            most=most,
            only=only,
        )
    if as_json:
        typer.echo(json.dumps(described(found, found_library.prefix)))
        return
    for note in found.notes:
        typer.echo(note)
    for hit in found.hits:
        typer.echo(f"{hit.key.removeprefix(found_library.prefix)}{'  ' + '; '.join(hit.why) if why else ''}")
    if not found.hits:
        tried = f"; this library knows {', '.join(found.suggestions)}" if found.suggestions else ""
        typer.echo(f"nothing fits {asked!r}{tried}")


def described(found: Found, prefix: str) -> dict[str, Any]:
    """The answer in machine-readable shape."""
    question = found.question
    return {
        "asked": question.text,
        "understood": {
            "years": question.years,
            "months": question.months,
            "place": question.place_name or None,
            "people": question.person_ids,
            "shows": question.labels,
            "kind": question.kind or question.picture_kind or None,
            "camera": question.camera or None,
            "words": question.words,
        },
        "notes": found.notes,
        "suggestions": found.suggestions,
        "hits": [
            {"key": hit.key.removeprefix(prefix), "score": round(hit.score, 5), "why": hit.why} for hit in found.hits
        ],
    }
