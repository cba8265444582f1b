"""Faces: where they are and a vector for each, for libraries whose owner has consented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.steps import face_eye
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings

if TYPE_CHECKING:
    from albumen.vision.faces import Face

RECOGNISER = "sface-2021dec"
SAME_PERSON = 0.4
"""Cosine from which two faces of one video are one person: SFace's own threshold is 0.363."""


class FacesStep(Step):
    """Finds faces and embeds each; in a video each person once, in the poster or in their best frame.

    Raises
    ------
    albumen.vision.weights.WeightsError
        On construction, when weights are missing or altered: a fault of the installation, not of an item.
    """

    name = "faces"
    version = 3
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    consent = face_eye.CONSENT
    writes = ("faces",)
    models = (face_eye.DETECTOR, RECOGNISER)
    batch_size = 8
    expected_seconds = 0.1

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        from albumen.vision import networks
        from albumen.vision.faces import FaceFinder
        from albumen.vision.weights import path_of

        chosen = settings.models
        recogniser = path_of(RECOGNISER, Path(chosen.directory))
        self._finder = FaceFinder(face_eye.load(chosen), recogniser, served=networks.served(RECOGNISER, chosen))

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """The least score, and the size at which faces are looked for."""
        return face_eye.relevant_settings(settings)

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row a face; none is a result too."""
        return [self._faces(media) for media in batch]

    def _faces(self, media: MediaInput) -> Outcome:
        seen: list[tuple[float | None, Face]] = []
        try:
            located = face_eye.located(media, self.settings.models)
            seen += [(None, face) for face in self._finder.describe(media.picture, located)]
            seen += [(seconds, face) for seconds, frame in media.frames for face in self._finder.find(frame)]
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
                **({} if seconds is None else {"frame_s": seconds}),
            }
            for number, (seconds, face) in enumerate(each_once(seen) if media.frames else seen)
        ]
        return StepResult(rows={"faces": rows})


def each_once(seen: Sequence[tuple[float | None, Face]]) -> list[tuple[float | None, Face]]:
    """Of the faces of a video's frames, each person's once: who is on the poster there, others where they are sharpest.

    That nobody is twice in a picture is how people are told apart; in a video they are.

    Parameters
    ----------
    seen : sequence of (float or None, Face)
        With the time of the frame, None of the poster.
    """
    ordered = sorted(seen, key=lambda each: (each[0] is not None, -each[1].score * each[1].sharpness))
    kept: list[tuple[float | None, Face]] = []
    for seconds, face in ordered:
        others = (other for at, other in kept if at != seconds)
        if not any(float(face.embedding @ other.embedding) >= SAME_PERSON for other in others):
            kept.append((seconds, face))
    return kept
