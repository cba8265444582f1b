"""`albumen renditions`: the derived files, and those made on demand."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import httpx
import typer
from sqlalchemy import Connection

from albumen.catalog import backfills, export, renditions, status
from albumen.catalog.backfills import Selection
from albumen.catalog.libraries import Library
from albumen.catalog.renditions import StoredRendition
from albumen.cli.session import LIBRARY_OPTION, Session, fail
from albumen.local.airflow_api import AirflowApiError
from albumen.pipeline import backfilling, registry
from albumen.pipeline.contract import Step

app = typer.Typer(help="List and fetch renditions; make the large ones on demand.", no_args_is_help=True)
LOOK_EVERY_S = 0.5
NAMED = 5
PENDING = ("due", "leased", "retrying")
DAY = ["%Y-%m-%d"]
DAG = "transcode_originals"


@app.command("list")
def list_renditions(
    key: Annotated[str, typer.Argument(help="One file; none: totals by name.")] = "",
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List the renditions of one file, or count those of the library."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        if key:
            _check_known(connection, found, [key])
        of_key = renditions.of_key(connection, found, found.prefix + key) if key else []
        totals = [] if key else renditions.totals(connection, found.library_id)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in of_key or totals]))
        return
    for one in of_key:
        typer.echo(f"{one.name:<10} {one.width:>6} x {one.height:<6} {one.bytes:>12,} bytes  {one.key}")
    for total in totals:
        typer.echo(f"{total.name:<10} {total.items:>9} files {total.bytes:>16,} bytes")
    if not of_key and not totals:
        typer.echo(f"{key or f'library {library}'} has no renditions yet")


@app.command()
def make(
    name: Annotated[str, typer.Option(help="`large` or `fullsize`.")],
    keys: Annotated[list[str] | None, typer.Argument(help="Files; none: what the options select.")] = None,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    everything: Annotated[bool, typer.Option("--all", help="Of every photo.")] = False,
    prefix: Annotated[str, typer.Option(help="Of keys beginning so.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=DAY, help="Taken on this day or later.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="Taken on this day or earlier.")] = None,
    measure_only: Annotated[bool, typer.Option("--dry-run", help="Only show size and cost.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until they are made.")] = False,
    timeout: Annotated[float, typer.Option(help="How long to wait, seconds.")] = 3600.0,
) -> None:
    """Make renditions on demand; a running stack does the work, named files first."""
    step = _on_demand(name)
    if bool(keys) == bool(everything or prefix or since or until):
        fail("name keys, or select by --all, --prefix, --since or --until", 2)
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        _check_known(connection, found, keys or [])
        selection = Selection(
            prefix=found.prefix + prefix if prefix else "",
            taken_from=since.date() if since else None,
            taken_to=until.date() if until else None,
            keys=tuple(found.prefix + key for key in keys or []),
        )
        estimate = backfilling.estimate(connection, found, step, selection, session.settings)
        typer.echo(str(estimate))
        if measure_only:
            return
        backfill = _start(session, connection, found, step, selection) if estimate.items else None
        for key in keys or [] if estimate.items < len(keys or []) else []:
            if why := _why_not(connection, found, key, name):
                typer.echo(f"{key}: {why}")
    if wait and backfill is not None:
        _wait(session, backfill, timeout)
        with session.connect() as connection:
            steps = status.of_library(connection, found.library_id, library).steps
        counts = steps[name].counts if name in steps else {}
        typer.echo(f"{name} of library {library}: {', '.join(f'{n} {state}' for state, n in sorted(counts.items()))}")


@app.command()
def get(
    key: Annotated[str, typer.Argument(help="The file whose rendition is wanted.")],
    name: Annotated[str, typer.Option(help="`thumb`, `preview`, `large`, `fullsize` …")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to; `-` for standard output; none: named after it, here."),
    ] = None,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    missing: Annotated[bool, typer.Option("--make", help="Make it first where it is missing.")] = False,
    timeout: Annotated[float, typer.Option(help="How long to wait for it to be made, seconds.")] = 600.0,
) -> None:
    """Fetch one rendition of one file."""
    session = Session.of_environment()
    with session.connect() as connection:
        found = session.library(connection, library)
        _check_known(connection, found, [key])
    stored = _stored(session, found, key, name)
    if stored is None and missing:
        _make_one(session, found, key, _on_demand(name), timeout)
        stored = _stored(session, found, key, name)
    if stored is None:
        with session.connect() as connection:
            fail(f"{key}: {_why_not(connection, found, key, name) or f'its {name} is being made'}")
    data = session.library_store.get(session.settings.library_bucket, stored.key)
    if output == Path("-"):
        sys.stdout.buffer.write(data)
        return
    file = output or Path(f"{PurePosixPath(key).stem}-{name}{PurePosixPath(stored.key).suffix}")
    file.write_bytes(data)
    typer.echo(f"{file}: {stored.width} x {stored.height}, {stored.bytes:,} bytes, {stored.mime}")


def _on_demand(name: str) -> type[Step]:
    choices = {step.name: step for step in registry.steps().values() if step.on_demand}
    if name not in choices:
        fail(f"made on demand are {' and '.join(choices)}, not {name!r}", 2)
    return choices[name]


def _check_known(connection: Connection, library: Library, keys: list[str]) -> None:
    unknown = backfills.unknown_keys(connection, library.library_id, [library.prefix + key for key in keys])
    if unknown:
        named = ", ".join(repr(key.removeprefix(library.prefix)) for key in unknown[:NAMED])
        fail(f"library {library.name} knows no file {named}" + (" …" if len(unknown) > NAMED else ""))


def _start(session: Session, connection: Connection, library: Library, step: type[Step], selection: Selection) -> int:
    backfill = backfills.create(connection, library.library_id, step.name, selection)
    backfilling.advance(connection, step.reads, session.settings)
    connection.commit()
    _wake(session)
    return backfill


def _wake(session: Session) -> None:
    """Start the pass at once where its Airflow runs here; elsewhere its watcher notices within a minute."""
    if session.home.exists and "airflow" in session.home.ports:
        with suppress(AirflowApiError, httpx.HTTPError), session.api() as api:
            api.trigger(DAG)


def _wait(session: Session, backfill: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with session.connect() as connection:
            if not backfills.is_pending(connection, backfill):
                return
        if time.monotonic() >= deadline:
            fail(f"not made after {seconds:.0f} s; it stays due (see `albumen status`)")
        time.sleep(LOOK_EVERY_S)


def _make_one(session: Session, library: Library, key: str, step: type[Step], seconds: float) -> None:
    selection = Selection(keys=(library.prefix + key,))
    with session.connect() as connection:
        if not backfilling.estimate(connection, library, step, selection, session.settings).items:
            return
        backfill = _start(session, connection, library, step, selection)
    _wait(session, backfill, seconds)


def _stored(session: Session, library: Library, key: str, name: str) -> StoredRendition | None:
    with session.connect() as connection:
        found = renditions.of_key(connection, library, library.prefix + key)
    return next((one for one in found if one.name == name), None)


def _why_not(connection: Connection, library: Library, key: str, name: str) -> str:
    """Why there is nothing to be made, or to be fetched, of a file; empty where it is due."""
    record = next(export.records(connection, library, key=library.prefix + key))
    made = {one["name"] for one in record["renditions"]}
    outcome: Mapping[str, Any] = record["steps"].get(name) or {}
    if outcome.get("state") in PENDING:
        return ""
    if name in made:
        return f"its {name} is made"
    if outcome.get("state") == "quarantined":
        return f"its {name} is in quarantine ({outcome['reason']}); see `albumen quarantine show`"
    if "preview" in made:
        return f"it has no {name}; `albumen renditions make` or `get --make` makes it"
    why = record["reason"] or "not read yet"
    return f"it has no preview, which every other rendition needs: {record['state']} ({why})"
