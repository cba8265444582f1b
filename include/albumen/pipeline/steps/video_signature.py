"""Step `video_signature`: how the beginning of a video moves, by which copies of it are found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepResult
from albumen.pipeline.taxonomy import ItemFault


class VideoSignatureStep(Step):
    """Looks at eight seconds of a video in tiny pictures; where nothing there can be decoded, it has no signature."""

    name: ClassVar[str] = "video_signature"
    version: ClassVar[int] = 1
    reads: ClassVar[PassName] = "video"
    kinds: ClassVar[frozenset[str]] = frozenset({"video"})
    writes: ClassVar[tuple[str, ...]] = ("video_signatures",)
    expected_seconds: ClassVar[float] = 2.5

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Sign every video of the batch; one that cannot be opened costs only itself."""
        return [self._sign(media) for media in batch]

    def _sign(self, media: MediaInput) -> Outcome:
        from albumen.media.video.signature import signature
        from albumen.organise import footage

        try:
            seen = signature(
                Path(media.path),
                media.mime,
                pixels=self.settings.limits.photo_pixels,
                seconds=footage.SECONDS,
                per_second=footage.PER_SECOND,
                side=footage.SIDE,
            )
        except ItemFault as fault:
            return fault
        frames = seen.tobytes()
        rows = [{"frames": frames, "structure": footage.view(frames).tolist()}] if frames else []
        return StepResult(rows={"video_signatures": rows})
