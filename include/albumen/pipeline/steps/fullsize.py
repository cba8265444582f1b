"""Step `fullsize`: a photo with every pixel it has, as a JPEG without metadata, on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult, StoredObject
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class FullsizeStep(Step):
    """Makes a photo with every pixel it has, in a format that every viewer shows."""

    name: ClassVar[str] = "fullsize"
    version: ClassVar[int] = 1
    reads: ClassVar[PassName] = "original"
    needs: ClassVar[tuple[str, ...]] = ("renditions",)
    on_demand: ClassVar[bool] = True
    expected_seconds: ClassVar[float] = 0.8

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Its quality."""
        return settings.renditions.model_dump(include={"fullsize_quality"})

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Render every photo of the batch; one that cannot be read costs only itself."""
        return [self._render(media) for media in batch]

    def _render(self, media: MediaInput) -> Outcome:
        from albumen.media.single_rendition import FULL_SIZE, render_one

        try:
            picture = render_one(
                media.data,
                media.mime,
                size=FULL_SIZE,
                quality=self.settings.renditions.fullsize_quality,
                subsampling="444",
                limits=self.settings.limits,
            )
        except ItemFault as fault:
            return fault
        made = StoredObject(self.name, "jpg", picture.mime, picture.width, picture.height, picture.data)
        return StepResult(objects=[made])
