"""Safety: how likely a photo is not for every eye, so that it stays out of memories."""

from __future__ import annotations

from collections.abc import Sequence

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult, each_picture
from albumen.settings import Settings

MODEL = "open-nsfw"


class SafetyStep(Step):
    """Scores a photo from 0 (safe) to 1, a video by its worst frame.

    Raises
    ------
    albumen.vision.weights.WeightsError
        On construction, when weights are missing or altered: a fault of the installation, not of an item.
    """

    name = "safety"
    version = 1
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    writes = ("safety",)
    models = (MODEL,)
    batch_size = 8
    expected_seconds = 0.04

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import cv2

        from albumen.vision import networks
        from albumen.vision.safety import SafetyModel

        cv2.setNumThreads(settings.models.threads)
        self._model = SafetyModel(networks.load(MODEL, settings.models))

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item."""
        return each_picture(batch, self._model.predict, self._result)

    def _result(self, found: Sequence[tuple[float | None, float]]) -> StepResult:
        score = max(score for _, score in found)
        return StepResult(rows={"safety": [{"score": score, "model_id": MODEL}]})
