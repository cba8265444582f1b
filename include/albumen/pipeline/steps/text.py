"""Text: what can be read in a photo, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult, each_picture
from albumen.settings import Settings

if TYPE_CHECKING:
    from albumen.vision.text import Line

DETECTOR = "ppocr-v6-small-detector"
RECOGNISER = "ppocr-v6-small-recogniser"


class TextStep(Step):
    """Reads the text of a photo; a cheap look first passes over those without any.

    Raises
    ------
    albumen.vision.weights.WeightsError
        On construction, when weights are missing or altered: a fault of the installation, not of an item.
    """

    name = "text"
    version = 1
    reads = "preview"
    needs = ("renditions",)
    writes = ("texts",)
    models = (DETECTOR, RECOGNISER)
    expected_seconds = 0.3

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import cv2

        from albumen.vision.network import OnnxNetwork
        from albumen.vision.text import TextReader
        from albumen.vision.weights import path_of

        chosen = settings.models
        cv2.setNumThreads(chosen.threads)
        detector, recogniser = (
            OnnxNetwork(path_of(name, Path(chosen.directory)), threads=chosen.threads, providers=chosen.providers)
            for name in self.models
        )
        self._reader = TextReader(detector, recogniser, recogniser.metadata["character"].split("\n"))

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item; no text is a result, too."""
        return each_picture(batch, lambda pictures: [self._reader.read(picture) for picture in pictures], self._result)

    def _result(self, lines: Sequence[Line]) -> StepResult:
        boxes = [
            {"text": line.text, "score": line.score, "box": [line.x, line.y, line.width, line.height]} for line in lines
        ]
        text = "\n".join(line.text for line in lines)
        return StepResult(rows={"texts": [{"text": text, "lines": boxes, "model_id": RECOGNISER}]})
