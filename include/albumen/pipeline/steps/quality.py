"""Quality: how good a picture is to look at, and if not, why not."""

from __future__ import annotations

from collections.abc import Sequence

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class QualityStep(Step):
    """Measures sharpness, exposure, contrast, noise and resolution."""

    name = "quality"
    version = 2
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    writes = ("quality",)
    batch_size = 8
    expected_seconds = 0.02

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import cv2

        from albumen.vision.quality import assess

        cv2.setNumThreads(settings.models.threads)
        self._assess = assess

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item."""
        return [self._quality(media) for media in batch]

    def _quality(self, media: MediaInput) -> Outcome:
        try:
            found = self._assess(media.picture)
        except ItemFault as fault:
            return fault
        row = {
            "score": found.score,
            "sharpness": found.sharpness,
            "exposure": found.exposure,
            "contrast": found.contrast,
            "noise": found.noise,
            "resolution": found.resolution,
            "reasons": list(found.reasons),
        }
        return StepResult(rows={"quality": [row]})
