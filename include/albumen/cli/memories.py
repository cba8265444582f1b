"""`albumen memories`: the stories, and their pages."""

from __future__ import annotations

import json
import webbrowser
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from albumen.catalog import memories as stored
from albumen.catalog.memories import StoredMemory
from albumen.cli import memories_control as control
from albumen.cli import memories_personal as personal
from albumen.cli.session import LIBRARY_OPTION, Session, fail

STATES = {"review": "waits for a person", "declined": "left out"}
app = typer.Typer(help="List, show, open, approve and suppress the memories of a library.", no_args_is_help=True)
app.command("suppress")(control.suppress)
app.command("allow")(control.allow)
app.command("suppressions")(control.list_suppressions)
app.command("announce")(control.announce)
app.command("why")(personal.why)
app.command("feedback")(personal.feedback)
app.command("pin")(personal.pin)
app.command("unpin")(personal.unpin)
app.command("render")(personal.render)
app.command("approve")(control.approve)
app.command("decline")(control.decline)


@app.command("list")
def list_memories(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List memories, latest first."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        rows = stored.stored(connection, found.library_id)
    if as_json:
        typer.echo(json.dumps([_described(row, found.prefix) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        state = "" if row.state == "published" else f" ({STATES[row.state]})"
        typer.echo(f"{row.memory_id}  {row.told_on}  {row.title}: {row.reason}{state}")
    if not rows:
        typer.echo(f"library {library} has no memories yet")


@app.command()
def show(memory_id: str, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Show a memory: title, reason, and why each picture was chosen."""
    session = Session.of_environment()
    row = _one(session, library, memory_id)
    with session.connect() as connection:
        prefix = session.library(connection, library).prefix
    typer.echo(f"{row.title}\n{row.reason}\n")
    for _, key, reason in row.items:
        typer.echo(f"  {key.removeprefix(prefix) if key else '(erased)'}\n      {reason}")


@app.command("open")
def open_page(
    memory_id: Annotated[str, typer.Argument(help="Id of the memory; none: the latest.")] = "",
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    on: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The strongest memory of this day.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page, or only fetch it.")] = True,
) -> None:
    """Fetch a memory's page, print its path and open it."""
    session = Session.of_environment()
    page = fetch_page(session, _one(session, library, memory_id, on.date() if on else None))
    typer.echo(str(page))
    if browser:
        webbrowser.open(page.as_uri())


def fetch_page(session: Session, memory: StoredMemory) -> Path:
    """Copy a memory's page out of the library bucket, into the home."""
    page = session.home.root / "memories" / f"{memory.memory_id}.html"
    page.parent.mkdir(exist_ok=True)
    page.write_bytes(session.library_store.get(session.settings.library_bucket, memory.page_key))
    return page


def _one(session: Session, library: str, memory_id: str, day: date | None = None) -> StoredMemory:
    with session.connect() as connection:
        rows = stored.stored(connection, session.library(connection, library).library_id, day)
    chosen = [row for row in rows if row.memory_id == memory_id or not memory_id]
    if not chosen:
        fail(f"library {library} has no memory {memory_id or (f'of {day}' if day else 'yet')}")
    return chosen[0]


def _described(row: StoredMemory, prefix: str) -> dict[str, Any]:
    return {
        "id": row.memory_id,
        "kind": row.kind,
        "key": row.key,
        "title": row.title,
        "reason": row.reason,
        "told_on": row.told_on.isoformat(),
        "state": row.state,
        "files": dict(row.files),
        "items": [{"key": key.removeprefix(prefix) if key else None, "reason": reason} for _, key, reason in row.items],
    }
