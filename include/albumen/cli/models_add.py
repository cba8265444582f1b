"""`albumen models add`: a model that is in no package, from files that somebody has."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from albumen.cli.session import fail
from albumen.settings import Settings
from albumen.vision.weights import WeightsError


class Family(StrEnum):
    """Kinds of models that may be added."""

    CLIP = "clip"
    SIGLIP2 = "siglip2"
    YOLOX = "yolox"


def add_model(
    model: Annotated[str, typer.Argument(help="What it is called from now on, such as siglip2-b16.")],
    family: Annotated[Family, typer.Option(help="How it wants to be spoken to.")],
    licence: Annotated[str, typer.Option(help="SPDX id of its weights' licence, such as Apache-2.0.")],
    picture: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="ONNX network that looks at pictures.")],
    text: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="ONNX network that reads sentences.")
    ] = None,
    tokenizer: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Its tokenizer.json.")] = None,
    version: Annotated[str, typer.Option(help="Its maker's version.")] = "unknown",
    side: Annotated[int, typer.Option(min=1, help="Of the pictures that it takes, pixels (clip, siglip2).")] = 224,
) -> None:
    """Try a model's files, pin them by their hashes and keep them beside the others.

    CLIP and SigLIP2 are exports with a network for pictures and one for sentences; YOLOX is one network. Nothing runs
    until a setting names it: ALBUMEN_MODELS__IMAGE_TEXT, ALBUMEN_MODELS__OBJECTS.
    """
    from albumen.vision import adding

    given = {adding.PICTURE: picture, adding.TEXT: text, adding.TOKENIZER: tokenizer}
    files = {part: file for part, file in given.items() if file is not None}
    directory = Path(Settings().models.directory)
    try:
        added = adding.add(
            directory, model, family=family.value, version=version, licence=licence, files=files, side=side
        )
    except (WeightsError, OSError) as error:
        fail(str(error))
    for one in added:
        typer.echo(f"{one.id}: {one.bytes / 1e6:.1f} MB, {one.sha256}")
    setting = "OBJECTS" if family is Family.YOLOX else "IMAGE_TEXT"
    typer.echo(f"ALBUMEN_MODELS__{setting}={model} has it look at every photo")
