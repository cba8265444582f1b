"""`albumen memories suppress|allow|suppressions|approve|decline|announce`: what its owner wants of the stories."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import boto3
import typer
from sqlalchemy import Connection

from albumen.catalog import suppressions
from albumen.catalog.libraries import Library
from albumen.catalog.suppressions import Suppression, SuppressionError
from albumen.cli.session import LIBRARY_OPTION, Session, fail
from albumen.memories import announcing, hiding, reviewing, withdrawing
from albumen.memories.registry import memory_kinds


def suppress(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    item: Annotated[str, typer.Option(help="A picture, by its key.")] = "",
    like: Annotated[str, typer.Option(help="A picture and what looks like it, by its key.")] = "",
    person: Annotated[str, typer.Option(help="Everybody's pictures of a person, by name or id.")] = "",
    place: Annotated[str, typer.Option(help="A city, region or country, by name or id.")] = "",
    label: Annotated[str, typer.Option(help="What pictures show, such as dog.")] = "",
    kind: Annotated[str, typer.Option(help="A kind of memory, such as recap.")] = "",
    memory: Annotated[str, typer.Option(help="One memory, by its id.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First hidden day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last one; none: the same day.")] = None,
) -> None:
    """Hide something: no story shows it from now on, and those that do are withdrawn at once."""
    session = Session.of_environment()
    named = {
        "item": item,
        "like": like,
        "person": person,
        "place": place,
        "label": label,
        "kind": kind,
        "memory": memory,
    }
    given = [(name, value) for name, value in named.items() if value]
    if len(given) + (since is not None) != 1 or (until and not since):
        fail("name one thing to hide: see `albumen memories suppress --help`", 2)
    with session.connect() as connection:
        found = session.library(connection, library)
        try:
            if since is not None:
                wanted = [hiding.days(since.date(), (until or since).date())]
            else:
                wanted = _named(connection, found, session, *given[0])
        except ValueError as error:
            fail(str(error))
    for each in wanted:
        taken = withdrawing.hide(session.connect, session.library_store, found, each, session.settings)
        typer.echo(f"{each.kind} {each.value} {'is hidden' if taken.is_new else 'was hidden already'}")
        for gone in taken.memories:
            typer.echo(f"  withdrawn: {gone.memory_id} of {gone.told_on}")


def allow(suppression_id: int, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Take back what was hidden, by the number that `suppressions` shows; stories come again with their day."""
    session = Session.of_environment()
    with session.connect() as connection:
        is_lifted = suppressions.lift(connection, session.library(connection, library).library_id, suppression_id)
        connection.commit()
    if not is_lifted:
        fail(f"library {library} hides nothing under {suppression_id}")


def list_suppressions(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List what is hidden."""
    session = Session.of_environment()
    with session.connect() as connection:
        every = suppressions.of_library(connection, session.library(connection, library).library_id)
    if as_json:
        typer.echo(json.dumps([{"id": one.suppression_id, "kind": one.kind, "value": one.value} for one in every]))
        return
    for one in every:
        typer.echo(f"{one.suppression_id:>6}  {one.kind:<8} {one.value}")
    if not every:
        typer.echo(f"library {library} hides nothing")


def approve(memory_id: str, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Publish a memory that waits for a person, or was left out."""
    _answer(memory_id, library, approved=True)


def decline(memory_id: str, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Leave a memory out that waits for a person."""
    _answer(memory_id, library, approved=False)


def _answer(memory_id: str, library: str, *, approved: bool) -> None:
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
    is_new = reviewing.answer(
        session.connect,
        session.library_store,
        found,
        memory_id,
        session.settings,
        approved=approved,
        by=getpass.getuser(),
    )
    if not is_new:
        fail(f"library {library} has no memory {memory_id} that waits for an answer")
    typer.echo(f"{memory_id} is {'published' if approved else 'left out'}")


def announce() -> None:
    """Send what waits to be told of published and withdrawn memories, as `generate_memories` does every hour."""
    session = Session.of_environment()

    def client(service: str) -> Any:
        return boto3.client(service)

    told = announcing.receivers(session.settings.memories, client)
    try:
        sent = announcing.announce(session.connect, session.library_store, told, session.settings)
    except announcing.AnnouncingError as error:
        fail(str(error))
    typer.echo(f"{sent} events sent")


def _named(connection: Connection, library: Library, session: Session, kind: str, value: str) -> list[Suppression]:
    if kind in ("item", "like"):
        item = suppressions.item_of_key(connection, library.library_id, library.bucket, library.prefix + value)
        return [Suppression(kind, str(item), item_id=item)]
    if kind == "label":
        return [Suppression(kind, suppressions.label_called(connection, library.library_id, value))]
    if kind == "kind":
        known = memory_kinds(session.settings.memories)
        if value not in known:
            raise SuppressionError(f"there is no kind {value!r}; there are: {', '.join(known)}")
    called: dict[str, Callable[[Connection, int, str], list[str]]] = {
        "person": suppressions.people_called,
        "place": suppressions.places_called,
    }
    if kind in called:
        return [Suppression(kind, found) for found in called[kind](connection, library.library_id, value)]
    return [Suppression(kind, value)]
