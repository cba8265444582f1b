"""`albumen docs`: the pages of `docs/` that are made from the code."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from albumen.cli import docs_dags, docs_parts, docs_settings
from albumen.local.home import REPOSITORY

HINT_LINES = 12


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when a page is not what the code says.")
    ] = False,
) -> None:
    """Write the pages of docs/ that are made from the code: dags.md, parts-reference.md and settings.md."""
    stale = [(path, now, page) for path, now, page in pages(REPOSITORY) if now != page]
    for path, now, page in stale:
        name = path.relative_to(REPOSITORY).as_posix()
        if check:
            typer.echo(f"{name} is stale: run `./albumen docs`", err=True)
            for line in islice(difflib.unified_diff(now.splitlines(), page.splitlines(), name, "now", n=0), HINT_LINES):
                typer.echo(line.rstrip("\n"), err=True)
        else:
            path.write_text(page, encoding="utf-8")
            typer.echo(f"{name} is written")
    if check and stale:
        raise typer.Exit(1)
    if not stale:
        typer.echo("the pages are what the code says")


def pages(repository: Path) -> Iterator[tuple[Path, str, str]]:
    """Every generated page: where it is, what it says, and what it should say."""
    made = {
        "dags.md": docs_dags.page(repository),
        "parts-reference.md": docs_parts.page(repository),
        "settings.md": docs_settings.page(),
    }
    for name, page in made.items():
        path = repository / "docs" / name
        yield path, path.read_text(encoding="utf-8") if path.exists() else "", page
