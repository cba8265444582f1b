"""Likeness: a perceptual hash, and the coarse structure by which copies and near-duplicates are found."""

from __future__ import annotations

from collections.abc import Sequence

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class LikenessStep(Step):
    """Tells how a picture looks."""

    name = "likeness"
    version = 2
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    writes = ("likenesses",)
    batch_size = 8
    expected_seconds = 0.005

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import cv2

        from albumen.organise import structure
        from albumen.vision.likeness import perceptual_hash

        cv2.setNumThreads(settings.models.threads)
        self._hash = perceptual_hash
        self._structure = structure

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item."""
        return [self._likeness(media) for media in batch]

    def _likeness(self, media: MediaInput) -> Outcome:
        try:
            picture = media.picture
        except ItemFault as fault:
            return fault
        small = self._structure.miniature(picture)
        vector = self._structure.structure(small).tolist()
        row = {"phash": self._hash(picture), "miniature": small, "structure": vector}
        return StepResult(rows={"likenesses": [row]})
