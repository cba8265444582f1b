"""What `albumen try` says of one file: tables for people, a record for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from albumen.pipeline.contract import Outcome, Step, StepResult
from albumen.pipeline.taxonomy import POLICIES

LONGEST = 60
MOST_NUMBERS = 4
# What fits 80 characters: more columns than this read downwards, with so many rows side by side.
MOST_COLUMNS, MOST_ACROSS = 6, 5


def described(step: type[Step], result: Outcome, seconds: float, written: Sequence[Path]) -> dict[str, Any]:
    """What `--json` says of one file; `plain` makes the rest of it JSON."""
    told: dict[str, Any] = {"step": step.name, "version": step.version}
    if isinstance(result, StepResult):
        told |= {"state": "done", "rows": result.rows}
        told["objects"] = [
            {"name": made.name, "mime": made.mime, "width": made.width, "height": made.height, "bytes": len(made.data)}
            for made in result.objects
        ]
    else:
        state = POLICIES[result.reason].ends_in
        told |= {"state": str(state), "reason": str(result.reason), "detail": result.detail}
    return told | {"seconds": round(seconds, 4), "written": [str(path) for path in written]}


def show(file: str, result: Outcome, seconds: float, written: Sequence[Path]) -> None:
    """Print what was found in one file, as tables."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not isinstance(result, StepResult):
        console.print(Text.assemble((file, "bold"), f"  {result.reason}: {result.detail}"))
        return
    console.print(Text.assemble((file, "bold"), f"  {seconds * 1000:.0f} ms"))
    for name, rows in result.rows.items():
        if not rows:
            console.print(f"  {name}: nothing found")
            continue
        table = Table(title=name, title_justify="left", title_style="bold", show_header=len(rows) > 1, box=SIMPLE_HEAD)
        if len(rows) == 1 or len(rows[0]) > MOST_COLUMNS:
            shown = rows[:MOST_ACROSS]
            for header in ("", *map(str, range(1, len(shown) + 1))):
                table.add_column(header)
            for column in rows[0]:
                table.add_row(column, *(Text(shortened(row.get(column))) for row in shown))
        else:
            shown = rows
            for column in rows[0]:
                table.add_column(column)
            for row in rows:
                table.add_row(*(Text(shortened(value)) for value in row.values()))
        console.print(table)
        if len(rows) > len(shown):
            console.print(f"  and {len(rows) - len(shown)} more: --json shows all")
    for path in written:
        console.print(f"  {path}", soft_wrap=True)


def shortened(value: Any) -> str:
    """A value in at most a line: numbers to four digits, long lists by their length."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {shortened(each)}" for key, each in value.items())
    elif isinstance(value, list | tuple):
        if len(value) > MOST_NUMBERS and all(isinstance(each, int | float) for each in value):
            return f"{len(value)} numbers"
        text = ", ".join(map(shortened, value))
    else:
        text = "" if value is None else str(value)
    text = "".join(each if each.isprintable() else " " for each in text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def plain(value: Any) -> Any:
    """What JSON has no word for: bytes as hexadecimal digits, moments as ISO 8601."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else str(value)
