"""`albumen models`: which weights are used, and whether they are here and unaltered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from albumen.catalog import embeddings, models_in_use
from albumen.cli.models_compare import compare_models
from albumen.cli.session import Session, fail
from albumen.settings import Settings
from albumen.vision import set_up, weights
from albumen.vision.manifest import models

app = typer.Typer(
    name="models", help="Weights of the models: list, fetch, verify, compare, switch.", no_args_is_help=True
)
app.command(name="compare")(compare_models)


def _directory() -> Path:
    return Path(Settings().models.directory).expanduser()


@app.command(name="list")
def list_models() -> None:
    """Show every model: what it does, its licence and size, and whether its weights are here."""
    table = Table("capability", "model", "licence", "MB", "state", box=None)
    for model in models().values():
        size = f"{model.bytes / 1e6:.1f}"
        state = weights.state_of(model, _directory())
        is_left_out = model.optional and state is weights.WeightsState.MISSING
        table.add_row(model.capability, model.id, model.licence, size, "optional" if is_left_out else state)
    Console().print(table)


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Models; none: all but the optional.")] = None,
) -> None:
    """Download missing or altered weights, verify them, and put them into the cache."""
    known = models()
    unknown = sorted(set(names or ()) - known.keys())
    if unknown:
        typer.echo(f"error: no model {', '.join(unknown)}; known: {', '.join(known)}", err=True)
        raise typer.Exit(2)
    try:
        before = set_up.fetch(Settings(), [known[name] for name in names] if names else None)
    except (weights.WeightsError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    for model_id, state in before.items():
        typer.echo(f"{model_id}: {'already here' if state is weights.WeightsState.PRESENT else 'fetched'}")


@app.command()
def verify() -> None:
    """Hash all weights; exit with 1 when any are altered, or missing though not optional."""
    states = weights.states(_directory())
    for model_id, state in states.items():
        typer.echo(f"{model_id}: {state}")
    if any(state is not weights.WeightsState.PRESENT for state in states.values()):
        typer.echo(f"run `{weights.FETCH_COMMAND}`", err=True)
        raise typer.Exit(1)


@app.command()
def switch(
    model: Annotated[str, typer.Argument(help="A model of `scene`, such as efficientnet-lite0.")],
    force: Annotated[bool, typer.Option("--force", help="Although it has not seen every photo.")] = False,
) -> None:
    """Have another scene model's labels and points count; the way back is another switch.

    Its rows are made beside the old ones by setting `models.scene`; this indexes its points and changes which are read.
    """
    chosen = models().get(model)
    if chosen is None or chosen.capability != "scene":
        known = ", ".join(each.id for each in models().values() if each.capability == "scene")
        fail(f"no model of scenes {model!r}; known: {known}")
    session = Session.of_environment()
    text_space = session.settings.models.model_copy(update={"scene": model}).text_space
    with session.connect() as connection:
        found = models_in_use.coverage(connection, model)
        if found.seen < found.photos and not force:
            words = f"set ALBUMEN_MODELS__SCENE={model} and let it work, or say --force"
            fail(f"{model} has seen {found.seen} of {found.photos} photos: {words}")
        for points in (model, text_space):
            embeddings.index(connection, points)
        before = models_in_use.switch(connection, scene=model, text_space=text_space)
        connection.commit()
    typer.echo(f"in use: {model}, which has seen {found.seen} of {found.photos} photos; before: {before}")
