"""Faces: where they are and a vector for each, for libraries whose owner has consented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings

DETECTOR = "yunet-2023mar"
RECOGNISER = "sface-2021dec"


class FacesStep(Step):
    """Finds faces and embeds each.

    Raises
    ------
    albumen.vision.weights.WeightsError
        On construction, when weights are missing or altered: a fault of the installation, not of an item.
    """

    name = "faces"
    version = 2
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    consent = "faces"
    writes = ("faces",)
    models = (DETECTOR, RECOGNISER)
    batch_size = 8
    expected_seconds = 0.1

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        from albumen.vision.faces import FaceFinder
        from albumen.vision.weights import path_of

        chosen = settings.models
        directory = Path(chosen.directory).expanduser()
        self._finder = FaceFinder(
            path_of(DETECTOR, directory),
            path_of(RECOGNISER, directory),
            score=chosen.face_score,
            max_side=chosen.face_max_side,
            threads=chosen.threads,
        )

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """The least score, and the size at which faces are looked for."""
        return {"face_score": settings.models.face_score, "face_max_side": settings.models.face_max_side}

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row a face; none is a result too."""
        return [self._faces(media) for media in batch]

    def _faces(self, media: MediaInput) -> Outcome:
        try:
            picture = media.picture
        except ItemFault as fault:
            return fault
        rows = [
            {
                "face_no": number,
                "x": face.x,
                "y": face.y,
                "width": face.width,
                "height": face.height,
                "score": face.score,
                "landmarks": list(face.landmarks),
                "sharpness": face.sharpness,
                "roll": face.roll,
                "yaw": face.yaw,
                "pitch": face.pitch,
                "model_id": RECOGNISER,
                "vector": face.embedding.tolist(),
            }
            for number, face in enumerate(self._finder.find(picture))
        ]
        return StepResult(rows={"faces": rows})
