"""`albumen maintain`: is what is stored what the catalog says, and putting right what is not."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from albumen.cli.session import LIBRARY_OPTION, Session, fail
from albumen.local import airflow_records
from albumen.local.airflow import Airflow
from albumen.pipeline.maintenance.registry import CHECKS, acting
from albumen.pipeline.maintenance.retiring import retire
from albumen.pipeline.maintenance.walking import Extent, maintain
from albumen.pipeline.running import Workplace

app = typer.Typer(help="Check what is stored, repair it, and let go what is over.", invoke_without_command=True)
DRY_RUN = typer.Option("--dry-run", help="Only report.")


@app.callback()
def check(
    context: typer.Context,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    only: Annotated[str, typer.Option("--check", help=f"Of {', '.join(CHECKS)}; a comma between; none: all.")] = "",
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is superseded or orphaned.")] = False,
    dry_run: Annotated[bool, DRY_RUN] = False,
    seconds: Annotated[float, typer.Option(help="How long at most.", min=0)] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Check a library from its beginning to its end; what is missing or changed becomes due again.

    Nothing is deleted without --delete. `albumen maintain records` and `airflow` let go old records.
    """
    if context.invoked_subcommand is not None:
        return
    names = [name.strip() for name in only.split(",")] if only else list(CHECKS)
    if unknown := [name for name in names if name not in CHECKS]:
        fail(f"no check is called {unknown[0]!r}; there are: {', '.join(CHECKS)}", 2)
    if dry_run and delete:
        fail("a dry run deletes nothing: leave out --dry-run or --delete", 2)
    session = Session.of_environment()
    place = _workplace(session, tells=not as_json)
    with session.connect() as connection:
        found = session.library(connection, library)
    acts = {name for name in acting(session.settings, dry_run=dry_run, delete=delete) if delete or not _deletes(name)}
    reports = maintain(place, found, names, acting=acts, extent=Extent(True, seconds), keeps=not dry_run)
    if as_json:
        typer.echo(json.dumps([report.as_dict() for report in reports]))


@app.command()
def records(dry_run: Annotated[bool, DRY_RUN] = False) -> None:
    """Drop outcome history, ended shards, listings, backfills and checks past their days."""
    session = Session.of_environment()
    dropped = retire(_workplace(session, tells=True), dry_run=dry_run)
    for name, rows in sorted(dropped.items()):
        typer.echo(f"{name}: {rows} {'to drop' if dry_run else 'dropped'}")
    if not dropped:
        typer.echo("nothing is past its days")


@app.command()
def airflow(
    days: Annotated[int | None, typer.Option(help="How old; none: maintenance.airflow_days.", min=1)] = None,
    dry_run: Annotated[bool, DRY_RUN] = False,
) -> None:
    """Drop what Airflow keeps of old runs, embedded or on a cluster: rows of its metadata, and log files of tasks."""
    session = Session.of_environment()
    embedded = session.home.exists
    if not embedded and not airflow_records.reachable():
        fail(
            f"there is no stack in {session.home.root}, and no {airflow_records.DATABASE}: "
            "on a cluster, run this where Airflow's database is reachable"
        )
    kept, started = days or session.settings.maintenance.airflow_days, time.monotonic()
    before = datetime.now(UTC) - timedelta(days=kept)
    clean = Airflow(session.home).clean if embedded else airflow_records.clean
    said = clean(before, dry_run=dry_run)
    for line in said.splitlines():
        if line.startswith(("Checking table", "Found ", "Performing Delete", "Finished")):
            typer.echo(line)
    folder = session.home.airflow / "logs" if embedded else airflow_records.log_folder()
    files, size = airflow_records.drop_logs(folder, before, dry_run=dry_run)
    typer.echo(f"{folder}: {files} files, {size / 1e6:.1f} MB {'to drop' if dry_run else 'dropped'}")
    typer.echo(f"records older than {kept} days: done in {time.monotonic() - started:.0f} s")


def _workplace(session: Session, *, tells: bool) -> Workplace:
    def tell(message: str) -> None:
        if tells:
            typer.echo(message)

    stores = session.store, session.library_store
    return Workplace(session.connect, *stores, session.settings, lambda: datetime.now(UTC), tell)


def _deletes(name: str) -> bool:
    return CHECKS[name].deletes
