"""`albumen export`: everything known, one record per original."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from albumen.catalog import export as records
from albumen.cli.session import LIBRARY_OPTION, Session


class Format(StrEnum):
    """How records are written."""

    JSONL = "jsonl"


def export(
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    form: Annotated[Format, typer.Option("--format", help="One JSON object a line.")] = Format.JSONL,
) -> None:
    """Print one JSON record per original of a library, in key order."""
    session = Session.of_environment()
    with session.connect() as connection:
        for record in records.records(connection, session.library(connection, library)):
            sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
