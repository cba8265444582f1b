"""`albumen try`: a step on pictures from the disk, without catalog, object store or Airflow."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from albumen.cli import try_report
from albumen.media.sniff import sniff
from albumen.pipeline import registry
from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import Settings

PREVIEW = "renditions"
DRAWING = "albumen.cli.try_drawing"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a step said of one file."""

    file: Path
    result: Outcome
    seconds: float = 0.0
    preview: bytes = field(default=b"", repr=False)


class Here:
    """The steps in this process, where a debugger can stop in them; a crash is a crash."""

    def __init__(self, steps: Sequence[type[Step]], settings: Settings) -> None:
        self._steps = {step.name: step(settings) for step in steps}

    def run(self, item: WorkItem) -> tuple[Outcome, float]:
        """Run the item's step; whatever it raises but an `ItemFault` is raised."""
        media = MediaInput(item.subject_id, item.data, item.kind, item.mime, item.context, item.path)
        started = time.perf_counter()
        try:
            (outcome,) = self._steps[item.steps[0]].run([media])
        except ItemFault as fault:
            outcome = fault
        return outcome, time.perf_counter() - started


class Sandboxed:
    """The steps in the sandbox of the pipeline, with its limits."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def run(self, item: WorkItem) -> tuple[Outcome, float]:
        """Run the item's step; whatever it raises is an outcome."""
        (outcome,) = self._sandbox.run([item])
        return outcome.result, outcome.wall_s


def try_step(
    step: Annotated[str, typer.Argument(help="Name of the step.")],
    files: Annotated[list[Path], typer.Argument(help="Photos.", exists=True, dir_okay=False, readable=True)],
    out: Annotated[Path | None, typer.Option(help="Folder for the drawn pictures; none: beside each photo.")] = None,
    zone: Annotated[str, typer.Option(help="Home time zone of the library they would be in.")] = "UTC",
    here: Annotated[bool, typer.Option("--here", help="In this process, for a debugger; no limits.")] = False,
    draw: Annotated[bool, typer.Option("--draw/--no-draw", help="Write FILE.try.png.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Run a step on photos and show what it finds, also drawn onto the picture; ends with 1 when a photo fails."""
    settings = Settings()
    chosen = registry.steps().get(step)
    if chosen is None:
        raise typer.BadParameter(f"there is no step {step!r}; there are: {', '.join(registry.steps())}")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise typer.BadParameter(f"there is no time zone {zone!r}; write it like Europe/Madrid") from None
    if chosen.reads == "video":
        raise typer.BadParameter(f"step {step!r} reads videos; photos are what can be tried")
    chosen.check_models(settings)
    failed = False
    told: list[dict[str, Any]] = []
    with _place([chosen, registry.steps()[PREVIEW]], settings, here=here) as place:
        if draw:
            # Pillow is loaded while the sandbox's child starts.
            import_module(DRAWING)
        for number, file in enumerate(files, 1):
            tried = _try(chosen, file, number, place, settings, zone)
            failed |= isinstance(tried.result, ItemFault)
            written = _write(tried, chosen, out or file.parent, draw=draw)
            if as_json:
                told.append({"file": str(file), **try_report.described(chosen, tried.result, tried.seconds, written)})
            else:
                try_report.show(str(file), tried.result, tried.seconds, written)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, default=try_report.plain))
    if failed:
        raise typer.Exit(1)


@contextmanager
def _place(steps: Sequence[type[Step]], settings: Settings, *, here: bool) -> Iterator[Here | Sandboxed]:
    unique = list(dict.fromkeys(steps))
    if here:
        yield Here(unique, settings)
        return
    references = [registry.reference_of(step) for step in unique]
    with Sandbox(references, settings, search_path=registry.search_path()) as sandbox:
        yield Sandboxed(sandbox)


def _try(step: type[Step], file: Path, number: int, place: Here | Sandboxed, settings: Settings, zone: str) -> Tried:
    """As the pipeline has it: what the bytes are, then the preview, then the step."""
    size, limits = file.stat().st_size, settings.limits
    if size > limits.photo_bytes:
        words = f"{size} bytes, limit {limits.photo_bytes} (limits.photo_bytes)"
        return Tried(file, ItemFault(Reason.TOO_LARGE, words))
    data = file.read_bytes()
    sniffed = sniff(data[: limits.sniff_bytes], size, file.name)
    if sniffed.reason is not None and (step.decodes or sniffed.reason is not Reason.UNSUPPORTED):
        return Tried(file, ItemFault(sniffed.reason, sniffed.detail))
    context = {
        "file_name": file.name,
        "last_modified": datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(),
        "home_zone": zone,
        "now": datetime.now(UTC).isoformat(),
    }
    rendered, rendering_s = place.run(WorkItem(number, data, sniffed.kind, sniffed.mime, context, (PREVIEW,)))
    preview = _preview(rendered)
    if step.name == PREVIEW:
        return Tried(file, rendered, rendering_s, preview)
    if step.reads == "preview":
        if not preview:
            return Tried(file, rendered, rendering_s)
        item = WorkItem(number, preview, sniffed.kind, "image/jpeg", context, (step.name,))
    else:
        item = WorkItem(number, data, sniffed.kind, sniffed.mime, context, (step.name,))
    return Tried(file, *place.run(item), preview)


def _preview(rendered: Outcome) -> bytes:
    objects = rendered.objects if isinstance(rendered, StepResult) else ()
    return next((made.data for made in objects if made.name == "preview"), b"")


def _write(tried: Tried, step: type[Step], folder: Path, *, draw: bool) -> list[Path]:
    """The step's own files, and the drawn picture."""
    if not isinstance(tried.result, StepResult):
        return []
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for made in tried.result.objects:
        path = folder / f"{tried.file.name}.{made.name}.{made.extension}"
        path.write_bytes(made.data)
        written.append(path)
    if draw and tried.preview and not tried.result.objects:
        path = folder / f"{tried.file.name}.try.png"
        from albumen.cli.try_drawing import draw_findings

        draw_findings(tried.preview, f"{step.name} {step.version}", tried.result.rows).save(path, compress_level=1)
        written.append(path)
    return written
