"""Step `renditions`: thumb, preview and placeholder of a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult, StoredObject
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings

if TYPE_CHECKING:
    from albumen.media.photo import EncodedPicture


class RenditionsStep(Step):
    """Makes what people see of a photo."""

    name: ClassVar[str] = "renditions"
    version: ClassVar[int] = 2
    reads: ClassVar[PassName] = "original"
    makes_preview: ClassVar[bool] = True
    writes: ClassVar[tuple[str, ...]] = ("placeholders",)

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Sizes and qualities."""
        return {name: value for name, value in settings.renditions if name.startswith(("thumb_", "preview_"))}

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Render every photo of the batch; one that cannot be read costs only itself."""
        return [self._render(item) for item in batch]

    def _render(self, item: MediaInput) -> Outcome:
        from albumen.media.photo import render

        try:
            rendered = render(item.data, item.mime, renditions=self.settings.renditions, limits=self.settings.limits)
        except ItemFault as fault:
            return fault
        placeholder = {"thumbhash": rendered.thumbhash, "dominant": rendered.dominant, "frames": rendered.frames}
        return StepResult(
            rows={"placeholders": [placeholder]},
            objects=[stored("thumb", "webp", rendered.thumb), stored("preview", "jpg", rendered.preview)],
        )


def stored(name: str, extension: str, picture: EncodedPicture) -> StoredObject:
    """A rendition as an object to store."""
    return StoredObject(name, extension, picture.mime, picture.width, picture.height, picture.data)
