"""The steps there are: one line each here, plus those other packages bring by the entry point `albumen.steps`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from albumen.pipeline.contract import PassName, Step
from albumen.settings import Settings

BUILT_IN = (
    "albumen.pipeline.steps.metadata:MetadataStep",
    "albumen.pipeline.steps.renditions:RenditionsStep",
    "albumen.pipeline.steps.large:LargeStep",
    "albumen.pipeline.steps.fullsize:FullsizeStep",
    "albumen.pipeline.steps.sidecar:SidecarStep",
    "albumen.pipeline.steps.video_metadata:VideoMetadataStep",
    "albumen.pipeline.steps.poster:PosterStep",
    "albumen.pipeline.steps.hover:HoverStep",
    "albumen.pipeline.steps.proxy:ProxyStep",
    "albumen.pipeline.steps.video_signature:VideoSignatureStep",
    "albumen.pipeline.steps.faces:FacesStep",
    "albumen.pipeline.steps.scene:SceneStep",
    "albumen.pipeline.steps.picture_kind:PictureKindStep",
    "albumen.pipeline.steps.safety:SafetyStep",
    "albumen.pipeline.steps.text:TextStep",
    "albumen.pipeline.steps.quality:QualityStep",
    "albumen.pipeline.steps.likeness:LikenessStep",
)
ENTRY_POINT = "albumen.steps"


@cache
def steps() -> Mapping[str, type[Step]]:
    """All steps by name, built-in ones first.

    Raises
    ------
    ValueError
        If two steps share a name, one needs a step that does not exist, or one on demand reads the preview.
    """
    found: dict[str, type[Step]] = {}
    references = [*BUILT_IN, *(point.value for point in sorted(entry_points(group=ENTRY_POINT), key=lambda p: p.name))]
    for reference in references:
        module, _, name = reference.partition(":")
        step: type[Step] = getattr(import_module(module), name)
        if step.name in found:
            raise ValueError(f"two steps are called {step.name!r}: {reference} and {reference_of(found[step.name])}")
        found[step.name] = step
    for step in found.values():
        for needed in step.needs:
            if needed not in found:
                raise ValueError(f"step {step.name!r} needs {needed!r}, which does not exist")
        if step.on_demand and step.reads == "preview":
            # New renditions make what reads them due by `following`, which does not know who was asked for.
            raise ValueError(f"step {step.name!r} is on demand, so that it cannot read the preview")
    return found


def reference_of(step: type[Step]) -> str:
    """How a child process imports the step."""
    return f"{step.__module__}:{step.__qualname__}"


def search_path() -> list[str]:
    """The folders that the steps of other packages are installed in; a child process may not know them by itself."""
    folders = {str(point.dist.locate_file("")) for point in entry_points(group=ENTRY_POINT) if point.dist is not None}
    return sorted(folders)


def of_pass(pass_name: PassName) -> list[type[Step]]:
    """The steps that share one read of the same input."""
    return [step for step in steps().values() if step.reads == pass_name]


def for_everyone(pass_name: PassName) -> list[type[Step]]:
    """The steps of a pass that are due unasked."""
    return [step for step in of_pass(pass_name) if not step.on_demand]


def applies(step: type[Step], *, kind: str, consents: Collection[str]) -> bool:
    """Whether a step is work for this kind of media in a library with these consents."""
    return kind in step.kinds and (step.consent is None or step.consent in consents)


def shows(kind: str) -> str | None:
    """The step that makes the preview of this kind of media; None where nothing does."""
    return next((step.name for step in steps().values() if step.makes_preview and kind in step.kinds), None)


def following(*, kind: str, consents: Collection[str], preview_inputs: str, settings: Settings) -> dict[str, str]:
    """The steps that follow once the preview is made with that inputs key, each with its own."""
    return {
        step.name: step.inputs_key(settings, preview_inputs, consents)
        for step in of_pass("preview")
        if applies(step, kind=kind, consents=consents)
    }
