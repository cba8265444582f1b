"""Step `renditions`: thumb, preview and placeholder of a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from albumen.media.photo import EncodedPicture, render
from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult, StoredObject
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class RenditionsStep(Step):
    """Makes what people see of a photo."""

    name: ClassVar[str] = "renditions"
    version: ClassVar[int] = 1
    reads: ClassVar[PassName] = "original"
    writes: ClassVar[tuple[str, ...]] = ("placeholders",)

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Sizes and qualities."""
        return settings.renditions.model_dump()

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Render every photo of the batch; one that cannot be read costs only itself."""
        return [self._render(item) for item in batch]

    def _render(self, item: MediaInput) -> Outcome:
        try:
            rendered = render(item.data, item.mime, renditions=self.settings.renditions, limits=self.settings.limits)
        except ItemFault as fault:
            return fault
        placeholder = {"thumbhash": rendered.thumbhash, "dominant": rendered.dominant, "frames": rendered.frames}
        return StepResult(
            rows={"placeholders": [placeholder]},
            objects=[_stored("thumb", "webp", rendered.thumb), _stored("preview", "jpg", rendered.preview)],
        )


def _stored(name: str, extension: str, picture: EncodedPicture) -> StoredObject:
    return StoredObject(name, extension, picture.mime, picture.width, picture.height, picture.data)
