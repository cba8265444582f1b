"""Scene: what a photo shows, in words and as points that alike photos and fitting sentences are near to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.steps import scene_eye
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings

if TYPE_CHECKING:
    from albumen.vision.image_text import PictureTower
    from albumen.vision.objects import Object
    from albumen.vision.scene import Scene, Seen


class SceneStep(Step):
    """Labels a photo, or a video by its poster and a few frames, and embeds it.

    Where settings name them, a model of pictures and sentences embeds it as well, and one of objects adds names.

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
        from albumen.vision import label_vectors, opt_in
        from albumen.vision.objects import surest
        from albumen.vision.scene import SceneModel, together

        chosen = settings.models
        vectors = label_vectors.load(chosen.sentences, Path(chosen.directory))
        self._together, self._surest = together, surest
        self._tower, self._finder = opt_in.picture_tower(chosen), opt_in.object_finder(chosen)
        self._model = SceneModel(scene_eye.load(chosen), vectors)

    @classmethod
    def models_of(cls, settings: Settings) -> tuple[str, ...]:
        """The model that looks, the one whose space sentences are in, and those that were asked for besides."""
        chosen = settings.models
        return tuple(filter(None, (chosen.scene, chosen.sentences, chosen.image_text, chosen.objects)))

    @classmethod
    def check_models(cls, settings: Settings, consents: Collection[str] = ()) -> None:
        """Also the labels' vectors, which are made of weights when those are fetched."""
        from albumen.vision import label_vectors, opt_in

        super().check_models(settings, consents)
        opt_in.check(settings.models)
        label_vectors.load(settings.models.sentences, Path(settings.models.directory))

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row of labels and two points or three an item; no label is a result, too."""
        looked = scene_eye.look(batch, self.settings.models)
        return [
            seen if isinstance(seen, ItemFault) else self._result(media, seen)
            for media, seen in zip(batch, looked, strict=True)
        ]

    def _result(self, media: MediaInput, seen: Seen) -> StepResult:
        chosen = self.settings.models
        scene = self._described(media, seen)
        scores = {label.name: label.score for label in scene.labels}
        objects = self._objects(media)
        for name, score in self._surest(objects).items():
            scores[name] = max(score, scores.get(name, 0.0))
        ordered = sorted(scores, key=lambda name: -scores[name])
        labels: dict[str, Any] = {
            "model_id": chosen.scene,
            "labels": ordered,
            "scores": [scores[name] for name in ordered],
        }
        if chosen.objects:
            labels["objects"] = [
                {
                    "name": one.name,
                    "score": one.score,
                    "box": [one.x, one.y, one.width, one.height],
                    "model_id": chosen.objects,
                }
                for one in objects
            ]
        points = [
            {"model_id": chosen.scene, "vector": scene.vector.tolist()},
            {"model_id": chosen.text_space, "vector": scene.text_vector.tolist()},
        ]
        if self._tower:
            points.append({"model_id": chosen.image_text, "vector": _middle(self._tower, media)})
        return StepResult(rows={"scenes": [labels], "embeddings": points})

    def _described(self, media: MediaInput, seen: Seen) -> Scene:
        scene = self._model.describe(seen)
        others = self._model.predict([picture for _, picture in media.frames])
        return self._together([scene, *others]) if others else scene

    def _objects(self, media: MediaInput) -> list[Object]:
        """Of the picture; a video's frames are not searched, so that its boxes are those of its poster."""
        return self._finder.find(media.picture) if self._finder else []


def _middle(tower: PictureTower, media: MediaInput) -> list[float]:
    """The middle of the points of all pictures, at length one."""
    middle = tower.predict([picture for _, picture in media.pictures]).mean(axis=0)
    found: list[float] = (middle / max(float((middle @ middle) ** 0.5), 1e-12)).tolist()
    return found
