"""`albumen quarantine`: what could not be done, and another try."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from albumen.catalog import quarantine as held
from albumen.catalog.quarantine import Quarantined
from albumen.cli.session import LIBRARY_OPTION, Session, fail

app = typer.Typer(help="List, show and release what could not be processed.", no_args_is_help=True)
STEP_OPTION = typer.Option("--step", help="Only this step.")
REASON_OPTION = typer.Option("--reason", help="Only this reason.")
MOST_RELEASED = 1_000_000


@app.command("list")
def list_quarantined(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    step: Annotated[str, STEP_OPTION] = "",
    reason: Annotated[str, REASON_OPTION] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List quarantined files with step, reason and detail."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        rows = held.listed(connection, found.library_id, step=step, reason=reason)
    if as_json:
        fields = ("step", "reason", "detail", "attempts")
        typer.echo(
            json.dumps(
                [
                    {"key": row.key.removeprefix(found.prefix), **{field: getattr(row, field) for field in fields}}
                    for row in rows
                ]
            )
        )
        return
    for row in rows:
        typer.echo(line(row, found.prefix))
    typer.echo(f"{len({row.subject_id for row in rows})} files in quarantine")


@app.command()
def show(key: str, library: Annotated[str, LIBRARY_OPTION] = "demo") -> None:
    """Show why one file is in quarantine."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        rows = [row for row in held.listed(connection, found.library_id) if row.key == found.prefix + key]
    if not rows:
        fail(f"{key!r} is not in quarantine in library {library}; `albumen why` tells its story")
    for row in rows:
        typer.echo(f"{row.step}: {row.reason} after {row.attempts} attempts, {row.at:%Y-%m-%d %H:%M:%S} UTC")
        typer.echo(f"  {row.detail}")


@app.command()
def release(
    keys: Annotated[list[str] | None, typer.Argument(help="Keys to release; none: what the filters select.")] = None,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    step: Annotated[str, STEP_OPTION] = "",
    reason: Annotated[str, REASON_OPTION] = "",
    everything: Annotated[bool, typer.Option("--all", help="Release without a key or filter.")] = False,
) -> None:
    """Make quarantined work due again, with fresh attempts."""
    if not (keys or step or reason or everything):
        fail("name keys, --step, --reason or --all", 2)
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        rows = held.listed(connection, found.library_id, step=step, reason=reason, most=MOST_RELEASED)
        wanted = {found.prefix + key for key in keys or []}
        unknown = sorted(wanted - {row.key for row in rows})
        if unknown:
            fail(f"not in quarantine: {', '.join(unknown)}")
        released = held.release(connection, found.library_id, [row for row in rows if not wanted or row.key in wanted])
        connection.commit()
    typer.echo(f"{released} released; the next run tries them again")


def line(row: Quarantined, prefix: str) -> str:
    """One quarantined step in one line; the detail is cut."""
    detail = (row.detail.splitlines() or [""])[0][:100]
    return f"{row.key.removeprefix(prefix):<48} {row.step:<12} {row.reason:<12} {detail}"
