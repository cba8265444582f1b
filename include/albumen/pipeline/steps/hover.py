"""Step `hover`: a few silent seconds of a video, for a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step
from albumen.pipeline.steps.encoding import encoded
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import Settings

_CRF = 28


class HoverStep(Step):
    """Encodes a few seconds from a third of the way on, or the first ones where there is nothing."""

    name: ClassVar[str] = "hover"
    version: ClassVar[int] = 1
    reads: ClassVar[PassName] = "video"
    kinds: ClassVar[frozenset[str]] = frozenset({"video"})
    expected_seconds: ClassVar[float] = 1.5

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Size and length."""
        return settings.video.model_dump(include={"hover_short_side", "hover_seconds", "proxy_preset"})

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Encode a part of every video of the batch."""
        return [self._encode(media) for media in batch]

    def _encode(self, media: MediaInput) -> Outcome:
        from albumen.media.video.encode import Encoding, look

        knobs = self.settings.video
        try:
            _, duration, _ = look(Path(media.path), media.mime)
            start = max(0.0, min(duration / 3, duration - knobs.hover_seconds))
            encoding = Encoding(knobs.hover_short_side, _CRF, knobs.proxy_preset, 0, start, knobs.hover_seconds)
            try:
                return encoded(self.name, media, encoding, knobs, seconds=knobs.step_seconds)
            except ItemFault as fault:
                if not start or fault.reason is not Reason.UNREADABLE:
                    raise
            # Where the file is cut off, or has a single frame, there is nothing a third of the way on.
            return encoded(self.name, media, replace(encoding, start=0.0), knobs, seconds=knobs.step_seconds)
        except ItemFault as fault:
            return fault
