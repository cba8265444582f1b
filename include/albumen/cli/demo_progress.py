"""The demo's live progress."""

from __future__ import annotations

import sys
import time

import typer
from rich.console import Console
from rich.live import Live

from albumen.catalog import changes, status
from albumen.catalog.libraries import Library
from albumen.catalog.status import LibraryStatus
from albumen.cli.session import Session
from albumen.cli.status import table

LOOK_SECONDS = 1.0
LINE_SECONDS = 5.0
STILL_SECONDS = 3.0
STALL_SECONDS = 1800.0


def uploading(done: int, total: int) -> None:
    """Tell how far an upload is."""
    if sys.stdout.isatty() or done == total:
        typer.echo(f"\ruploading: {done} of {total}", nl=False)


def watch(session: Session, library: Library) -> None:
    """Show progress until the library is settled and organised, or nothing has moved for half an hour."""
    settled_since: float | None = None
    moved, seen, told = time.monotonic(), "", 0.0
    with Live(console=Console(), auto_refresh=False, transient=True) as live:
        while settled_since is None or time.monotonic() - settled_since < STILL_SECONDS:
            with session.connect() as connection:
                now = status.of_library(connection, library.library_id, library.name)
                still = status.is_settled(connection, library.library_id) and now.listed
                dirty = any(one.library_id == library.library_id for one in changes.waiting(connection))
            settled_since = (settled_since or time.monotonic()) if still and not dirty else None
            if sys.stdout.isatty():
                live.update(table(now), refresh=True)
            elif time.monotonic() - told > LINE_SECONDS:
                told = time.monotonic()
                typer.echo(line(now))
            if now.held_by and now.listed and not dirty:
                names = ", ".join(now.held_by)
                typer.echo(f"what is left waits for steps that are stopped: {names} (`./albumen step list`)", err=True)
                return
            if (state := repr(now.steps)) != seen:
                moved, seen = time.monotonic(), state
            if time.monotonic() - moved > STALL_SECONDS:
                typer.echo("nothing has moved for half an hour: see `./albumen doctor` and the Airflow UI", err=True)
                return
            time.sleep(LOOK_SECONDS)


def line(now: LibraryStatus) -> str:
    """Progress in one line, for logs."""
    parts = []
    for name, step in sorted(now.steps.items()):
        ended = sum(step.counts.get(state, 0) for state in ("done", "skipped", "quarantined"))
        parts.append(f"{name} {ended}/{ended + step.pending}")
    left = f", about {now.eta_s:.0f} s left" if now.pending and now.eta_s is not None else ""
    return f"{now.originals} originals; {', '.join(parts)}; {now.rate:.1f}/s; {now.quarantined} quarantined{left}"
