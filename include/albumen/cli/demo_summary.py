"""What the demo ends with."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date

import typer

from albumen.catalog import export, memories, quarantine
from albumen.catalog.libraries import Library
from albumen.cli.memories import fetch_page
from albumen.cli.quarantine import line
from albumen.cli.session import Session
from albumen.local.home import ADMIN_USER

TERMINAL = frozenset({"done", "skipped", "quarantined"})
MOST_LISTED = 40


def show(session: Session, library: Library, *, day: date | None, wanted: date, seconds: float, begun: float) -> bool:
    """Print originals by state, quarantine, memory and how to log in; return whether all is terminal."""
    with session.connect() as connection:
        states: Counter[tuple[str, str]] = Counter()
        copies = 0
        for record in export.records(connection, library):
            states[record["state"], record["reason"] or ""] += 1
            copies += record["duplicate_of"] is not None
        held = quarantine.listed(connection, library.library_id, most=MOST_LISTED)
        told = [memory for memory in memories.stored(connection, library.library_id) if memory.told_on == day]
    total = sum(states.values())
    typer.echo(f"\n{total} originals in {seconds:.0f} s ({total / max(seconds, 0.001):.1f}/s), {copies} of them copies")
    for (state, reason), n in sorted(states.items()):
        typer.echo(f"  {state:<12} {n:>6}  {reason}")
    if held:
        typer.echo("\nIn quarantine:")
        for row in held:
            typer.echo(f"  {line(row, library.prefix)}")
    _show_memory(session, told, day, wanted)
    typer.echo(f"\nAirflow   {session.home.airflow_url}")
    typer.echo(f"log in    user {ADMIN_USER}, password {session.home.secrets['admin_password']}")
    typer.echo(f"took      {time.monotonic() - begun:.0f} s in all; the stack stays up until `./albumen down`")
    return all(state in TERMINAL for state, _ in states)


def _show_memory(session: Session, told: list[memories.StoredMemory], day: date | None, wanted: date) -> None:
    if not told:
        typer.echo(f"\nNo memory: there are not enough good dated photos for a story on {wanted} or any other day")
        return
    if day != wanted:
        typer.echo(f"\n{wanted} has no story; the nearest day that has one is {day}")
    for memory in told:
        typer.echo(f"\nMemory    {memory.title}: {memory.reason}")
        typer.echo(f"page      {fetch_page(session, memory)}")
