"""`albumen people`: who is in a library; names, merges, splits, hiding."""

from __future__ import annotations

import getpass
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, text

from albumen.catalog import people, person_decisions, person_suggestions
from albumen.catalog.libraries import Library
from albumen.catalog.people import Assignment, Person, PersonError
from albumen.cli.session import LIBRARY_OPTION, Session, fail
from albumen.organise.people import SUGGEST, confidence

app = typer.Typer(help="List, name, merge, split and hide people.", no_args_is_help=True)

ITEMS = text("""
    SELECT key, item_id FROM originals
    WHERE library_id = :library_id AND bucket = :bucket AND key = ANY(:keys) AND item_id IS NOT NULL
""")

Who = Annotated[str, typer.Argument(help="A person's id or name.")]
Keys = Annotated[list[str], typer.Argument(help="Keys of photos that show the person.")]


@app.command("list")
def list_people(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    everyone: Annotated[bool, typer.Option("--all", help="Also hidden and ignored people.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List the people of a library, most seen first."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = people.everyone(connection, session.library(connection, library).library_id, all_of_them=everyone)
    if as_json:
        typer.echo(json.dumps([described(person) for person in found]))
        return
    for person in found:
        marks = [mark for mark, holds in (("hidden", person.hidden), ("ignored", person.ignored)) if holds]
        born = f", born {person.birth_date}" if person.birth_date else ""
        typer.echo(
            f"{person.person_id}  {person.faces:>6} faces  {person.name or '-'}{born}  {' '.join(marks)}".rstrip()
        )
    typer.echo(f"{len(found)} people")


@app.command()
def name(
    who: Who,
    new_name: Annotated[str, typer.Argument(help="The name; empty takes it away.")],
    born: Annotated[str, typer.Option(help="Birth date, as 2015-03-21.")] = "",
    library: Annotated[str, LIBRARY_OPTION] = "demo",
) -> None:
    """Give a person a name, and a birth date."""
    values: dict[str, Any] = {"name": new_name.strip() or None}
    if born:
        try:
            values["birth_date"] = date.fromisoformat(born)
        except ValueError:
            fail(f"{born!r} is no date as 2015-03-21", 2)
    _change(library, who, values)


@app.command()
def hide(
    who: Who,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    undo: Annotated[bool, typer.Option("--undo", help="Show the person again.")] = False,
    ignore: Annotated[bool, typer.Option("--ignore", help="A stranger: leave out of lists only.")] = False,
) -> None:
    """Hide a person: in no list and no memory."""
    _change(library, who, {"ignored" if ignore else "hidden": not undo})


@app.command()
def merge(one: Who, into: Who, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Say that two are the same person; the second one's id stays, the first one's leads to it."""
    with _editing(library) as (connection, found):
        first = people.named(connection, found.library_id, one)
        second = people.named(connection, found.library_id, into)
        person_decisions.merge(connection, found.library_id, first.person_id, second.person_id)
    typer.echo(f"{first.person_id} is {second.person_id} from now on")


@app.command()
def split(
    who: Who,
    keys: Keys,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    unknown: Annotated[bool, typer.Option("--unknown", help="Only say who it is not.")] = False,
) -> None:
    """Say that the face in these photos is somebody else's."""
    with _editing(library) as (connection, found):
        person = people.named(connection, found.library_id, who)
        faces = _faces(connection, found, person, keys)
        if unknown:
            person_decisions.reject(connection, found.library_id, faces, by=getpass.getuser())
            told = f"{len(faces)} faces are not {who}'s"
        else:
            new_id = secrets.token_hex(6)
            person_decisions.split(connection, found.library_id, faces, new_id, by=getpass.getuser())
            told = f"{len(faces)} faces are {new_id}'s from now on"
    typer.echo(told)


@app.command()
def suggest(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    most: Annotated[int, typer.Option(min=1, max=500, help="Most pairs.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Who may be the same person, the surest first; `merge` or `apart` answers."""
    session = Session.of_environment()
    with session.connect() as connection:
        library_id = session.library(connection, library).library_id
        found = person_suggestions.same(connection, library_id, least=SUGGEST, most=most)
    rows = [
        {
            "one": pair.one.person_id,
            "into": pair.into.person_id,
            "name": pair.into.name,
            "confidence": round(confidence(pair.cosine), 2),
        }
        for pair in found
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['confidence']:.2f}  {row['one']} may be {row['name'] or row['into']}")
    typer.echo(f"{len(rows)} suggestions")


@app.command()
def apart(one: Who, other: Who, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Say that two are different people; they are never suggested as one again."""
    with _editing(library) as (connection, found):
        first = people.named(connection, found.library_id, one)
        second = people.named(connection, found.library_id, other)
        if first.person_id == second.person_id:
            raise PersonError(f"{one} and {other} are one person")
        person_suggestions.tell_apart(
            connection, found.library_id, first.person_id, second.person_id, by=getpass.getuser()
        )
    typer.echo(f"{first.person_id} and {second.person_id} are different people")


def described(person: Person) -> dict[str, Any]:
    """A person in machine-readable shape."""
    return {
        "id": person.person_id,
        "name": person.name,
        "birth_date": person.birth_date.isoformat() if person.birth_date else None,
        "hidden": person.hidden,
        "ignored": person.ignored,
        "faces": person.faces,
    }


@contextmanager
def _editing(library: str) -> Iterator[tuple[Connection, Library]]:
    """A transaction on a library's people, committed unless something impossible was asked."""
    session = Session.of_environment()
    with session.connect() as connection:
        try:
            yield connection, session.library(connection, library)
        except PersonError as error:
            fail(str(error))
        connection.commit()


def _change(library: str, who: str, values: dict[str, Any]) -> None:
    with _editing(library) as (connection, found):
        person = people.named(connection, found.library_id, who)
        person_decisions.change(connection, found.library_id, person.person_id, values)
    typer.echo(f"{person.person_id}: {', '.join(f'{field} = {value}' for field, value in values.items())}")


def _faces(connection: Connection, library: Library, person: Person, keys: list[str]) -> list[Assignment]:
    wanted = [library.prefix + key for key in keys]
    parameters = {"library_id": library.library_id, "bucket": library.bucket, "keys": wanted}
    items = {row.key: row.item_id for row in connection.execute(ITEMS, parameters)}
    if missing := [key for key in wanted if key not in items]:
        raise PersonError(f"the library has no photo {missing[0].removeprefix(library.prefix)!r}")
    assigned = people.assigned(connection, library.library_id, sorted(items.values()))
    return [face for face in assigned if face.person_id == person.person_id]
