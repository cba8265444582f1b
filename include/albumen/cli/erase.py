"""`albumen erase`: have content erased for good, and see what became of it."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from albumen.catalog import erasable, erasures
from albumen.catalog.erasures import Erasure, ErasureError
from albumen.cli.session import LIBRARY_OPTION, Session, fail

app = typer.Typer(help="Erase files with all their copies, or a whole library.", no_args_is_help=True)
DAG = "erase_content"
KEYS = typer.Argument(help="Files; their copies go with them.")
HASHES = typer.Option("--sha256", help="Digest of a file that is gone from the source; may be repeated.")
WHOLE = typer.Option("--whole-library", help="Everything of it, and the library itself.")


@app.command()
def preview(
    keys: Annotated[list[str] | None, KEYS] = None,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    hashes: Annotated[list[str] | None, HASHES] = None,
    whole_library: Annotated[bool, WHOLE] = False,
) -> None:
    """Count what would go; nothing is changed."""
    typer.echo(_measured(Session.of_environment(), library, keys, hashes, whole_library))


@app.command()
def request(
    keys: Annotated[list[str] | None, KEYS] = None,
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    hashes: Annotated[list[str] | None, HASHES] = None,
    whole_library: Annotated[bool, WHOLE] = False,
    reason: Annotated[str, typer.Option(help="Why; it stands in the receipt.")] = "",
) -> None:
    """Ask in Airflow whether it may be erased; a person answers there."""
    session = Session.of_environment()
    typer.echo(_measured(session, library, keys, hashes, whole_library))
    asked = {
        "library": library,
        "keys": keys or [],
        "hashes": hashes or [],
        "whole_library": whole_library,
        "reason": reason,
        "dry_run": False,
    }
    run = _trigger(session, asked)
    typer.echo(f"{session.home.airflow_url}/dags/{DAG}/runs/{quote(run, safe='')}/required_actions waits for an answer")


@app.command()
def status(
    library: Annotated[str, typer.Option("--library", "-l", help="Only of this library, even if it is gone.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List requests, the latest first."""
    with Session.of_environment().connect() as connection:
        found = erasures.listed(connection, library=library)
    if as_json:
        typer.echo(json.dumps([one.as_dict() for one in found], ensure_ascii=False))
        return
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo("nothing was asked to be erased")


@app.command()
def receipt(
    erasure_id: Annotated[int, typer.Argument(help="As `status` and the task's log tell it.")],
    keys: Annotated[bool, typer.Option("--keys", help="The objects that stay in the source, one JSON a line.")] = False,
) -> None:
    """Show who asked, who approved, what went, and what is left in the source to delete."""
    session = Session.of_environment()
    with session.connect() as connection:
        try:
            found = erasures.one(connection, erasure_id)
        except ErasureError as error:
            fail(str(error))
    if not keys:
        typer.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
        return
    where = found.receipt.get("keys_object")
    if where:
        with session.library_store.read(session.settings.library_bucket, where) as reading:
            for chunk in reading.chunks:
                sys.stdout.buffer.write(chunk)


def _trigger(session: Session, asked: dict[str, Any]) -> str:
    run = None
    if session.home.exists and "airflow" in session.home.ports:
        with suppress(httpx.HTTPError), session.api() as api:
            run = api.trigger(DAG, asked)
    return run or fail(f"no Airflow runs here, and nothing is erased unasked: trigger {DAG} where it runs")


def _measured(
    session: Session, name: str, keys: list[str] | None, hashes: list[str] | None, whole_library: bool
) -> str:
    with session.connect() as connection:
        library = session.library(connection, name)
        try:
            chosen = erasable.select(
                connection, library, keys=keys or [], hashes=hashes or [], whole_library=whole_library
            )
        except ErasureError as error:
            fail(str(error), 2)
        return f"library {name}: {erasable.measure(connection, library, chosen)}"


def _line(one: Erasure) -> str:
    told = one.as_dict()
    what = "whole library" if told["whole_library"] else f"{told['named']} named"
    approved = f", approved by {one.approved_by}" if one.approved_by else ""
    when = f"{one.requested_at:%Y-%m-%d %H:%M} UTC"
    return f"{one.erasure_id:>5}  {when}  {one.library:<16} {what:<14} {one.phase:<12} by {one.requested_by}{approved}"
