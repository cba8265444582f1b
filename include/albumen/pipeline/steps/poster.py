"""Step `poster`: the picture that stands for a video, what is made of it, and a few more frames for the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult, StoredObject
from albumen.pipeline.steps.renditions import stored
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import Settings


class PosterStep(Step):
    """Chooses a frame and makes poster, thumb, preview and placeholder of it; of some others one picture, `frames`."""

    name: ClassVar[str] = "poster"
    version: ClassVar[int] = 2
    reads: ClassVar[PassName] = "video"
    kinds: ClassVar[frozenset[str]] = frozenset({"video"})
    makes_preview: ClassVar[bool] = True
    writes: ClassVar[tuple[str, ...]] = ("placeholders",)
    expected_seconds: ClassVar[float] = 1.0

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Sizes and qualities, and how many frames are looked at."""
        sizes = {name: value for name, value in settings.renditions if name.startswith(("thumb_", "preview_"))}
        return {
            **sizes,
            **settings.video.model_dump(include={"poster_candidates", "poster_quality", "frames", "frames_side"}),
        }

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Render every video of the batch; one without a good frame costs only itself."""
        return [self._render(media) for media in batch]

    def _render(self, media: MediaInput) -> Outcome:
        from albumen.media.photo import as_jpeg, render_pixels
        from albumen.media.video.poster import poster
        from albumen.media.video.storyboard import storyboard

        knobs = self.settings
        try:
            shown = poster(
                Path(media.path),
                media.mime,
                most=knobs.video.poster_candidates,
                pixels=knobs.limits.photo_pixels,
                seconds=knobs.video.step_seconds,
                more=knobs.video.frames,
                side=knobs.video.frames_side,
            )
        except ItemFault as fault:
            return fault
        pixels = shown.poster
        rendered = render_pixels(pixels, knobs.renditions)
        picture = as_jpeg(pixels, knobs.video.poster_quality)
        placeholder = {"thumbhash": rendered.thumbhash, "dominant": rendered.dominant, "frames": 1}
        objects: list[StoredObject] = [
            stored("poster", "jpg", picture),
            stored("thumb", "webp", rendered.thumb),
            stored("preview", "jpg", rendered.preview),
        ]
        if shown.frames:
            objects.append(stored("frames", "jpg", storyboard(shown.frames, knobs.video.poster_quality)))
        return StepResult(rows={"placeholders": [placeholder]}, objects=objects)
