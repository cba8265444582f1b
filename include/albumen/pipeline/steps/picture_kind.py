"""Picture kind: photo, screenshot, document, receipt, graphic or scan; only photos belong into memories."""

from __future__ import annotations

from collections.abc import Sequence

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.steps import scene_eye
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class PictureKindStep(Step):
    """Tells what a picture is from its pixels, its name and its camera.

    Raises
    ------
    albumen.vision.weights.WeightsError
        On construction, when weights are missing or altered: a fault of the installation, not of an item.
    """

    name = "picture_kind"
    version = 1
    reads = "preview"
    needs = ("renditions", "metadata")
    writes = ("picture_kinds",)
    batch_size = 8
    expected_seconds = 0.02

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        from albumen.vision.picture_kind import Clues, picture_kind

        scene_eye.load(settings.models)
        self._clues, self._picture_kind = Clues, picture_kind

    @classmethod
    def models_of(cls, settings: Settings) -> tuple[str, ...]:
        """The model of `scene`, whose classes tell print from life."""
        return (settings.models.scene,)

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item."""
        outcomes: list[Outcome] = []
        for media, seen in zip(batch, scene_eye.look(batch, self.settings.models), strict=True):
            if isinstance(seen, ItemFault):
                outcomes.append(seen)
                continue
            clues = self._clues(media.context.get("file_name", ""), media.context.get("camera", ""))
            found = self._picture_kind(media.picture, seen.probabilities, clues)
            outcomes.append(StepResult(rows={"picture_kinds": [{"kind": found.kind, "score": found.score}]}))
        return outcomes
