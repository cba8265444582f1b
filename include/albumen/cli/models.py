"""`albumen models`: which weights are used, and whether they are here and unaltered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from albumen.catalog import embeddings, models_in_use
from albumen.cli.models_add import add_model
from albumen.cli.models_compare import compare_models
from albumen.cli.session import Session, fail
from albumen.settings import Settings
from albumen.vision import opt_in, set_up, weights
from albumen.vision.manifest import Model, models

app = typer.Typer(
    name="models", help="Weights of the models: list, fetch, verify, add, compare, switch.", no_args_is_help=True
)
app.command(name="add")(add_model)
app.command(name="compare")(compare_models)


def _directory() -> Path:
    return Path(Settings().models.directory).expanduser()


def _known() -> dict[str, Model]:
    try:
        return models(_directory())
    except weights.WeightsError as error:
        fail(str(error))


@app.command(name="list")
def list_models() -> None:
    """Show every model: what it does, its licence and size, and whether its weights are here."""
    table = Table("capability", "model", "licence", "MB", "state", box=None)
    for model in _known().values():
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
    known = _known()
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
    _known()
    states = weights.states(_directory())
    for model_id, state in states.items():
        typer.echo(f"{model_id}: {state}")
    if any(state is not weights.WeightsState.PRESENT for state in states.values()):
        typer.echo(f"run `{weights.FETCH_COMMAND}`", err=True)
        raise typer.Exit(1)


@app.command()
def switch(
    model: Annotated[str, typer.Argument(help="A model of `scene`, such as efficientnet-lite0, or of image-text.")],
    force: Annotated[bool, typer.Option("--force", help="Although it has not seen every photo.")] = False,
) -> None:
    """Have another model's rows count: labels and points, or those among sentences; the way back is another switch.

    Its rows are made beside the old ones by setting `models.scene` or `models.image_text`; this indexes its points and
    changes which are read. Switching to a scene model goes back to its own points among sentences, too.
    """
    try:
        is_joint = opt_in.is_image_text(opt_in.rival(model, _directory()))
    except weights.WeightsError as error:
        fail(str(error))
    session = Session.of_environment()
    wanted = {"text_space": model}
    if not is_joint:
        text_space = session.settings.models.model_copy(update={"scene": model}).text_space
        wanted = {"scene": model, "text_space": text_space}
    with session.connect() as connection:
        found = models_in_use.coverage(connection, model)
        if found.seen < found.photos and not force:
            setting = "IMAGE_TEXT" if is_joint else "SCENE"
            words = f"set ALBUMEN_MODELS__{setting}={model} and let it work, or say --force"
            fail(f"{model} has seen {found.seen} of {found.photos} photos: {words}")
        for points in wanted.values():
            embeddings.index(connection, points)
        before = models_in_use.switch(connection, **wanted)
        connection.commit()
    told = before[models_in_use.TEXT_SPACE if is_joint else models_in_use.SCENE]
    typer.echo(f"in use: {model}, which has seen {found.seen} of {found.photos} photos; before: {told}")
