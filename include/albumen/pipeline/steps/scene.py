"""Scene: what a photo shows, in words and as points that alike photos and fitting sentences are near to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.steps import scene_eye
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings

if TYPE_CHECKING:
    from albumen.vision.scene import Scene, Seen


class SceneStep(Step):
    """Labels a photo, or a video by its poster and a few frames, and embeds it.

    Raises
    ------
    albumen.vision.weights.WeightsError
        On construction, when weights are missing or altered: a fault of the installation, not of an item.
    """

    name = "scene"
    version = 1
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    writes = ("scenes", "embeddings")
    batch_size = 8
    expected_seconds = 0.03

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        from albumen.vision import label_vectors
        from albumen.vision.scene import SceneModel, together

        chosen = settings.models
        vectors = label_vectors.load(chosen.sentences, Path(chosen.directory))
        self._together = together
        self._model = SceneModel(scene_eye.load(chosen), vectors)

    @classmethod
    def models_of(cls, settings: Settings) -> tuple[str, ...]:
        """The model that looks, and the one whose space sentences are in."""
        return settings.models.scene, settings.models.sentences

    @classmethod
    def check_models(cls, settings: Settings) -> None:
        """Also the labels' vectors, which are made of weights when those are fetched."""
        from albumen.vision import label_vectors

        super().check_models(settings)
        label_vectors.load(settings.models.sentences, Path(settings.models.directory))

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row of labels and two points an item; no label is a result, too."""
        looked = scene_eye.look(batch, self.settings.models)
        return [
            seen if isinstance(seen, ItemFault) else self._result(self._described(media, seen))
            for media, seen in zip(batch, looked, strict=True)
        ]

    def _described(self, media: MediaInput, seen: Seen) -> Scene:
        scene = self._model.describe(seen)
        others = self._model.predict([picture for _, picture in media.frames])
        return self._together([scene, *others]) if others else scene

    def _result(self, scene: Scene) -> StepResult:
        chosen = self.settings.models
        labels: Mapping[str, Any] = {
            "model_id": chosen.scene,
            "labels": [label.name for label in scene.labels],
            "scores": [label.score for label in scene.labels],
        }
        points = [
            {"model_id": chosen.scene, "vector": scene.vector.tolist()},
            {"model_id": chosen.text_space, "vector": scene.text_vector.tolist()},
        ]
        return StepResult(rows={"scenes": [labels], "embeddings": points})
