"""`albumen cost`: what work cost, by step, library or run."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from albumen.catalog import hours_of_work, libraries, run_costs
from albumen.cli.session import Session
from albumen.pipeline import costing
from albumen.settings import PriceSettings

MOST_RUNS = 50


class By(StrEnum):
    """What costs are summed up by."""

    STEP = "step"
    LIBRARY = "library"
    RUN = "run"


def cost(
    by: Annotated[By, typer.Option("--by", help="What to sum up by.")] = By.STEP,
    days: Annotated[int, typer.Option("--days", min=1, max=4000, help="How far back.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show what work cost, in the prices of the settings (prices.*)."""
    session = Session.of_environment()
    prices, now = session.settings.prices, datetime.now(UTC)
    rows = _rows(session, by, now - timedelta(days=days), now)
    if as_json:
        typer.echo(json.dumps({"currency": prices.currency, "days": days, "by": by.value, "costs": rows}))
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=f"the last {days} days", title_justify="left")
    table.add_column(by.value, overflow="fold")
    for name in ("outcomes" if by is not By.RUN else "items", "CPU s", "GB read", "GB written", prices.currency):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row["name"],
            f"{row['n']:,}",
            f"{row['cpu_s']:,.1f}",
            f"{row['bytes_read'] / 1e9:,.2f}",
            f"{row['bytes_written'] / 1e9:,.2f}",
            f"{row['cost']:,.4f}",
        )
    Console().print(table if rows else f"nothing was done in the last {days} days")


def _rows(session: Session, by: By, since: datetime, until: datetime) -> list[dict[str, Any]]:
    prices = session.settings.prices
    with session.connect() as connection:
        if by is By.RUN:
            return [_run(one, prices) for one in run_costs.latest(connection, since, most=MOST_RUNS)]
        names = {one.library_id: one.name for one in libraries.everyone(connection)}
        work = hours_of_work.between(connection, list(names), since, until)
    found = costing.by_step(work) if by is By.STEP else costing.by_library(work, names)
    return [
        {
            "name": one.name,
            "n": one.outcomes,
            "cpu_s": round(one.cpu_s, 3),
            "bytes_read": one.bytes_read,
            "bytes_written": one.bytes_written,
            "parts": {part: round(money, 6) for part, money in one.money(prices).items()},
            "cost": round(sum(one.money(prices).values()), 6),
        }
        for one in found
    ]


def _run(one: run_costs.RunCost, prices: PriceSettings) -> dict[str, Any]:
    money = one.cpu_s / 3600 * prices.core_hour + one.bytes_written / costing.GB * prices.gb_month
    return {
        "name": one.run,
        "n": one.items,
        "cpu_s": round(one.cpu_s, 3),
        "bytes_read": one.bytes_read,
        "bytes_written": one.bytes_written,
        "cost": round(money, 6),
    }
