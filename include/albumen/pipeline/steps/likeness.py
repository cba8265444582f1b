"""Likeness: a perceptual hash, by which near-duplicates are found."""

from __future__ import annotations

from collections.abc import Sequence

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class LikenessStep(Step):
    """Hashes how a picture looks."""

    name = "likeness"
    version = 1
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    writes = ("likenesses",)
    batch_size = 8
    expected_seconds = 0.005

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import cv2

        from albumen.vision.likeness import perceptual_hash

        cv2.setNumThreads(settings.models.threads)
        self._hash = perceptual_hash

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item."""
        return [self._likeness(media) for media in batch]

    def _likeness(self, media: MediaInput) -> Outcome:
        try:
            phash = self._hash(media.picture)
        except ItemFault as fault:
            return fault
        return StepResult(rows={"likenesses": [{"phash": phash}]})
