"""`albumen up`: start the embedded stack."""

from __future__ import annotations

import typer

from albumen.local.home import ADMIN_USER
from albumen.local.stack import Stack


def up() -> None:
    """Start PostgreSQL, the object store and Airflow, and wait until all is healthy."""
    stack = Stack()
    stack.up(typer.echo)
    typer.echo(f"\nAirflow   {stack.home.airflow_url}")
    typer.echo(f"user      {ADMIN_USER}")
    typer.echo(f"password  {stack.home.secrets['admin_password']}")
