"""Quality: how good a picture is to look at, and if not, why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.steps import face_eye
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings

if TYPE_CHECKING:
    from albumen.vision.quality import Box


class QualityStep(Step):
    """Measures sharpness, exposure, contrast, noise and resolution; where faces may be looked at, theirs as well."""

    name = "quality"
    version = 3
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    heeds = frozenset({face_eye.CONSENT})
    writes = ("quality",)
    batch_size = 8
    expected_seconds = 0.02

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import cv2

        from albumen.vision.quality import assess

        cv2.setNumThreads(settings.models.threads)
        self._assess = assess

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Those of looking for faces, and what looks."""
        return {**face_eye.relevant_settings(settings), "detector": face_eye.DETECTOR}

    @classmethod
    def check_models(cls, settings: Settings, consents: Collection[str] = ()) -> None:
        """Faces are looked for only by consent; without, nothing is loaded."""
        from albumen.vision.weights import path_of

        super().check_models(settings, consents)
        if face_eye.CONSENT in consents:
            path_of(face_eye.DETECTOR, Path(settings.models.directory))

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item."""
        return [self._quality(media) for media in batch]

    def _quality(self, media: MediaInput) -> Outcome:
        try:
            found = self._assess(media.picture, self._faces(media))
        except ItemFault as fault:
            return fault
        row: dict[str, Any] = {
            "score": found.score,
            "sharpness": found.sharpness,
            "exposure": found.exposure,
            "contrast": found.contrast,
            "noise": found.noise,
            "resolution": found.resolution,
            "reasons": list(found.reasons),
            **({} if found.faces is None else {"faces": found.faces}),
        }
        return StepResult(rows={"quality": [row]})

    def _faces(self, media: MediaInput) -> list[Box]:
        """Where faces are, of a library that consents: without, none is looked for."""
        if face_eye.CONSENT not in media.context.get("consents", ()):
            return []
        height, width = media.picture.shape[:2]
        located = face_eye.located(media, self.settings.models)
        return [
            (x / width, y / height, across / width, down / height) for x, y, across, down in located[:, :4].tolist()
        ]
