"""`albumen memories why|feedback|pin|unpin|render`: why a story is told, what its owner likes, a day told now."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from albumen.catalog import memories, suppressions
from albumen.catalog.memories import StoredMemory
from albumen.cli.session import LIBRARY_OPTION, Session, fail
from albumen.memories import feedback as feedbacks
from albumen.memories import generating
from albumen.memories.personal import SIGNALS

JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def why(memory_id: str, library: Annotated[str, LIBRARY_OPTION] = "demo", as_json: JsonOption = False) -> None:
    """Tell why a memory was made, what its strength is made of, and why each picture is in it."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        memory = memories.one(connection, found.library_id, memory_id)
    if memory is None:
        fail(f"library {library} has no memory {memory_id}")
    if as_json:
        typer.echo(json.dumps(_explained(memory, found.prefix), ensure_ascii=False))
        return
    typer.echo(f"{memory.title}\n{memory.reason}\n")
    impersonal, personal = memory.why.get("impersonal", memory.strength), memory.why.get("personal", 0.0)
    typer.echo(
        f"strength {memory.strength:.3f} = {impersonal:.3f} of the story {personal:+.3f} of what its owner likes"
    )
    for one in memory.why.get("weights", ()):
        typer.echo(
            f"  {one['adds']:+.3f}  {one['feature']}: weight {one['weight']:+.2f}, {one['share']:.0%} of the story"
        )
    if not memory.why.get("weights"):
        typer.echo("  nothing is known of what its owner likes, or the library's stories are not personal")
    typer.echo("")
    for _, key, reason in memory.items:
        typer.echo(f"  {key.removeprefix(found.prefix) if key else '(erased)'}\n      {reason}")


def feedback(
    memory_id: str,
    signal: Annotated[str, typer.Argument(help=f"What its owner did: {', '.join(SIGNALS)}.")],
    item: Annotated[str, typer.Option(help="Of one picture of it, by its key; none: of the story.")] = "",
    library: Annotated[str, LIBRARY_OPTION] = "demo",
) -> None:
    """Tell what the owner did with a story: it decides which stories are told from the next day on."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        try:
            bucket, key = found.bucket, found.prefix + item
            item_id = suppressions.item_of_key(connection, found.library_id, bucket, key) if item else None
            feedbacks.told(connection, found, memory_id, signal, item_id=item_id)
        except ValueError as error:
            fail(str(error))
        connection.commit()
    typer.echo(f"{signal}: {item or memory_id}")


def pin(person: str, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Have stories of a person, by name or id, told first."""
    _pin(person, library, wanted=True)


def unpin(person: str, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Take that back."""
    _pin(person, library, wanted=False)


def _pin(person: str, library: str, *, wanted: bool) -> None:
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        try:
            people = suppressions.people_called(connection, found.library_id, person)
        except ValueError as error:
            fail(str(error))
        for person_id in people:
            if wanted:
                feedbacks.pin(connection, found, person_id)
            elif not feedbacks.unpin(connection, found, person_id):
                fail(f"{person} was not pinned")
        connection.commit()
    typer.echo(f"{person} is {'pinned' if wanted else 'pinned no more'}")


def render(
    on: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The local day to tell of.")],
    library: Annotated[str, LIBRARY_OPTION] = "demo",
) -> None:
    """Choose, render and store the memories of a day now, as `generate_memories` does."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
    day = on.date()
    told = generating.generate(
        session.connect, session.library_store, found, day, session.settings, seed=found.library_id
    )
    for story in told:
        typer.echo(f"{story.id}  {story.date}  {story.title}: {story.reason}")
    if not told:
        typer.echo(f"library {library} has no story on {day}")


def _explained(memory: StoredMemory, prefix: str) -> dict[str, Any]:
    return {
        "id": memory.memory_id,
        "kind": memory.kind,
        "title": memory.title,
        "reason": memory.reason,
        "strength": memory.strength,
        "why": dict(memory.why),
        "items": [
            {"key": key.removeprefix(prefix) if key else None, "reason": reason} for _, key, reason in memory.items
        ],
    }
