"""`albumen capacity`: what so many photos a day take."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from albumen.catalog import hours_of_work, libraries
from albumen.cli.session import Session
from albumen.pipeline import costing

MEASURED_DAYS = 30


def capacity(
    per_day: Annotated[int, typer.Option("--per-day", min=1, max=10**10, help="Photos a day.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Tell cores, memory, requests, writes and money of so many photos a day, from what was measured here."""
    session = Session.of_environment()
    now = datetime.now(UTC)
    with session.connect() as connection:
        ids = [one.library_id for one in libraries.everyone(connection)]
        work = hours_of_work.between(connection, ids, now - timedelta(days=MEASURED_DAYS), now)
    done = [one for one in work if one.state == "done" and one.n]
    items = {one.step: 0 for one in done}
    seconds = dict.fromkeys(items, 0.0)
    for one in done:
        items[one.step] += one.n
        seconds[one.step] += one.cpu_s
    previews = items.get("renditions", 0)
    written = sum(one.bytes_written for one in done if one.step == "renditions")
    found = costing.capacity(
        per_day,
        {step: seconds[step] / n for step, n in items.items()},
        written / previews if previews else None,
        session.settings.prices,
    )
    if as_json:
        typer.echo(json.dumps({**asdict(found), "measured": sorted(found.measured)}))
        return
    typer.echo(f"{per_day:,} photos a day ({per_day / costing.DAY_S:.2f}/s):")
    typer.echo(f"  cores      {found.cores:8.1f}  at {costing.BUSY:.0%} load, Airflow, store and catalog included")
    typer.echo(f"  slots      {found.slots:8}  shards side by side")
    typer.echo(f"  memory     {found.memory_gb:8.1f}  GB")
    typer.echo(f"  store      {found.store_requests_s:8.1f}  requests a second")
    typer.echo(f"  catalog    {found.catalog_writes_s:8.1f}  writes a second (IOPS)")
    typer.echo(f"  derived    {found.gb_a_day:8.1f}  GB a day")
    typer.echo(f"  money      {found.money_a_day:8.2f}  {session.settings.prices.currency} a day")
    for step, cpu_s in found.cpu_s.items():
        told = f"measured on {items[step]:,}" if step in found.measured else "expected, nothing measured yet"
        typer.echo(f"    {step:<16} {1000 * cpu_s:8.1f} ms of CPU a photo, {told}")
