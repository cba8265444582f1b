"""`albumen clocks`: cameras whose clocks seem to be off; no date moves unless somebody says so, and it moves back."""

from __future__ import annotations

import getpass
import json
from typing import Annotated, Any

import typer

from albumen.catalog import clocks
from albumen.catalog.clocks import Clock, ClockError
from albumen.cli.session import LIBRARY_OPTION, Session, fail

app = typer.Typer(help="List clocks that seem to be off; set dates right, and take that back.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="As `list` shows it.")]


@app.command("list")
def list_clocks(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    everything: Annotated[bool, typer.Option("--all", help="Also those that were decided.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List cameras whose photos fall together with the phones' if their clocks are set otherwise."""
    session = Session.of_environment()
    with session.connect() as connection:
        library_id = session.library(connection, library).library_id
        found = clocks.listed(connection, library_id, everything=everything)
    if as_json:
        typer.echo(json.dumps([described(clock) for clock in found]))
        return
    for clock in found:
        settled = f", {clock.decision}" if clock.decision else ""
        typer.echo(
            f"{clock.clock_id}  {clock.camera}: {clock.told}, {clock.first.date()} to {clock.last.date()} "
            f"({clock.matches} occasions on {clock.days} days agree{settled})"
        )
    typer.echo(f"{len(found)} clocks")


@app.command()
def apply(number: Number, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Set the dates of that camera's photos right; the files stay as they are."""
    typer.echo(f"{_decide(clocks.apply, library, number)} photos have other dates; `albumen clocks undo {number}`")


@app.command()
def dismiss(number: Number, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """The clock was right: it is not offered again."""
    _decide(clocks.dismiss, library, number)
    typer.echo(f"clock {number} is dismissed")


@app.command()
def undo(number: Number, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Give the photos the dates back that their files tell."""
    typer.echo(f"{_decide(clocks.undo, library, number)} photos have the dates of their files again")


def described(clock: Clock) -> dict[str, Any]:
    """A clock in machine-readable shape."""
    return {
        "id": clock.clock_id,
        "camera": clock.camera,
        "first": clock.first.isoformat(),
        "last": clock.last.isoformat(),
        "ahead_minutes": clock.ahead,
        "matches": clock.matches,
        "days": clock.days,
        "decision": clock.decision,
    }


def _decide(what: Any, library: str, number: int) -> Any:
    session = Session.of_environment()
    with session.connect() as connection:
        try:
            done = what(connection, session.library(connection, library).library_id, number, by=getpass.getuser())
        except ClockError as error:
            fail(str(error))
        connection.commit()
    return done
