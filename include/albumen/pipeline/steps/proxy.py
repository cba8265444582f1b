"""Step `proxy`: a video as every browser plays it, where its library wants one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from albumen.pipeline.contract import MediaInput, Outcome, PassName, Step, StepSkip
from albumen.pipeline.steps.encoding import encoded
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import Settings

FIXED_SECONDS = 60.0
"""Of every encode, for what does not grow with it."""
_FULL_HD_PIXELS_A_SECOND = 1920 * 1080 * 30.0


class ProxyStep(Step):
    """Encodes by the library's policy; a video that lacks a part is told as such."""

    name: ClassVar[str] = "proxy"
    version: ClassVar[int] = 1
    reads: ClassVar[PassName] = "video"
    kinds: ClassVar[frozenset[str]] = frozenset({"video"})
    expected_seconds: ClassVar[float] = 10.0

    @classmethod
    def relevant_settings(cls, settings: Settings) -> Mapping[str, Any]:
        """Size, quality and sound, and what the policy `bitrate` goes by."""
        return {name: value for name, value in settings.video if name.startswith("proxy_")}

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        """Encode every video of the batch that needs it."""
        return [self._encode(media) for media in batch]

    def _encode(self, media: MediaInput) -> Outcome:
        from albumen.media.video.encode import Encoding, look
        from albumen.media.video.need import needs_proxy

        knobs = self.settings.video
        try:
            streams, duration, missing = look(Path(media.path), media.mime)
            if missing:
                raise ItemFault(Reason.UNREADABLE, f"the file is cut off: it lacks {missing} bytes")
            why = needs_proxy(
                streams,
                media.mime,
                media.context["proxy"],
                bit_rate=knobs.proxy_bit_rate,
                short_side=knobs.proxy_short_side,
            )
            if not why:
                return StepSkip(Reason.NOT_NEEDED, f"the library's policy is {media.context['proxy']!r}")
            work = streams.width * streams.height * (streams.fps or 30) * duration / _FULL_HD_PIXELS_A_SECOND
            limit = FIXED_SECONDS + knobs.encode_factor * max(duration, work)
            encoding = Encoding(knobs.proxy_short_side, knobs.proxy_crf, knobs.proxy_preset, knobs.proxy_audio_bits)
            return encoded(self.name, media, encoding, knobs, seconds=limit)
        except ItemFault as fault:
            return fault
