"""`albumen backup`: the catalog and a manifest of the library bucket, made, read back, and held against a bucket."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from albumen.cli.session import Session
from albumen.local import backup
from albumen.local.postgres import catalog_url

app = typer.Typer(help="Back the catalog up with a manifest of the library bucket; restore and check.")

FOLDER = typer.Argument(help="Folder of the backup.")
SHOWN = 20


@app.command()
def make(folder: Annotated[Path, FOLDER]) -> None:
    """Back up into an empty folder; work may go on."""
    session = Session.of_environment()
    made = backup.make(_url(session), session.library_store, session.settings.library_bucket, folder)
    typer.echo(f"schema {made.revision}, {made.objects} objects of {made.bytes} bytes: {folder}")


@app.command()
def restore(folder: Annotated[Path, FOLDER]) -> None:
    """Fill an empty catalog from a backup; `ALBUMEN_CATALOG_URL` names it."""
    session = Session.of_environment()
    found = backup.restore(_url(session), folder)
    typer.echo(f"restored from schema {found.revision}; now: albumen backup check {folder}")


@app.command()
def check(folder: Annotated[Path, FOLDER]) -> None:
    """Tell what the library bucket lacks or has otherwise than the manifest; ends with 1 when something is."""
    session = Session.of_environment()
    found = backup.differences(session.library_store, session.settings.library_bucket, folder)
    shown = list(islice(found, SHOWN))
    for difference in shown:
        typer.echo(f"{difference.what}  {difference.key}")
    more = sum(1 for _ in found)
    if not shown:
        typer.echo("everything of the manifest is there")
        return
    typer.echo(f"{len(shown) + more} objects in all; `albumen maintain` makes what the catalog misses due again")
    raise typer.Exit(1)


def _url(session: Session) -> str:
    return os.environ.get("ALBUMEN_CATALOG_URL") or catalog_url(session.home)
