"""Step `large`: a photo for a large screen, on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult, StoredObject
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class LargeStep(Step):
    """Makes a photo for a large screen."""

    name: ClassVar[str] = "large"
    version: ClassVar[int] = 1
    reads: ClassVar[PassName] = "original"
    needs: ClassVar[tuple[str, ...]] = ("renditions",)
    on_demand: ClassVar[bool] = True
    expected_seconds: ClassVar[float] = 0.3

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Its size and quality."""
        return settings.renditions.model_dump(include={"large_long_side", "large_quality"})

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Render every photo of the batch; one that cannot be read costs only itself."""
        return [self._render(media) for media in batch]

    def _render(self, media: MediaInput) -> Outcome:
        from albumen.media.single_rendition import long_side, render_one

        knobs = self.settings.renditions
        try:
            picture = render_one(
                media.data,
                media.mime,
                size=long_side(knobs.large_long_side),
                quality=knobs.large_quality,
                subsampling="420",
                limits=self.settings.limits,
            )
        except ItemFault as fault:
            return fault
        made = StoredObject(self.name, "jpg", picture.mime, picture.width, picture.height, picture.data)
        return StepResult(objects=[made])
