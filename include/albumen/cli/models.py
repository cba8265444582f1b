"""`albumen models`: which weights are used, and whether they are here and unaltered."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from albumen.settings import Settings
from albumen.vision import weights
from albumen.vision.manifest import models

app = typer.Typer(name="models", help="Weights of the models: list, fetch, verify.", no_args_is_help=True)


def _directory() -> Path:
    return Path(Settings().models.directory).expanduser()


@app.command(name="list")
def list_models() -> None:
    """Show every model: what it does, its licence and size, and whether its weights are here."""
    table = Table("capability", "model", "licence", "MB", "state", box=None)
    for model in models().values():
        size = f"{model.bytes / 1e6:.1f}"
        table.add_row(model.capability, model.id, model.licence, size, weights.state_of(model, _directory()))
    Console().print(table)


@app.command()
def fetch() -> None:
    """Download missing or altered weights, verify them, and put them into the cache."""
    try:
        before = weights.fetch(_directory())
    except (weights.WeightsError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    for model_id, state in before.items():
        typer.echo(f"{model_id}: {'already here' if state is weights.WeightsState.PRESENT else 'fetched'}")


@app.command()
def verify() -> None:
    """Hash all weights; exit with 1 when any are missing or altered."""
    states = {model.id: weights.state_of(model, _directory()) for model in models().values()}
    for model_id, state in states.items():
        typer.echo(f"{model_id}: {state}")
    if any(state is not weights.WeightsState.PRESENT for state in states.values()):
        typer.echo(f"run `{weights.FETCH_COMMAND}`", err=True)
        raise typer.Exit(1)
