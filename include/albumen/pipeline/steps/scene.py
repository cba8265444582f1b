"""Scene: what a photo shows, in words and as points that alike photos and fitting sentences are near to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class SceneStep(Step):
    """Labels a photo and embeds it.

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
        import cv2

        from albumen.vision import label_vectors
        from albumen.vision.network import OnnxNetwork
        from albumen.vision.scene import SceneModel
        from albumen.vision.weights import path_of

        chosen = settings.models
        cv2.setNumThreads(chosen.threads)
        directory = Path(chosen.directory)
        network = OnnxNetwork(path_of(chosen.scene, directory), threads=chosen.threads, providers=chosen.providers)
        self._model = SceneModel(network, label_vectors.load(chosen.sentences, directory))

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
        pictures, faults = {}, {}
        for number, media in enumerate(batch):
            try:
                pictures[number] = media.picture
            except ItemFault as fault:
                faults[number] = fault
        found = dict(zip(pictures, self._model.predict(list(pictures.values())), strict=True))
        return [faults[number] if number in faults else self._result(found[number]) for number in range(len(batch))]

    def _result(self, scene: Any) -> StepResult:
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
