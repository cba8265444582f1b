"""`albumen models compare`: another scene model beside the one in use, on some photos, before anything is switched."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import jinja2
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from albumen.catalog import embeddings, models_in_use, scene_samples
from albumen.catalog.scene_samples import Sampled
from albumen.cli.session import LIBRARY_OPTION, Session, fail
from albumen.pipeline import registry
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.settings import ModelSettings, Settings
from albumen.storage.object_store import ObjectMissing, StorageError
from albumen.vision import opt_in
from albumen.vision.agreement import Agreement, Look, compare
from albumen.vision.weights import WeightsError

STEP = "scene"
SHOWN = 24
WORDS = 5


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of a comparison: by item, what each model says, and how far they agree."""

    photos: Mapping[int, Sampled]
    old: Mapping[int, Look]
    new: Mapping[int, Look]
    agreement: Agreement


def compare_models(
    model: Annotated[str, typer.Argument(help="A model of `scene`, such as efficientnet-lite0, or of image-text.")],
    library: Annotated[str, LIBRARY_OPTION] = "demo",
    most: Annotated[int, typer.Option("--photos", min=2, max=20_000, help="How many photos it looks at.")] = 500,
    page: Annotated[Path | None, typer.Option("--page", help="HTML file for the photos they disagree on most.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Have another model look at some of a library's photos; tell where it differs. Nothing is stored or switched.

    A model of pictures and sentences has no words of its own: neighbours among the points that sentences are near to
    are compared.
    """
    session = Session.of_environment()
    chosen = _chosen(session.settings, model)
    with session.connect() as connection:
        library_id = session.library(connection, library).library_id
        in_use = models_in_use.model_ids(connection)
        scene = in_use[models_in_use.SCENE]
        before = in_use[models_in_use.TEXT_SPACE] if chosen.image_text == model else scene
        photos = scene_samples.chosen(connection, library_id, model_id=scene, most=most)
        points = embeddings.vectors(connection, library_id, [photo.item_id for photo in photos], model_id=before)
    if not photos:
        fail(f"{scene} has seen no photo of {library} yet")
    old = {photo.item_id: Look(photo.labels, points[photo.item_id]) for photo in photos if photo.item_id in points}
    new = dict(_looked(session, photos, model, chosen))
    if not new:
        fail(f"{model} could look at none of {len(photos)} photos")
    compared = Compared({photo.item_id: photo for photo in photos}, old, new, compare(old, new))
    if page is not None:
        page.write_text(_page(session, compared, before, model), encoding="utf-8")
    told = {"library": library, "in_use": before, "other": model, **compared.agreement.as_dict()}
    if as_json:
        typer.echo(json.dumps(told))
        return
    _show(told, compared)


def _chosen(settings: Settings, model: str) -> ModelSettings:
    """The settings by which the other model looks."""
    try:
        other = opt_in.rival(model, Path(settings.models.directory))
    except WeightsError as error:
        fail(str(error))
    return settings.models.model_copy(update={"image_text" if opt_in.is_image_text(other) else "scene": model})


def _looked(
    session: Session, photos: Sequence[Sampled], model: str, chosen: ModelSettings
) -> Iterator[tuple[int, Look]]:
    """What the other model finds, in a sandbox as in the pass; a preview that cannot be read is left out, and told."""
    settings = Settings().model_copy(update={"models": chosen})
    step = registry.steps()[STEP]
    step.check_models(settings)

    def items() -> Iterator[WorkItem]:
        for photo in photos:
            if data := _stored(session, photo.preview):
                yield WorkItem(photo.item_id, data, "photo", "image/jpeg", {}, (STEP,))

    with Sandbox([registry.reference_of(step)], settings, search_path=registry.search_path()) as sandbox:
        for outcome in sandbox.run(items()):
            if isinstance(outcome.result, StepResult):
                rows = outcome.result.rows
                point = next(row["vector"] for row in rows["embeddings"] if row["model_id"] == model)
                yield outcome.subject_id, Look(tuple(rows["scenes"][0]["labels"]), np.array(point, np.float32))
            else:
                typer.echo(f"item {outcome.subject_id}: {outcome.result}", err=True)


def _stored(session: Session, key: str) -> bytes:
    """A rendition; one that cannot be had is told, and empty."""
    try:
        return session.library_store.get(session.settings.library_bucket, key)
    except (ObjectMissing, StorageError) as error:
        typer.echo(f"{key}: {error}", err=True)
        return b""


def _show(told: Mapping[str, Any], compared: Compared) -> None:
    table = Table("photo", told["in_use"], told["other"], box=None)
    for item in compared.agreement.worst(10):
        table.add_row(compared.photos[item].key, *(_words(side[item]) for side in (compared.old, compared.new)))
    console = Console()
    console.print(
        f"{told['pictures']} photos of {told['library']}: the same first word for {told['same_first']:.0%}, "
        f"{told['shared_labels']:.0%} of all words and {told['shared_neighbours']:.0%} of neighbours shared.\n"
        "They differ most on:"
    )
    console.print(table)


def _words(look: Look) -> str:
    return ", ".join(look.labels[:WORDS]) or "–"


def _page(session: Session, compared: Compared, before: str, model: str) -> str:
    template = jinja2.Environment(
        loader=jinja2.PackageLoader("albumen.cli"), autoescape=True, undefined=jinja2.StrictUndefined
    ).get_template("models_compare.html")
    rows = []
    for item in compared.agreement.worst(SHOWN):
        photo = compared.photos[item]
        data = _stored(session, photo.thumb)
        rows.append(
            {
                "key": photo.key,
                "picture": base64.b64encode(data).decode("ascii"),
                "old": compared.old[item].labels[:WORDS],
                "new": compared.new[item].labels[:WORDS],
            }
        )
    return template.render(before=before, model=model, rows=rows, agreement=compared.agreement)
