"""`albumen status`: how far every library is."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from albumen.catalog import libraries
from albumen.catalog import status as counts
from albumen.catalog.integrity import Walk
from albumen.catalog.status import LibraryStatus
from albumen.cli.session import Session

STATES = ("done", "skipped", "quarantined", "due", "leased", "retrying")
WATCH_SECONDS = 2.0


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until interrupted.")] = False,
) -> None:
    """Show originals, steps by state, rate, time left and the oldest waiting work of every library."""
    session = Session.of_environment()
    if as_json:
        typer.echo(json.dumps([described(one) for one in gathered(session)]))
        return
    console = Console()
    if not watch:
        console.print(*[table(one) for one in gathered(session)])
        return
    with Live(console=console, auto_refresh=False) as live:
        while True:
            grid = Table.grid()
            for one in gathered(session):
                grid.add_row(table(one))
            live.update(grid, refresh=True)
            time.sleep(WATCH_SECONDS)


def gathered(session: Session) -> list[LibraryStatus]:
    """The status of every library."""
    with session.connect() as connection:
        everyone = libraries.everyone(connection)
        return [counts.of_library(connection, library.library_id, library.name) for library in everyone]


def table(one: LibraryStatus) -> Table:
    """A library's status as people read it."""
    left = f", about {one.eta_s:.0f} s left" if one.pending and one.eta_s is not None else ""
    originals = f"{one.originals} originals{'' if one.counted else ' at the last listing'}"
    title = f"{one.name}: {originals}, {one.rate:.1f} results/s{left}"
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    made.add_column("step")
    for state in STATES:
        made.add_column(state, justify="right")
    made.add_column("oldest waits", justify="right")
    for name, step in sorted(one.steps.items()):
        waits = f"{(datetime.now(UTC) - step.oldest_due).total_seconds():.0f} s" if step.oldest_due else ""
        made.add_row(
            f"{name} (stopped)" if step.stopped else name,
            *(f"{step.counts.get(state) or ''}{'+' if step.is_more(state) else ''}" for state in STATES),
            waits,
        )
    told = [f"{name} {step.stopped}; `albumen step resume {name}`" for name, step in one.steps.items() if step.stopped]
    if one.checks:
        told.append("checks: " + ", ".join(map(checked, sorted(one.checks.items()))))
    if told:
        made.caption, made.caption_justify = Text("\n".join(told)), "left"
    return made


def checked(check: tuple[str, Walk]) -> str:
    """When a check of what is stored was at work last, and what it found on that walk."""
    name, walk = check
    hours = (datetime.now(UTC) - walk.looked_at).total_seconds() / 3600
    return f"{name} {hours:.0f} h ago, {walk.found.get('found', 0)} found"


def described(one: LibraryStatus) -> dict[str, Any]:
    """A library's status as programs read it."""
    return {
        "library": one.name,
        "originals": one.originals,
        "originals_counted": one.counted,
        "pending": one.pending,
        "more_pending": one.is_more,
        "quarantined": one.quarantined,
        "rate_per_s": round(one.rate, 3),
        "eta_s": None if one.eta_s is None else round(one.eta_s, 1),
        "steps": {
            name: {
                **{state: step.counts.get(state, 0) for state in STATES},
                "oldest_due": step.oldest_due.isoformat() if step.oldest_due else None,
                "stopped": step.stopped.reason if step.stopped else None,
            }
            for name, step in sorted(one.steps.items())
        },
        "checks": {
            name: {
                "looked_at": walk.looked_at.isoformat(),
                "finished_at": walk.finished_at.isoformat() if walk.finished_at else None,
                "checked": walk.checked,
                **{part: walk.found.get(part) for part in ("found", "done", "acts", "stopped")},
            }
            for name, walk in sorted(one.checks.items())
        },
    }
