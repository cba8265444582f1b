"""Text: what can be read in a photo, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult, each_picture
from albumen.settings import Settings

if TYPE_CHECKING:
    from albumen.vision.text import Line

DETECTOR = "ppocr-v6-small-detector"
RECOGNISER = "ppocr-v6-small-recogniser"


class TextStep(Step):
    """Reads the text of a photo, or of a video's frames; a cheap look first passes over those without any.

    Raises
    ------
    albumen.vision.weights.WeightsError
        On construction, when weights are missing or altered: a fault of the installation, not of an item.
    """

    name = "text"
    version = 1
    reads = "preview"
    kinds = frozenset({"photo", "video"})
    writes = ("texts",)
    models = (DETECTOR, RECOGNISER)
    expected_seconds = 0.3

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import cv2

        from albumen.vision import networks
        from albumen.vision.text import TextReader

        cv2.setNumThreads(settings.models.threads)
        detector, recogniser = (networks.load(name, settings.models) for name in self.models)
        self._reader = TextReader(detector, recogniser, recogniser.metadata["character"].split("\n"))

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """One row an item; no text is a result, too."""
        return each_picture(batch, lambda pictures: [self._reader.read(picture) for picture in pictures], self._result)

    def _result(self, found: Sequence[tuple[float | None, Sequence[Line]]]) -> StepResult:
        """Of a video, what other frames say that an earlier one has not said."""
        boxes: list[dict[str, Any]] = []
        for seconds, lines in found:
            known = {box["text"] for box in boxes}
            boxes += [_box(line, seconds) for line in lines if seconds is None or line.text not in known]
        text = "\n".join(box["text"] for box in boxes)
        return StepResult(rows={"texts": [{"text": text, "lines": boxes, "model_id": RECOGNISER}]})


def _box(line: Line, seconds: float | None) -> dict[str, Any]:
    frame = {} if seconds is None else {"frame_s": seconds}
    return {"text": line.text, "score": line.score, "box": [line.x, line.y, line.width, line.height], **frame}
