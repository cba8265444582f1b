"""`albumen down`: stop the embedded stack."""

from __future__ import annotations

from typing import Annotated

import typer

from albumen.local.stack import Stack


def down(
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Also delete the home: catalog, buckets, logs and passwords.")
    ] = False,
) -> None:
    """Stop the stack; its data stays, unless you ask for more."""
    stack = Stack()
    if not stack.home.exists:
        typer.echo(f"no stack in {stack.home.root}")
        return
    if delete_data:
        stack.delete()
        typer.echo(f"{stack.home.root} is deleted")
    else:
        stack.down(typer.echo)
