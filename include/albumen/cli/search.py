"""`albumen search`: photos and clips by what they show, where, when and with whom."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from albumen.cli.session import LIBRARY_OPTION, Session
from albumen.organise import searching
from albumen.organise.searching import Found
from albumen.settings import Settings


def search(
    asked: Annotated[str, typer.Argument(help="In plain words: dog on the beach in Croatia 2019.")],
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    most: Annotated[int, typer.Option(min=1, max=1000, help="Most hits.")] = 20,
    why: Annotated[bool, typer.Option("--why", help="Say why each is a hit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Search a library."""
    session = Session.of_environment()
    with session.connect() as connection:
        found_library = session.library(connection, library)
        found = searching.run(
            connection,
            found_library.library_id,
            asked,
            today=date.today(),
            labels=vocabulary(),
            point=point_of(asked, session.settings),
            most=most,
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


def vocabulary() -> set[str]:
    """Things that the scene model can name."""
    from albumen.vision.labels import class_names, groups

    return {*class_names(), *groups()}


def point_of(asked: str, settings: Settings) -> Any | None:
    """The sentence among the pictures; None where the model is not there, which costs a way of finding only."""
    from albumen.vision.label_vectors import VOCABULARY
    from albumen.vision.sentences import TextEncoder
    from albumen.vision.weights import WeightsError, path_of

    directory = Path(settings.models.directory).expanduser()
    try:
        weights, words = path_of(settings.models.sentences, directory), path_of(VOCABULARY, directory)
    except WeightsError:
        return None
    return TextEncoder(weights, words, threads=settings.models.threads).predict([asked])[0]


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
